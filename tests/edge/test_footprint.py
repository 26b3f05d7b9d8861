"""What an environment pays for importing the runtime: nothing but the runtime's own modules, until a delivery
needs the network. Each question is asked in a fresh interpreter that has no packages and no variables of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

import edgewise.edge
from edgewise.site import Bundle, bundle_settings, create_site, load_site

awslambdaric = pytest.importorskip("awslambdaric", reason="AWS's runtime client has no wheel for this system")

ROLLOUT = {
    "stable": "v1",
    "new": "v2",
    "origins": {name: {"domain": f"{name}.example.com", "protocol": "https-only"} for name in ("v1", "v2")},
    "key": {"from": "ssm", "name": "/shop/rollout-key"},
    "state": {"from": "dynamodb", "table": "shop-release"},
    "sessions": {"table": "shop-sessions", "cookie": "session"},
}
STATISTICS = {
    "path": "firehose",
    "stream_name": "shop-page-views",
    "key": {"from": "ssm", "name": "/shop/visitor-salts/{date}"},
}
OPENOBSERVE = "Edge({'log': {'delivery': 'openobserve', 'url': 'https://logs.example'}})"


def shipped(delivery: str, folder: Path, **settings: Any) -> Path:
    """A function's folder as it ships for a site with that delivery, and what else is in its settings."""
    create_site(folder)
    site = load_site(folder)
    values = bundle_settings(site, log={"delivery": delivery}) | settings
    bundle = Bundle(site, folder / "build", values)
    bundle.refresh()
    return bundle.target


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped("openobserve", tmp_path_factory.mktemp("site"))


def modules_after(code: str, bundle: Path) -> set[str]:
    """The modules that `code` adds to those that AWS's runtime client has loaded."""
    program = (
        "import json, sys\n"
        f"sys.path += [{str(Path(awslambdaric.__file__).parents[1])!r}]\n"
        "import awslambdaric.bootstrap\n"
        "sys.path.pop()\n"
        f"sys.path.insert(0, {str(bundle)!r})\n"
        "before = set(sys.modules)\n"
        f"{code}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    command = [sys.executable, "-S", "-E", "-B", "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def not_ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] != "edgewise"}


def test_the_runtime_loads_nothing_that_the_client_has_not_loaded(bundle: Path) -> None:
    assert not_ours(modules_after("from edgewise.edge import Edge; Edge()", bundle)) == set()


def test_handling_a_request_loads_nothing_either(bundle: Path) -> None:
    event = (Path(__file__).parent / "events" / "viewer-request.json").read_text()
    code = (
        "from edgewise.edge import Edge\n"
        "class Context:\n"
        "    def get_remaining_time_in_millis(self): return 5000\n"
        "lines = []\n"
        f"Edge(write=lines.append)(json.loads({event!r}), Context())\n"
        "assert len(lines) == 1, lines"
    )
    assert not_ours(modules_after(code, bundle)) == set()


def test_the_network_is_loaded_by_the_delivery_that_needs_it_and_is_all_standard_library(
    bundle: Path,
) -> None:
    modules = not_ours(modules_after(f"from edgewise.edge import Edge; {OPENOBSERVE}", bundle))
    assert {"ssl", "socket"} <= modules
    assert_light(modules)


def test_a_rollout_loads_its_own_modules_and_the_network(tmp_path: Path) -> None:
    folder = shipped("stdout", tmp_path / "site", rollout=ROLLOUT)
    modules = modules_after(
        f"from edgewise.edge import Edge; assert Edge({{'rollout': {ROLLOUT!r}}}).rollout", folder
    )
    assert "edgewise.edge.rollout.step" in modules
    assert_light(not_ours(modules))


def test_statistics_load_their_own_modules_and_the_network(tmp_path: Path) -> None:
    folder = shipped("stdout", tmp_path / "site", statistics=STATISTICS)
    assert (folder / "edgewise_agents.json").stat().st_size < 48 * 1024
    event = (Path(__file__).parent / "events" / "viewer-response.json").read_text()
    code = (
        "from edgewise.edge import Edge\n"
        "class Context:\n"
        "    def get_remaining_time_in_millis(self): return 5000\n"
        "lines = []\n"
        f"environ = {{'AWS_REGION': 'eu-west-2', 'LAMBDA_TASK_ROOT': {str(folder)!r}}}\n"
        f"edge = Edge({{'statistics': {STATISTICS!r}}}, write=lines.append, environ=environ)\n"
        "assert lines == [], lines\n"
        f"edge(json.loads({event!r}), Context())"
    )
    modules = modules_after(code, folder)
    assert "edgewise.edge.statistics.step" in modules
    assert_light(not_ours(modules))


def test_the_function_that_never_counts_loads_no_network(bundle: Path, tmp_path: Path) -> None:
    folder = shipped("stdout", tmp_path / "site", statistics=STATISTICS)
    code = (
        "from edgewise.edge import Edge\n"
        f"Edge({{'statistics': {STATISTICS!r}}}, environ={{'AWS_LAMBDA_FUNCTION_NAME': 'us-east-1.shop-origin'}})"
    )
    assert not_ours(modules_after(code, folder)) == set()


def test_a_site_without_statistics_has_nothing_of_them(bundle: Path) -> None:
    assert not (bundle / "edgewise" / "edge" / "statistics").exists()
    assert not (bundle / "edgewise" / "edge" / "rewrite.py").exists()
    assert not list(bundle.glob("edgewise_agents*"))


def assert_light(modules: set[str]) -> None:
    names = {name.partition(".")[0] for name in modules}
    assert names <= sys.stdlib_module_names
    assert not names & {"asyncio", "dataclasses", "concurrent", "http", "multiprocessing", "urllib"}


def test_the_source_is_small_enough_to_read() -> None:
    sources = list(Path(edgewise.edge.__file__).parent.rglob("*.py"))
    assert sum(len(source.read_text().splitlines()) for source in sources) <= 6_300
    assert sum(source.stat().st_size for source in sources) <= 250 * 1024


@pytest.mark.parametrize("delivery", ["stdout", "openobserve", "firehose", "step-functions", "eventbridge"])
def test_what_ships_of_it_is_a_small_zip(delivery: str, tmp_path: Path) -> None:
    assert zipped_size(shipped(delivery, tmp_path / "site"), tmp_path) <= 40 * 1024


def test_with_a_rollout_it_is_a_little_larger(tmp_path: Path) -> None:
    assert zipped_size(shipped("firehose", tmp_path / "site", rollout=ROLLOUT), tmp_path) <= 52 * 1024


def test_with_statistics_it_is_a_little_larger(tmp_path: Path) -> None:
    folder = shipped("stdout", tmp_path / "site", statistics=STATISTICS, rewrite={"behaviors": [["*", True]]})
    assert zipped_size(folder, tmp_path) <= 51 * 1024


def zipped_size(folder: Path, tmp_path: Path) -> int:
    """Of the runtime, zipped as `aws cloudformation package` does it."""
    with ZipFile(tmp_path / "runtime.zip", "w", ZIP_DEFLATED) as runtime:
        for file in sorted((folder / "edgewise").rglob("*.py")):
            runtime.write(file, file.relative_to(folder))
    return (tmp_path / "runtime.zip").stat().st_size
