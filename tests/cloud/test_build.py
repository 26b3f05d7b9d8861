"""`edgewise build`: the same bytes from anywhere at any time; every Python on PATH that Lambda has can import them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cloud.build import build
from edgewise.cloud.errors import BuildError
from edgewise.cloud.imports import Python, Tried, pythons, try_imports
from edgewise.cloud.zips import COMPRESSED_ABOVE, folder_files, hash_of, zipped
from edgewise.site import load_site
from support.sites import JUDGED, site_of

ROOT = Path(__file__).parents[2]
names = st.text(st.characters(codec="utf-8", exclude_characters="/\0\\"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)


def copied(place: Path) -> Path:
    left_out = shutil.ignore_patterns(".edgewise", "build", "__pycache__")
    return Path(shutil.copytree(ROOT / "examples" / "shop", place / "shop", ignore=left_out))


def edgewise(*words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = os.environ if path is None else {**os.environ, "PATH": path}
    command = [sys.executable, "-m", "edgewise", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_two_folders_at_two_times_make_the_same_bytes(tmp_path: Path) -> None:
    first = copied(tmp_path / "one")
    second = copied(tmp_path / "another-place")
    for number, path in enumerate(sorted(second.rglob("*"), reverse=True)):
        if path.is_file():
            path.chmod(0o755)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    (second / "edge" / "__pycache__").mkdir()
    (second / "edge" / "__pycache__" / "app.cpython-313.pyc").write_bytes(b"compiled")
    made = [build(load_site(one), one / "out").packages[0] for one in (first, second)]
    assert made[0].zip.read_bytes() == made[1].zip.read_bytes()
    assert made[0].hash == made[1].hash


def test_an_edit_makes_other_bytes_and_building_again_does_not(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    before = build(load_site(shop), shop / "out").packages[0]
    kept = before.zip.read_bytes()
    assert build(load_site(shop), shop / "out").packages[0].zip.read_bytes() == kept
    (shop / "edge" / "app.py").write_text((shop / "edge" / "app.py").read_text() + "\n# more\n")
    after = build(load_site(shop), shop / "out").packages[0]
    assert after.hash != before.hash and after.zip.read_bytes() != kept


@given(st.dictionaries(names, st.binary(max_size=200), max_size=6))
def test_a_zip_holds_what_it_was_made_of(files: dict[str, bytes]) -> None:
    content = zipped(files)
    assert content == zipped(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {one: archive.read(one) for one in archive.namelist()} == files
        assert archive.namelist() == sorted(files)
        for one in archive.infolist():
            assert one.date_time == (1980, 1, 1, 0, 0, 0) and one.external_attr >> 16 == 0o100644


@given(
    st.dictionaries(names, st.binary(max_size=9), max_size=4), st.dictionaries(names, st.binary(max_size=9))
)
def test_the_hash_tells_contents_apart(first: dict[str, bytes], second: dict[str, bytes]) -> None:
    assert (hash_of(first) == hash_of(second)) == (first == second)


def test_only_large_packages_are_compressed() -> None:
    small, large = {"a.py": b"x" * 1000}, {"a.py": b"x" * (COMPRESSED_ABOVE + 1)}
    assert len(zipped(small)) > 1000 and len(zipped(large)) < 10_000


def test_a_small_zip_is_the_same_to_the_byte_under_any_zlib() -> None:
    files = {"b/two.py": b"2\n", "a.py": b"1\n"}
    assert hashlib.sha256(zipped(files)).hexdigest() == (
        "5e67622bc7b8870fc6bcb39f2d5b4e9efd395a8df863073db274f522b99ef780"
    )


def test_every_python_here_makes_the_same_bytes() -> None:
    script = (
        "import hashlib, sys\n"
        "from edgewise.cloud.zips import zipped\n"
        "sys.stdout.write(hashlib.sha256(zipped({'b/two.py': b'2', 'a.py': b'1'})).hexdigest())\n"
    )
    wanted = hashlib.sha256(zipped({"a.py": b"1", "b/two.py": b"2"})).hexdigest()
    for python in pythons():
        environ = {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [python.program, "-S", "-c", script]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == wanted, python


def test_the_docs_show_what_the_command_prints(tmp_path: Path) -> None:
    page = (ROOT / "docs/deploy/README.md").read_text(encoding="utf-8")
    shown = page.partition("$ edgewise build examples/shop\n")[2].partition("```")[0]
    said = edgewise("build", str(copied(tmp_path))).stdout
    assert _shape(said.replace(str(tmp_path / "shop"), "examples/shop")) == _shape(shown)


def _shape(text: str) -> list[str]:
    """The lines without what changes with every edit of the runtime, and with the machine."""
    lines = [line for line in text.splitlines() if "warning: the functions' own python3" not in line]
    text = re.sub(r"content [0-9a-f]{12}", "content HASH", "\n".join(lines))
    text = re.sub(r"largest: .*", "largest: FILES", text)
    return re.sub(r"[0-9.]+ KB|[0-9]+ files|python3\.[0-9]+(, python3\.[0-9]+)*", "N", text).splitlines()


def test_what_ships_is_the_runtime_the_steps_and_the_settings(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    package = build(load_site(shop), shop / "out").packages[0]
    own = {name for name in package.sizes if not name.startswith("edgewise/")}
    assert own == {"app.py", "moved.json", "edgewise_settings.json"}
    with zipfile.ZipFile(package.zip) as archive:
        assert json.loads(archive.read("edgewise_settings.json"))["site"] == "shop"
    folder = shop / "out" / package.code
    files = folder_files(folder)
    assert zipped(files) == package.zip.read_bytes() and hash_of(files) == package.hash
    assert package.at_viewer and package.handlers == ("app.handler",)


def test_each_folder_has_its_zip_and_the_judge_imports_too(tmp_path: Path) -> None:
    edge, judge = build(site_of(tmp_path, JUDGED), tmp_path / "out").packages
    assert (edge.code, judge.code) == ("functions/edge", "functions/judge")
    assert edge.at_viewer and not judge.at_viewer
    for package in (edge, judge):
        tried = list(try_imports(package.zip, package.handlers, pythons()))
        assert tried and not any(one.error or one.missing for one in tried), tried


def test_every_python_of_lambdas_on_path_imports_the_shop(tmp_path: Path) -> None:
    package = build(load_site(copied(tmp_path)), tmp_path / "out").packages[0]
    found = pythons()
    assert sys.version_info[1] in {one.minor for one in found}
    tried = list(try_imports(package.zip, package.handlers, found))
    assert tried == [Tried("app.handler", one.runtime) for one in found]


def test_a_name_on_path_that_does_not_start_is_no_python(tmp_path: Path) -> None:
    broken, other = tmp_path / "broken", tmp_path / "other"
    for folder, says in ((broken, "exit 127"), (other, "echo 11")):
        folder.mkdir()
        for minor in (11, 12):
            (folder / f"python3.{minor}").write_text(f"#!/bin/sh\n{says}\n")
            (folder / f"python3.{minor}").chmod(0o755)
    found = {one.minor: one.program for one in pythons(f"{broken}{os.pathsep}{other}{os.pathsep}/nowhere")}
    assert found[11] == str(other / "python3.11") and 12 not in found.keys() - {sys.version_info[1]}


@pytest.fixture
def tried(tmp_path: Path) -> Callable[[str], Tried]:
    """What this Python says to a handler's module."""

    def make(source: str) -> Tried:
        (tmp_path / "one.zip").write_bytes(zipped({"app.py": source.encode()}))
        here = Python(sys.version_info[1], sys.executable)
        return next(try_imports(tmp_path / "one.zip", ("app.handler",), [here]))

    return make


