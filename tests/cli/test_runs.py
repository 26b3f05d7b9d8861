"""How commands find the running site, and what a killed run leaves behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.cli import runs
from edgewise.cli.errors import RunError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.chdir(tmp_path)


def announced(site: str, *, url: str = "http://127.0.0.1:1", pid: int | None = None) -> runs.Run:
    run = runs.Run(str(Path(site).resolve() / ".edgewise"), url, pid or os.getpid())
    runs.announce(run)
    return run


def test_the_only_run_is_meant_and_its_store(tmp_path: Path) -> None:
    assert runs.find() is None and runs.store_place(None) == ".edgewise/store"
    run = announced("elsewhere")
    assert runs.find() == run and runs.store_place(None) == run.store


def test_of_several_the_one_of_this_folder_is_meant(tmp_path: Path) -> None:
    announced("elsewhere")
    here = announced(".", pid=os.getppid())
    assert runs.find() == here


def test_several_elsewhere_are_one_message(tmp_path: Path) -> None:
    announced("one")
    announced("two", pid=os.getppid())
    with pytest.raises(RunError, match="several sites are running"):
        runs.find()


def test_a_killed_run_is_forgotten(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    announced("gone", pid=ended.pid)
    assert runs.find() is None
    assert list(runs.folder().iterdir()) == []


def test_a_number_that_was_given_away_again_does_not_block_a_folder(tmp_path: Path) -> None:
    announced(".", pid=os.getppid())
    assert runs.running_in(Path(".edgewise")) is None, "nothing answers at its address"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        run = announced(".", url=f"http://127.0.0.1:{listener.getsockname()[1]}", pid=os.getppid())
        assert runs.running_in(Path(".edgewise")) == run


def test_a_sites_folder_stands_for_its_store(tmp_path: Path) -> None:
    (tmp_path / "site" / ".edgewise" / "store").mkdir(parents=True)
    assert runs.store_place("site") == "site/.edgewise/store"
    assert runs.store_place("site/.edgewise/store") == "site/.edgewise/store"
    assert runs.store_place("http://u:p@127.0.0.1:5080") == "http://u:p@127.0.0.1:5080"
