"""The process: how it starts, who may start it twice (nobody), how it ends, and what stays."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from edgewise.store import QueryError, StoreBusyError, StoreMissingError, ensure_credentials, open_reader
from edgewise.store.engine import Limits
from edgewise.store.home import announce, existing, hold_for_writing, prepare, server_address
from edgewise.store.running import WATCH
from store.engines import NOW, engine_at, parquet, put, record


def test_ready_says_where_and_the_files_say_it_too(tmp_path: Path, serve: Any) -> None:
    with serve(tmp_path) as server:
        assert server.ready["event"] == "ready"
        written = json.loads((tmp_path / "server.json").read_bytes())
        assert (written["url"], written["pid"]) == (server.url, server.process.pid)
        assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
        assert server.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_everything_is_sealed(
    tmp_path: Path, start_store: Any, number: int
) -> None:
    server = start_store(tmp_path)
    server.post("mine", [{"_timestamp": NOW, "n": 1}])
    idle = server.connect()
    idle.connect()
    assert server.stop(number) == 0
    assert not (tmp_path / "server.json").exists()
    assert not list((tmp_path / "journal").iterdir())
    assert len(list((tmp_path / "data" / "stream=mine").rglob("*.parquet"))) == 1


def test_the_lifeline_ends_it_with_its_parent(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path, "--lifeline")
    server.post("mine", [{"_timestamp": NOW, "n": 1}])
    server.process.stdin.close()
    assert server.finish() == 0


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path, serve: Any, run_cli: Any) -> None:
    with serve(tmp_path) as server:
        second = run_cli("store", "--dir", str(tmp_path), "--port", "0")
        assert second.returncode == 1
        assert second.stderr.startswith("error[store.busy]")
        assert f"pid {server.process.pid}" in second.stderr and server.url in second.stderr
        assert server.post("mine", [{"n": 1}])["successful"] == 1


def test_a_taken_port_is_an_error_of_one_message(tmp_path: Path, run_cli: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_cli("store", "--dir", str(tmp_path), "--port", str(port))
    assert result.returncode == 1
    assert result.stderr.startswith(f"error[store.address]: port {port} is in use")


def test_a_directory_that_cannot_be_is_an_error_of_one_message(tmp_path: Path, run_cli: Any) -> None:
    (tmp_path / "file").write_text("")
    result = run_cli("store", "--dir", str(tmp_path / "file" / "store"), "--port", "0")
    assert result.returncode == 1
    assert result.stderr.startswith("error[store.directory]")
    assert "Traceback" not in result.stderr


def test_a_reader_with_no_server_reads_the_files_and_keeps_no_lock(tmp_path: Path, serve: Any) -> None:
    with serve(tmp_path) as server:
        server.post("edge", [{"_timestamp": NOW, "record_id": "a", "request_id": "q"}])
        through_server = open_reader(tmp_path)
        assert through_server.query("SELECT count(*) AS n FROM edge").rows == [{"n": 1}]
        by_url = open_reader(
            server.url.replace("//", "//{user}:{password}@").format_map(
                json.loads((tmp_path / "credentials.json").read_bytes())
            )
        )
        assert by_url.query("SELECT count(*) AS n FROM edge").columns == ["n"]
        by_url.close()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    assert (tmp_path / "server.json").exists()
    answer = through_server.query("SELECT count(*) AS n FROM edge")
    through_server.close()
    assert answer.rows == [{"n": 1}]
    hold_for_writing(prepare(tmp_path), patience=0).release()


def test_a_reader_sees_what_others_wrote_since_its_last_query(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    hold_for_writing(home).release()
    reader = open_reader(tmp_path)
    for number in range(3):
        hold = hold_for_writing(home, patience=0)
        with engine_at(tmp_path) as engine:
            put(engine, record(number))
        hold.release()
        for _ in range(2):
            assert reader.query("SELECT n FROM mine ORDER BY n").rows == [{"n": n} for n in range(number + 1)]
    with pytest.raises(QueryError, match="missing"):
        reader.query("SELECT missing FROM mine")
    assert reader.query("SELECT max(n) AS n FROM mine").rows == [{"n": 2}]
    reader.close()
    assert reader.query("SELECT min(n) AS n FROM mine").rows == [{"n": 0}]
    reader.close()
    assert WATCH not in [each.name for each in threading.enumerate()]
    assert [
        path for each in Path("/proc/self/fd").iterdir() if tmp_path in (path := each.resolve()).parents
    ] == []


def test_damage_is_told_once_however_much_is_asked(tmp_path: Path) -> None:
    for number in range(2):
        with engine_at(tmp_path, limits=Limits(quiet=1e9)) as engine:
            put(engine, record(number))
    parquet(tmp_path)[0].write_bytes(b"no Parquet")
    hold_for_writing(prepare(tmp_path)).release()
    told: list[str] = []
    reader = open_reader(tmp_path, tell=told.append)
    assert [reader.query("SELECT n FROM mine").rows for _ in range(3)] == [[{"n": 1}]] * 3
    reader.close()
    assert len(told) == 1 and "set aside" in told[0]


def test_what_a_killed_server_left_is_nobodys_address(tmp_path: Path) -> None:
    """Neither before nor after the next one took the store, which may have the pid of the first."""
    home = prepare(tmp_path)
    hold = hold_for_writing(home)
    announce(home, "http://127.0.0.1:1")
    assert server_address(home) == "http://127.0.0.1:1"
    left = home.server.read_bytes()
    hold.release()
    hold = hold_for_writing(home)
    assert not home.server.exists()
    home.server.write_bytes(left)
    assert json.loads(left)["pid"] == os.getpid()
    assert server_address(home) is None
    hold.release()


def test_a_folder_that_was_never_filled_is_called_that(tmp_path: Path) -> None:
    prepare(tmp_path / "begun")
    with pytest.raises(StoreMissingError, match="holds nothing yet"):
        existing(tmp_path / "begun")
    with pytest.raises(StoreMissingError, match="no store here"):
        existing(tmp_path / "other")


def test_a_second_writer_does_not_wait_for_the_first(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    held = hold_for_writing(home)
    with pytest.raises(StoreBusyError, match=f"pid {os.getpid()}"):
        hold_for_writing(home, patience=0.05)
    held.release()


def test_a_signal_does_not_wait_for_a_query(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    connection = server.connect()
    query = {"sql": "SELECT count(*) FROM range(1e12::BIGINT)", "start_time": 0, "end_time": 1}
    headers = {"Authorization": server.authorization}
    connection.request("POST", "/api/default/_search", json.dumps({"query": query}), headers)
    assert server.rows("SELECT 1 AS one") == [{"one": 1}]
    server.process.send_signal(signal.SIGTERM)
    # Less than the half minute that the query may take by itself.
    assert server.process.wait(25) == 0
    server.finish()
    connection.close()


def test_credentials_are_made_once(tmp_path: Path) -> None:
    assert ensure_credentials(tmp_path / "new") == ensure_credentials(tmp_path / "new")
