"""The functions' folder: what is in it, and that it follows its sources and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgewise.edge.errors import SettingsError
from edgewise.edge.settings import Settings as EdgeSettings
from edgewise.site import Bundle, BundleError, Site, SiteError, bundle_settings, load_site
from edgewise.site.lean import lean
from edgewise.site.settings import has_secrets

EDGE = Path(__file__).parents[2] / "src/edgewise/edge"
OTHER_DELIVERIES = ("openobserve", "firehose", "step_functions", "eventbridge")  # than standard output
STORE = {"delivery": "openobserve", "url": "http://127.0.0.1:5080", "user": "edge", "password": "secret"}


@pytest.fixture
def site(site_folder: Path) -> Site:
    return load_site(site_folder)


@pytest.fixture
def bundle(site: Site, tmp_path: Path) -> Bundle:
    """A bundle that was built once."""
    bundle = Bundle(site, tmp_path / "build" / "built", bundle_settings(site))
    assert bundle.refresh()
    return bundle


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def step(site_folder: Path) -> Path:
    return site_folder / "edge" / "steps.py"


def test_it_holds_the_users_files_the_runtime_and_the_settings(bundle: Bundle, site: Site) -> None:
    files = contents(bundle.target)
    runtime = {f"edgewise/edge/{path.relative_to(EDGE)}" for path in EDGE.rglob("*.py")}
    others = {f"edgewise/edge/delivery/{name}.py" for name in OTHER_DELIVERIES}
    parts = tuple(f"edgewise/edge/{name}" for name in ("rollout/", "statistics/", "rewrite.py"))
    others |= {name for name in runtime if name.startswith(parts)}
    assert others < runtime
    assert files.keys() == {"steps.py", "edgewise_settings.json", "edgewise/__init__.py", *(runtime - others)}
    assert files["edgewise/__init__.py"] == b""
    assert json.loads(files["edgewise_settings.json"]) == bundle_settings(site)
    assert bundle.handler == "steps.handler"


def test_the_runtime_ships_without_comments_and_the_users_files_as_they_are(
    bundle: Bundle, site_folder: Path
) -> None:
    step(site_folder).write_text('"""Mine."""\nhandler = None  # mine too\n')
    assert bundle.refresh()
    assert (bundle.target / "steps.py").read_bytes() == step(site_folder).read_bytes()
    shipped = (bundle.target / "edgewise/edge/app.py").read_bytes()
    source = (EDGE / "app.py").read_bytes()
    assert shipped == lean(source)
    assert shipped.count(b"\n") == source.count(b"\n") and len(shipped) < len(source)


def test_it_runs_without_the_package_that_made_it(bundle: Bundle, site_folder: Path) -> None:
    step(site_folder).write_text("from edgewise.edge import Edge\nhandler = Edge()\n")
    bundle.refresh()
    program = "import sys; sys.path[:0] = [sys.argv[1]]; import steps; print(steps.handler)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, bundle.target],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Edge" in done.stdout, done.stderr


def test_a_site_without_steps_gets_a_handler(site: Site, tmp_path: Path) -> None:
    bundle = Bundle(replace(site, functions=None), tmp_path / "built", bundle_settings(site))
    bundle.refresh()
    assert bundle.handler == "edgewise_handler.handler"
    assert b"handler = Edge()" in contents(bundle.target)["edgewise_handler.py"]


def test_nothing_changes_while_the_sources_do_not(bundle: Bundle) -> None:
    before = {path: path.stat().st_ino for path in bundle.target.rglob("*")}
    assert not bundle.refresh()
    assert {path: path.stat().st_ino for path in bundle.target.rglob("*")} == before


def test_a_changed_file_replaces_its_copy_and_no_other(bundle: Bundle, site_folder: Path) -> None:
    (site_folder / "edge" / "other.py").write_text("")
    bundle.refresh()
    first, kept = bundle.code_hash, (bundle.target / "other.py").stat().st_ino
    step(site_folder).write_text("handler = 1\n")
    assert bundle.refresh()
    assert (bundle.target / "steps.py").read_text() == "handler = 1\n"
    assert (bundle.target / "other.py").stat().st_ino == kept
    assert bundle.code_hash != first


def test_a_touched_file_is_no_change(bundle: Bundle, site_folder: Path) -> None:
    os.utime(step(site_folder), (1, 1))
    assert not bundle.refresh()


def test_compiled_python_of_the_code_before_goes_with_it(bundle: Bundle, site_folder: Path) -> None:
    compiled = bundle.target / "__pycache__" / "steps.cpython-311.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"old")
    step(site_folder).write_text("handler = True\n")
    bundle.refresh()
    assert not compiled.exists()


def test_a_deleted_file_goes_and_its_empty_folder_too(bundle: Bundle, site_folder: Path) -> None:
    part = site_folder / "edge" / "parts" / "one.py"
    part.parent.mkdir()
    part.write_text("")
    assert bundle.refresh()
    assert (bundle.target / "parts" / "one.py").is_file()
    part.unlink()
    assert bundle.refresh()
    assert not (bundle.target / "parts").exists()


def test_a_file_may_become_a_folder_and_back(bundle: Bundle, site_folder: Path) -> None:
    thing = site_folder / "edge" / "thing"
    thing.write_text("file")
    bundle.refresh()
    thing.unlink()
    thing.mkdir()
    (thing / "inner.py").write_text("")
    assert bundle.refresh()
    assert (bundle.target / "thing" / "inner.py").is_file()
    (thing / "inner.py").unlink()
    thing.rmdir()
    thing.write_text("file")
    assert bundle.refresh()
    assert (bundle.target / "thing").read_text() == "file"


def test_the_same_sources_give_the_same_bytes_anywhere(bundle: Bundle, site: Site, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "edgewise_settings.json").write_text("left over by a crash")
    again = Bundle(site, tmp_path / "again", bundle_settings(site))
    again.refresh()
    assert contents(again.target) == contents(bundle.target)
    assert again.code_hash == bundle.code_hash


def test_hidden_and_compiled_files_stay_out_and_links_are_followed(bundle: Bundle, site_folder: Path) -> None:
    source = site_folder / "edge"
    (source / ".secret").write_text("")
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "steps.pyc").write_text("")
    (site_folder / "shared").mkdir()
    (site_folder / "shared" / "tool.py").write_text("tool = 1\n")
    (source / "shared").symlink_to(site_folder / "shared")
    bundle.refresh()
    own = {name for name in contents(bundle.target) if not name.startswith("edgewise")}
    assert own == {"steps.py", "shared/tool.py"}


@pytest.mark.parametrize(
    "name",
    ["edgewise.py", "edgewise/mine.py", "Edgewise.so", "edgewise/edge/app.py", "edgewise_settings.json"],
)
def test_a_file_that_would_hide_the_runtime_is_refused(bundle: Bundle, site_folder: Path, name: str) -> None:
    file = site_folder / "edge" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    before = contents(bundle.target)
    with pytest.raises(BundleError, match="would hide") as caught:
        bundle.refresh()
    assert name.split("/")[0] in str(caught.value)
    assert contents(bundle.target) == before


def test_a_handler_that_vanished_leaves_the_folder_as_it_was(bundle: Bundle, site_folder: Path) -> None:
    before = contents(bundle.target)
    step(site_folder).rename(site_folder / "elsewhere.py")
    with pytest.raises(BundleError, match=r"steps\.py"):
        bundle.refresh()
    assert contents(bundle.target) == before
    (site_folder / "elsewhere.py").rename(step(site_folder))
    assert not bundle.refresh()


def test_a_source_that_cannot_be_read_is_named(bundle: Bundle, site_folder: Path) -> None:
    loop = site_folder / "edge" / "loop"
    loop.symlink_to(site_folder / "edge")
    with pytest.raises(BundleError, match="leads back"):
        bundle.refresh()
    loop.unlink()
    os.mkfifo(loop)
    with pytest.raises(BundleError, match="neither a file nor a folder"):
        bundle.refresh()
    loop.unlink()
    (site_folder / "edge").rename(site_folder / "gone")
    with pytest.raises(BundleError, match="cannot read"):
        bundle.refresh()


def test_a_folder_among_the_sources_is_refused(site: Site) -> None:
    with pytest.raises(BundleError, match="contain each other"):
        Bundle(site, site.directory / "edge" / "build", bundle_settings(site))


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bundle = Bundle(site, tmp_path / "file" / "built", bundle_settings(site))
    with pytest.raises(BundleError, match="cannot write"):
        bundle.refresh()


def test_a_write_that_failed_is_finished_by_the_next_call(bundle: Bundle, site_folder: Path) -> None:
    built, kept = contents(bundle.target), site_folder / "kept.py"
    step(site_folder).rename(kept)
    step(site_folder).write_text("handler = 1\n")
    aside = bundle.target.parent.rename(bundle.target.parent.with_name("aside"))
    bundle.target.parent.write_text("")
    with pytest.raises(BundleError, match="cannot write"):
        bundle.refresh()
    bundle.target.parent.unlink()
    aside.rename(bundle.target.parent)
    kept.replace(step(site_folder))
    assert bundle.refresh()
    assert contents(bundle.target) == built


def test_settings_of_the_local_run_go_in_and_their_secret_is_kept(site: Site, tmp_path: Path) -> None:
    settings = bundle_settings(site, log=STORE)
    bundle = Bundle(site, tmp_path / "built", settings)
    bundle.refresh()
    file = bundle.target / "edgewise_settings.json"
    assert json.loads(file.read_text())["log"] == STORE
    assert file.stat().st_mode & 0o777 == 0o600
    assert (bundle.target / "steps.py").stat().st_mode & 0o777 == 0o644


def test_the_hash_of_the_settings_says_nothing_about_the_secret(site: Site) -> None:
    one, other = (bundle_settings(site, log={**STORE, "password": word})["hash"] for word in ("a", "b"))
    assert one == other
    assert len(one) == 12
    assert bundle_settings(site)["hash"] != one


TOKEN = 'token = { from = "ssm", name = "/demo/token" }'


@pytest.mark.parametrize(
    ("given", "missing"),
    [("", "url"), ('url = "https://logs.example.com"', "token"), (TOKEN, "url")],
)
def test_a_delivery_that_needs_a_secret_is_refused_for_aws_without_its_name(
    edit: Callable[[str, str], Path], given: str, missing: str
) -> None:
    site = load_site(edit("[log]", f'[log]\ndelivery = "openobserve"\n{given}'))
    with pytest.raises(SiteError, match="`edgewise up` only") as caught:
        bundle_settings(site)
    assert caught.value.key == f"log.{missing}"
    assert "stdout" in str(caught.value)
    assert bundle_settings(site, log=STORE)["log"] == STORE


def test_a_token_is_named_and_not_contained(edit: Callable[[str, str], Path]) -> None:
    site = load_site(
        edit("[log]", f'[log]\ndelivery = "openobserve"\nurl = "https://logs.example.com"\n{TOKEN}')
    )
    settings = bundle_settings(site)
    assert settings["log"] == {
        "delivery": "openobserve",
        "url": "https://logs.example.com",
        "region": "us-east-1",
        "token": {"from": "ssm", "name": "/demo/token"},
    }
    assert not has_secrets(settings)


LOGS = {
    "stdout": "",
    "openobserve": f'url = "https://logs.example.com"\norganization = "o"\nstream = "s"\nuser = "u"\n{TOKEN}',
    "firehose": 'stream_name = "records"\nbudget_ms = 20\nwait = true',
    "step-functions": 'state_machine_arn = "arn:aws:states:eu-west-2:111122223333:stateMachine:r"\n'
    'execution_per = "record"',
    "eventbridge": 'bus = "records"\nregion = "eu-west-2"',
}
MASKED = """
client_address = "hash"
query = ["page"]
headers = ["DNT", "X-App-Version"]
visitor = true
key = { from = "secrets-manager", name = "demo/key" }
sample = 0.5
"""


@pytest.mark.parametrize("masked", ["", MASKED], ids=["plain", "masked"])
@pytest.mark.parametrize("delivery", LOGS)
def test_the_edge_takes_what_is_baked_in_for_it(
    edit: Callable[[str, str], Path], delivery: str, masked: str
) -> None:
    site = load_site(edit("[log]", f'[log]\ndelivery = "{delivery}"\n{LOGS[delivery]}{masked}'))
    for baked in (bundle_settings(site), bundle_settings(site, log=STORE)):
        log = EdgeSettings(baked).log
        assert log is not None
        given = {**baked["log"], "privacy": {"key": None, **baked["log"].get("privacy", {})}}
        if masked:
            given["privacy"]["headers"] = ["dnt", "x-app-version"]
        else:
            del given["privacy"]
        assert given.items() <= log.items()
    assert ("sample" in bundle_settings(site)["log"]) is bool(masked)


def test_what_is_masked_on_aws_is_masked_on_this_machine(edit: Callable[[str, str], Path]) -> None:
    site = load_site(edit("[log]", f"[log]{MASKED}"))
    here, aws = bundle_settings(site, log=STORE)["log"], bundle_settings(site)["log"]
    assert aws["privacy"].pop("key") == {"from": "secrets-manager", "name": "demo/key"}
    assert here == {
        **STORE,
        "privacy": aws["privacy"],
    }  # every request is recorded, and no secret is asked for


def test_the_header_of_persistence_is_baked_in(edit: Callable[[str, str], Path]) -> None:
    site = load_site(edit("[log]", "[persistence]"))
    assert site.triggers == ("viewer-request", "origin-request")
    assert EdgeSettings(bundle_settings(site)).persistence_header == "X-Environment-Born"


@pytest.mark.parametrize(
    "name", ["Cookie", "X-Author", "authors", "Authorization", "x-ip", "X-Trip", "Referer", "x_a", "dnt"]
)
def test_the_site_file_and_the_edge_refuse_the_same_headers(
    edit: Callable[[str, str], Path], name: str
) -> None:
    folder = edit("[log]", f'[log]\nheaders = ["{name}"]')
    try:
        load_site(folder)
    except SiteError as error:
        assert error.key == "log.headers[0]"
        with pytest.raises(SettingsError):
            EdgeSettings({"log": {"delivery": "stdout", "privacy": {"headers": [name]}}})
    else:
        assert EdgeSettings(bundle_settings(load_site(folder))).log


def test_a_site_that_does_not_log_gets_no_log_settings(edit: Callable[[str, str], Path]) -> None:
    site = load_site(edit("[log]", ""))
    assert bundle_settings(site).keys() == bundle_settings(site, log=STORE).keys() == {"site", "hash"}
