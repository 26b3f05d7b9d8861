"""The tea counter running at the edge on this machine, with everything that a rollout needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.conftest import chromium
from support.site import Up, command_of, descendants, eventually, running

__all__ = ["chromium"]

EXAMPLE = Path(__file__).parents[2] / "examples/rollout"


class Tea:
    """The running site; `rollout` types a command about it."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.url: str = up.addresses["url"]
        self.folder = up.folder

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "edgewise", "rollout", *words, "--dir", str(self.folder), "--local"]

    def rollout(self, *words: str) -> str:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def running_tea(folder: Path) -> Iterator[Tea]:
    """A run of its own, of a copy in a new folder."""
    shutil.copytree(
        EXAMPLE, folder, ignore=shutil.ignore_patterns(".edgewise", "__pycache__", "broken", "build")
    )
    with running(str(folder), folder=folder) as up:
        yield Tea(up)


@pytest.fixture(scope="module")
def tea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tea]:
    """One run for the tests of a module, which leave it as they found it, or in a way that the others do not mind."""
    with running_tea(tmp_path_factory.mktemp("site") / "tea") as tea:
        yield tea


def child(up: Up, word: str, folder: Path | None = None) -> int:
    """The process below `up` whose command has that word, and that runs in that folder (Linux), once there is one."""

    def found() -> int | None:
        for pid in descendants(up.process.pid):
            if word in command_of(pid) and folder in (None, Path(f"/proc/{pid}/cwd").resolve()):
                return pid
        return None

    return eventually(found)
