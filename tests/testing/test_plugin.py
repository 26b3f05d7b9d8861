"""The plugin is loaded by every run of pytest: it must not make those wait that do not use it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from edgewise.site import create_site


def test_pytest_starts_without_the_rest_of_the_package() -> None:
    (found,) = (each for each in entry_points(group="pytest11") if each.name == "edgewise")
    code = (
        "import importlib, sys; "
        f"importlib.import_module({found.value!r}); "
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'edgewise'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == f"['edgewise', {found.value!r}]"


FAILING = """
import pytest
from edgewise.testing import FakeOrigin, Reply, run_site


@pytest.fixture(scope="module")
def site():
    with FakeOrigin(lambda request: Reply("no JSON")) as origin, run_site("notes", origins={"app": origin}) as site:
        yield site


def test_header():
    Reply(headers={"X": "\\u20ac"})


def test_folder(edgewise_site):
    edgewise_site("nowhere")


def test_place(edgewise_site):
    edgewise_site("notes")


def test_path(site):
    site.get("list")


def test_cookies(site):
    site.visitor(country="Japan")


def test_invalidation(site):
    site.invalidate("list")


def test_body(site):
    site.get("/").json()


def test_records(site):
    site.get("/").records.one(trigger="none")
"""


def test_a_failure_of_ours_shows_the_line_of_the_test_alone(tmp_path: Path) -> None:
    create_site(tmp_path / "notes")
    (tmp_path / "test_it.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert "8 failed" in ran.stdout, ran.stdout
    places = re.findall(r"^(\S+?\.py):\d+:", ran.stdout, re.MULTILINE)
    assert places == ["test_it.py"] * 8, ran.stdout
