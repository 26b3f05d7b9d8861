"""A copy of a store, running or not, is a store that holds everything acknowledged before the copy."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from edgewise.store import StoreDirectoryError, StoreMissingError
from edgewise.store.backup import copy
from edgewise.store.engine import Limits
from edgewise.store.home import hold_for_writing, prepare
from edgewise.store.tokens import create
from store.engines import NOW, engine_at, numbers, parquet, put, record
from support.command import edgewise

BUSY = Limits(segment_bytes=2_000, seal_after=0.05, quiet=0.0)


def test_copies_of_a_store_at_work_lose_and_double_nothing(tmp_path: Path, eventually: Any) -> None:
    live = tmp_path / "live"
    hold_for_writing(prepare(live)).release()
    journal = live / "journal"
    stop = threading.Event()
    acknowledged = 0
    failures: list[BaseException] = []

    def work(engine: Any) -> None:
        nonlocal acknowledged
        try:
            while not stop.is_set():
                put(engine, *(record(acknowledged + number, pad="x" * 50) for number in range(5)))
                acknowledged += 5
                # No faster than they are sealed: what waits to be is sealed at the end, one by one.
                while len([*journal.iterdir()]) > 4 and not stop.is_set():
                    stop.wait(0.01)
        except BaseException as error:
            failures.append(error)

    with engine_at(live, limits=BUSY) as engine:
        worker = threading.Thread(target=work, args=(engine,))
        worker.start()
        counts: list[int] = []
        try:
            for number in range(4):
                # Something was acknowledged since the last copy, and before the first: a store without
                # a record has no stream to ask for.
                eventually(lambda: failures or acknowledged > max(counts, default=0))
                before = acknowledged
                copy(live, tmp_path / f"copy{number}")
                counts.append(before)
        finally:
            stop.set()
            worker.join()
        assert not failures
        assert len(parquet(live)) >= 1
    for number, count in enumerate(counts):
        told: list[str] = []
        with engine_at(tmp_path / f"copy{number}", tell=told.append) as copied:
            found = numbers(copied)
        assert found == list(range(len(found)))
        assert len(found) >= count
        assert [message for message in told if "never finished" not in message] == []


def test_who_copies_with_other_tools_holds_the_lock(tmp_path: Path, eventually: Any) -> None:
    """`flock DIR/tidy.lock cp -a DIR COPY`: nothing is sealed, put together or removed meanwhile."""
    live, made = tmp_path / "live", tmp_path / "made"
    with engine_at(live, limits=BUSY) as engine:
        put(engine, record(0))
        descriptor = os.open(live / "tidy.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = parquet(live)
        for number in range(1, 60):
            put(engine, record(number, pad="x" * 50))
        assert parquet(live) == before
        assert numbers(engine) == list(range(60))
        shutil.copytree(live, made)
        os.close(descriptor)
        eventually(lambda: len(parquet(live)) > len(before))
    with engine_at(made) as engine:
        assert numbers(engine) == list(range(60))


def test_the_lock_does_not_keep_a_store_from_ending(tmp_path: Path) -> None:
    descriptor = -1
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        descriptor = os.open(tmp_path / "tidy.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)
    assert parquet(tmp_path) == []
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [1]


def test_a_copy_opens_with_the_same_password_and_tokens(tmp_path: Path, serve: Any) -> None:
    with serve(tmp_path / "live") as server:
        create(prepare(tmp_path / "live"), "hose", "ingest")
        server.post("mine", [{"_timestamp": NOW, "n": 1}])
        result = edgewise("store", "backup", str(tmp_path / "copy"), "--store", str(tmp_path / "live"))
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("copied ")
        with serve(tmp_path / "copy") as copied:
            assert copied.authorization == server.authorization
            assert copied.rows("SELECT n FROM mine") == [{"n": 1}]
        assert (tmp_path / "copy" / "tokens.json").is_file()
        again = edgewise("store", "backup", str(tmp_path / "copy"), "--store", str(tmp_path / "live"))
        assert again.returncode == 1 and again.stderr.startswith("error[store.directory]")


def test_what_cannot_be_copied_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        copy(tmp_path / "nowhere", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    hold_for_writing(prepare(tmp_path / "live")).release()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreDirectoryError):
        copy(tmp_path / "live", tmp_path / "file")
    with pytest.raises(StoreDirectoryError):
        copy(tmp_path / "live", tmp_path / "file" / "below")


def test_a_copy_is_not_made_into_the_store_or_where_none_can_be(tmp_path: Path) -> None:
    live = tmp_path / "live"
    hold_for_writing(prepare(live)).release()
    for inside in (live / "copy", live / "data" / "copy"):
        with pytest.raises(StoreDirectoryError, match="inside the store"):
            copy(live, inside)
        assert not inside.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreDirectoryError, match="the copy cannot be made there") as caught:
        copy(live, tmp_path / "file" / "copy")
    assert caught.value.file == str(tmp_path / "file" / "copy")
