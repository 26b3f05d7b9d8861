"""`make test`: what fails beside others has a second try, alone. With a test that fails then or never ran it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from project.tree import ROOT

AGAIN = "\nonce more, alone:\n"
FINE = "def test_fine():\n    pass\n"
FAILS = "def test_fails():\n    assert False\n"
BESIDE_OTHERS = "import os\nHERE = os.environ.get('PYTEST_XDIST_WORKER')\n"
DIES_TOO_OFTEN = "".join(
    f"def test_{number}():\n    assert not HERE or os._exit(1)\n" for number in range(12)
)
FAILS_BESIDE_OTHERS = f"{BESIDE_OTHERS}def test_shy():\n    assert not HERE\n"


def make_test(folder: Path, **modules: str) -> subprocess.CompletedProcess[str]:
    """In a tree that has these tests; all other tools find it in order. There was a run before, and its one failure."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests/conftest.py", folder / "tests")
    for module, content in {"before": FINE, **modules}.items():
        (folder / f"tests/test_{module}.py").write_text(content)
    tools = folder / "bin"
    tools.mkdir()
    for name in ("ruff", "lint-imports", "mypy"):
        (tools / name).symlink_to(shutil.which("true") or "")
    (tools / "pytest").write_text(f'#!/bin/sh\nexec {sys.executable} -m pytest -c pytest.ini "$@"\n')
    (tools / "pytest").chmod(0o755)
    for name in ("pytest.ini", "requirements.txt", "pyproject.toml", "ready"):
        (folder / name).write_text("[pytest]\n" if name == "pytest.ini" else "")
    known = folder / ".pytest_cache/v/cache/lastfailed"
    known.parent.mkdir(parents=True)
    known.write_text('{"tests/test_before.py::test_fine": true}')
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MAKE"))}
    return subprocess.run(
        ["make", "-f", ROOT / "Makefile", "test", f"BIN={tools}", "READY=ready"],
        cwd=folder,
        env=outside | {"PYTEST_XDIST_AUTO_NUM_WORKERS": "2", "PYTEST_ADDOPTS": "--max-worker-restart=1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_fails_beside_others_is_named_and_may_pass_alone(tmp_path: Path) -> None:
    done = make_test(tmp_path, shy=FAILS_BESIDE_OTHERS)
    assert done.returncode == 0, done.stdout + done.stderr
    alone = done.stdout.partition(AGAIN)[2]
    assert "test_shy.py::test_shy PASSED" in alone
    assert "test_before" not in alone


def test_what_fails_alone_has_failed(tmp_path: Path) -> None:
    done = make_test(tmp_path, shy=FAILS_BESIDE_OTHERS, never=FAILS)
    assert done.returncode != 0
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize(
    "module",
    [
        f"{BESIDE_OTHERS}if HERE != 'gw1':\n    def test_a():\n        assert False\n",
        f"{BESIDE_OTHERS}{DIES_TOO_OFTEN}",
    ],
    ids=["processes-do-not-agree-what-there-is", "process-after-process-dies"],
)
def test_a_run_that_was_not_whole_has_no_second_try(tmp_path: Path, module: str) -> None:
    done = make_test(tmp_path, odd=module, shy=FAILS_BESIDE_OTHERS)
    assert done.returncode != 0
    assert AGAIN not in done.stdout
