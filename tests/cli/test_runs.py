"""How commands find the running site, and what a killed run leaves behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.cli import runs
from edgewise.cli.errors import RunError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.chdir(tmp_path)


NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def url() -> Iterator[str]:
    """An address at which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


other_url = url


def announced(site: str, url: str, *, pid: int | None = None, control: str = "") -> runs.Run:
    run = runs.Run(str(Path(site).resolve() / ".edgewise"), url, pid or os.getpid(), control)
    runs.announce(run)
    return run


def test_the_only_run_is_meant_and_its_store(url: str) -> None:
    assert runs.find() is None and runs.store_place(None) == ".edgewise/store"
    run = announced("elsewhere", url)
    assert runs.find() == run and runs.store_place(None) == run.store


def test_of_several_the_one_of_this_folder_is_meant(url: str, other_url: str) -> None:
    announced("elsewhere", url)
    here = announced(".", other_url, pid=os.getppid())
    assert runs.find() == here


def test_several_elsewhere_are_one_message(url: str, other_url: str) -> None:
    announced("one", url)
    announced("two", other_url, pid=os.getppid())
    with pytest.raises(RunError, match="several sites are running"):
        runs.find()


def test_a_killed_run_is_forgotten(url: str) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    announced("gone", url, pid=ended.pid)
    assert runs.find() is None
    assert list(runs.folder().iterdir()) == []


def test_a_run_that_does_not_answer_is_none(url: str) -> None:
    announced(".", NOWHERE, pid=os.getppid())
    assert runs.running_in(Path(".edgewise")) is None and runs.find() is None
    run = announced(".", NOWHERE, pid=os.getppid(), control=url)
    assert runs.running_in(Path(".edgewise")) == run == runs.find(), "viewers may come to another address"
    run = announced(".", url, pid=os.getppid())
    assert runs.running_in(Path(".edgewise")) == run == runs.find()
    announced(".", url)
    (runs.folder() / f"{os.getppid()}.json").unlink()
    assert runs.running_in(Path(".edgewise")) is None, "it asks itself"


def test_a_dead_run_does_not_stand_beside_the_one_that_has_its_address_now(url: str) -> None:
    """Its number was given to a process that lives, which is this one's parent here."""
    announced("dead", url, pid=os.getppid(), control=url)
    os.utime(runs.folder() / f"{os.getppid()}.json", (1, 1))
    run = announced("elsewhere", url, control=url)
    assert runs.find() == run


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc says when a process began")
def test_a_process_that_began_at_another_time_is_another(url: str, other_url: str) -> None:
    announced("dead", other_url, pid=os.getppid())
    file = runs.folder() / f"{os.getppid()}.json"
    told = json.loads(file.read_text())
    assert int(told["began"]) > 0
    file.write_text(json.dumps(told | {"began": "1"}))
    run = announced("elsewhere", url)
    assert runs.find() == run and not file.exists()


@pytest.mark.parametrize("text", ["", "[]", "7", '"x"', "{}", '{"state": "", "url": "", "pid": "x"}'])
def test_a_file_that_is_none_of_ours_is_removed(text: str) -> None:
    runs.folder().mkdir(parents=True)
    (runs.folder() / "1.json").write_text(text)
    assert runs.find() is None and list(runs.folder().iterdir()) == []


def test_a_run_whose_number_is_none(url: str) -> None:
    run = runs.Run("/x", url, 10**40)
    runs.announce(run)
    assert runs.find() is None


def test_a_sites_folder_stands_for_its_store(tmp_path: Path) -> None:
    (tmp_path / "site" / ".edgewise" / "store").mkdir(parents=True)
    assert runs.store_place("site") == "site/.edgewise/store"
    assert runs.store_place("site/.edgewise/store") == "site/.edgewise/store"
    assert runs.store_place("http://u:p@127.0.0.1:5080") == "http://u:p@127.0.0.1:5080"