def test_what_cannot_be_imported_is_told_with_its_line(tried: Callable[[str], Tried]) -> None:
    found = tried("print('hello')\nimport nothing_like_it\n")
    assert "ModuleNotFoundError" in found.error and (found.file, found.line) == ("app.py", 2)
    found = tried("def handler(:\n")
    assert "SyntaxError" in found.error and (found.file, found.line) == ("app.py", 1)
    assert "AttributeError" in tried("other = 1\n").error
    assert "ended with 7" in tried("import os\nos._exit(7)\n").error
    assert tried("def handler(event, context): ...\n").error == ""


def test_packages_of_this_machine_are_not_seen_and_lambdas_own_are_told_apart(
    tried: Callable[[str], Tried],
) -> None:
    assert "ModuleNotFoundError" in tried("import typer\nhandler = 1\n").error
    found = tried("import botocore.session\nhandler = 1\n")
    assert (found.error, found.missing) == ("", "botocore")


def test_nothing_of_the_users_is_overwritten(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    mine = tmp_path / "out" / "functions" / "edge.zip"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(BuildError, match="not a zip that `edgewise build` made"):
        build(load_site(shop), tmp_path / "out")
    assert mine.read_bytes() == b"mine"


def test_a_site_without_functions_builds_its_template_alone(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(
        'name = "plain"\n[origins.app]\ndomain = "app.example.com"\n[default]\norigin = "app"\n'
    )
    built = build(load_site(tmp_path), tmp_path / "out")
    assert built.packages == () and built.template.is_file()


def test_the_command_reports_sizes_and_imports(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    done = edgewise("build", str(shop))
    assert done.returncode == 0, done.stderr
    assert f"Wrote {shop}/build/functions/edge.zip" in done.stdout
    assert f"app.handler imports under python3.{sys.version_info[1]}" in done.stdout
    [told] = map(json.loads, edgewise("build", str(shop), "--json").stdout.splitlines())
    assert told["sha256"] == hash_of(folder_files(shop / "build" / "functions" / "edge"))
    assert told["zipped_bytes"] == (shop / "build" / "functions" / "edge.zip").stat().st_size


def test_the_command_fails_where_the_functions_own_python_cannot_import(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    (shop / "edge" / "app.py").write_text("import nothing_like_it\nhandler = 1\n")
    fake = tmp_path / "bin"
    fake.mkdir()
    # This Python in the place of the functions' own, which need not be on this machine.
    script = f'#!/bin/sh\ncase "$*" in *version_info*) echo 13;; *) exec {sys.executable} "$@";; esac\n'
    (fake / "python3.13").write_text(script)
    (fake / "python3.13").chmod(0o755)
    done = edgewise("build", str(shop), path=str(fake))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: python3.13 cannot import app.handler: app.py:1: ModuleNotFoundError" in done.stdout


def test_the_command_says_what_is_too_large(tmp_path: Path) -> None:
    shop = copied(tmp_path)
    (shop / "edge" / "noise.bin").write_bytes(os.urandom(2 * COMPRESSED_ABOVE))
    done = edgewise("build", str(shop))
    assert done.returncode == 0 and "warning: CloudFront refused more than 1 MB" in done.stdout
    assert "largest: noise.bin 2.0 MB" in done.stdout
