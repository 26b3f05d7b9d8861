"""Durable exactly once: through retries, restarts, seals, compactions, full disks, and crashes at every step."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from edgewise.store.bodies import Values, json_values
from edgewise.store.compaction import MAX_FILES, compact
from edgewise.store.disk import Disk
from edgewise.store.engine import Engine, Limits
from edgewise.store.errors import BodyError, JournalError
from edgewise.store.home import prepare
from edgewise.store.partitions import find_parts
from edgewise.store.recent import RecentIds
from edgewise.store.streams import MAX_STREAMS
from store.engines import HOUR, NOW, Crash, FaultyDisk, ask, engine_at, numbers, offer, parquet, put, record


def test_repeats_count_once_here_after_a_seal_and_after_a_restart(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        assert put(engine, record(1), record(2), record(1)).successful == 3
        assert put(engine, record(2), record(3)).successful == 2
        assert numbers(engine) == [1, 2, 3]
    assert len(parquet(tmp_path)) == 1
    with engine_at(tmp_path) as engine:
        assert put(engine, record(3), record(4)).successful == 2
        assert numbers(engine) == [1, 2, 3, 4]


def test_records_without_an_id_are_all_kept(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, {"_timestamp": NOW, "n": 1}, {"_timestamp": NOW, "n": 1})
        assert numbers(engine) == [1, 1]


def test_the_same_id_in_two_streams_is_two_records(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        put(engine, record(1), stream="other")
        assert ask(engine, "SELECT count(*) AS n FROM other") == [{"n": 1}]


def test_files_lie_by_the_hour_of_their_records_however_late(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1), record(2, _timestamp=NOW - 30 * HOUR), record(3, _timestamp=-1), record(4))
    folders = [path.parent.relative_to(tmp_path / "data").as_posix() for path in parquet(tmp_path)]
    assert folders == [
        "stream=mine/date=1969-12-31/hour=23",
        "stream=mine/date=2026-11-19/hour=19",
        "stream=mine/date=2026-11-21/hour=01",
    ]
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [1, 2, 3, 4]


def test_small_files_are_put_together_and_late_repeats_fall_away(tmp_path: Path, eventually: Any) -> None:
    limits = Limits(segment_bytes=1, quiet=1e9, recent_ids=2)
    with engine_at(tmp_path, limits=limits) as engine:
        for number in range(MAX_FILES):
            put(engine, record(number), record(0, extra=number / 2))
    with engine_at(tmp_path, limits=limits) as engine:
        eventually(lambda: len(parquet(tmp_path)) == 1)
        assert numbers(engine) == list(range(MAX_FILES))


def test_a_column_that_widened_is_read_across_all_files(tmp_path: Path) -> None:
    for value in (1, 2.5, 3):
        with engine_at(tmp_path) as engine:
            put(engine, {"_timestamp": NOW, "x": value})
    with engine_at(tmp_path) as engine:
        put(engine, {"_timestamp": NOW, "x": "4"}, {"_timestamp": NOW, "x": "four"})
        assert ask(engine, "SELECT sum(x) AS x, count(_conflicts) AS c FROM mine") == [{"x": 10.5, "c": 1}]


@pytest.mark.parametrize("operation", ["write", "sync", "create"])
def test_a_full_disk_refuses_stores_nothing_and_recovers(tmp_path: Path, operation: str) -> None:
    disk = FaultyDisk()
    with engine_at(tmp_path, disk=disk) as engine:
        if operation != "create":
            put(engine, record(1))
        full = OSError(errno.ENOSPC, "No space left on device")
        disk.fail = lambda name: full if name == operation else None
        accepted = offer(engine, record(2, fresh="column"))
        with pytest.raises(JournalError, match="No space left"):
            accepted.durable.result(60)
        repeat = offer(engine, record(2, fresh="column"))
        with pytest.raises(JournalError):
            repeat.durable.result(60)
        disk.fail = lambda name: None
        put(engine, record(2, fresh="column"))
        put(engine, record(2, fresh="column"))
        expected = [2] if operation == "create" else [1, 2]
        assert numbers(engine) == expected
        copy = tmp_path.with_name(tmp_path.name + "-after-a-crash")
        shutil.copytree(tmp_path, copy)
    with engine_at(copy) as engine:
        assert numbers(engine) == expected
        assert ask(engine, "SELECT fresh FROM mine WHERE fresh IS NOT NULL") == [{"fresh": "column"}]


def test_an_answer_waits_for_the_disk(tmp_path: Path, eventually: Any) -> None:
    synced: list[int] = []
    disk = FaultyDisk()
    with engine_at(tmp_path, disk=disk) as engine:
        accepted = offer(engine, record(1))
        accepted.durable.add_done_callback(lambda _: synced.append(disk.log.count("sync")))
        accepted.durable.result(60)
        eventually(lambda: synced)
        assert synced[0] >= 1
        before = disk.log.count("write")
        put(engine, record(1))
        assert disk.log.count("write") == before


def test_a_crash_at_any_step_of_a_seal_loses_and_doubles_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with engine_at(source, limits=Limits(seal_after=1e9)) as engine:
        for number in range(3):
            put(engine, record(number), record(100 + number, _timestamp=NOW + HOUR))
        shutil.copytree(source, tmp_path / "unsealed")
    for step in range(200):
        directory = tmp_path / f"crash{step}"
        shutil.copytree(tmp_path / "unsealed", directory)
        done = 0

        def fail(operation: str, step: int = step) -> OSError | None:
            nonlocal done
            done += 1
            return Crash("gone") if done > step else None

        engine = Engine(prepare(directory), disk=FaultyDisk(fail), limits=Limits(seal_after=0.0))
        engine.close()
        with engine_at(directory) as engine:
            assert numbers(engine) == [0, 1, 2, 100, 101, 102], f"after {step} steps"
        shutil.rmtree(directory)
        if done <= step:
            return
    raise AssertionError("the seal never got through")


def test_a_crash_after_a_compaction_leaves_old_and_new_files_but_no_record_twice(tmp_path: Path) -> None:
    for number in range(4):
        with engine_at(tmp_path) as engine:
            put(engine, record(number), {"_timestamp": NOW, "n": -1})
    home = prepare(tmp_path)
    compact(find_parts(home.data)[:3], home.data, home.spill, Disk())
    assert len(parquet(tmp_path)) == 5
    with engine_at(tmp_path, read_only=True) as engine:
        assert numbers(engine) == [-1, -1, -1, -1, 0, 1, 2, 3]
    with engine_at(tmp_path) as engine:
        assert len(parquet(tmp_path)) == 2
        assert numbers(engine) == [-1, -1, -1, -1, 0, 1, 2, 3]


def test_a_compaction_counts_an_id_once(tmp_path: Path) -> None:
    for number in range(3):
        with engine_at(tmp_path, limits=Limits(recent_ids=0)) as engine:
            put(engine, record(1), record(10 + number), record(11 + number))
    home = prepare(tmp_path)
    compact(find_parts(home.data), home.data, home.spill, Disk())
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [1, 10, 11, 12, 13]


def test_a_directory_copied_in_the_middle_of_anything_is_whole(tmp_path: Path) -> None:
    """What a crash leaves is any state the directory ever had; a copy of each is opened and asked."""
    directory = tmp_path / "live"
    copies: list[tuple[Path, int]] = []

    class Watching(FaultyDisk):
        def rename(self, source: Path, target: Path) -> None:
            super().rename(source, target)
            copies.append((tmp_path / f"copy{len(copies)}", acknowledged))
            shutil.copytree(directory, copies[-1][0], dirs_exist_ok=True)

    acknowledged = 0
    with engine_at(directory, disk=Watching(), limits=Limits(segment_bytes=1, seal_after=1e9)) as engine:
        for number in range(9):
            put(engine, record(number))
            acknowledged = number + 1
    assert len(copies) > 9
    for copy, count in copies[:: max(1, len(copies) // 6)]:
        with engine_at(copy) as engine:
            found = numbers(engine)
            assert found == list(range(len(found)))
            assert len(found) >= count


def test_who_gives_up_waiting_stops_nobody_else(tmp_path: Path) -> None:
    first, written = threading.Event(), threading.Event()

    def held(operation: str) -> None:
        if operation == "sync":
            first.set()
            assert written.wait(60)

    with engine_at(tmp_path, disk=FaultyDisk(held)) as engine:
        gone = offer(engine, record(1))
        assert first.wait(60)
        assert gone.durable.cancel()
        written.set()
        put(engine, record(2))
        assert numbers(engine) == [1, 2]


def test_a_damaged_journal_is_set_aside_and_the_rest_is_served(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with engine_at(source, limits=Limits(seal_after=1e9)) as engine:
        for number in range(3):
            put(engine, record(number))
        (path,) = (source / "journal").glob("*.log")
        content = bytearray(path.read_bytes())
    content[content.index(b'"r1"') + 1] ^= 0xFF
    directory = tmp_path / "damaged"
    (directory / "journal").mkdir(parents=True)
    (directory / "journal" / path.name).write_bytes(content)
    told: list[str] = []
    with engine_at(directory, tell=told.append) as engine:
        assert numbers(engine) == [0, 2]
    assert ".corrupt" in told[0] and str(directory / "journal" / path.name) in told[0]
    assert (directory / "journal" / path.name).with_suffix(".corrupt").is_file()
    with engine_at(directory, tell=told.append) as engine:
        assert numbers(engine) == [0, 2]


@pytest.mark.parametrize("where", ["footer", "pages"])
def test_a_damaged_parquet_file_is_set_aside_and_the_rest_is_served(tmp_path: Path, where: str) -> None:
    for number in range(2):
        with engine_at(tmp_path) as engine:
            put(engine, record(number, text="x" * 100))
    victim = parquet(tmp_path)[0]
    content = bytearray(victim.read_bytes())
    middle = range(len(content) - 8, len(content)) if where == "footer" else range(4, len(content) // 8)
    for position in middle:
        content[position] = 0x5A
    victim.write_bytes(content)
    told: list[str] = []
    with engine_at(tmp_path, tell=told.append) as engine:
        assert ask(engine, "SELECT n, text, record_id, _timestamp FROM mine")[0]["n"] == 1
    assert str(victim) in told[0] and "set aside" in told[0]
    assert victim.with_suffix(".corrupt").is_file()


def test_reading_only_changes_nothing_and_takes_nothing(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
    before = sorted(os.walk(tmp_path))
    with engine_at(tmp_path, read_only=True) as engine:
        assert numbers(engine) == [1]
        with pytest.raises(BodyError):
            offer(engine, record(2))
    assert sorted(os.walk(tmp_path)) == before


@pytest.mark.parametrize("stream", ["requests", "", "s" * 300])
def test_a_stream_that_cannot_be_is_refused(tmp_path: Path, stream: str) -> None:
    with engine_at(tmp_path) as engine, pytest.raises(BodyError):
        offer(engine, record(1), stream=stream)


def test_integers_that_do_not_fit_a_familiar_column_are_kept_beside_it(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        put(engine, record(2))
        put(engine, record(2**53 + 1, record_id="exact"), record(2**63, record_id="wide"))
        rows = ask(engine, "SELECT n, _conflicts FROM mine ORDER BY n NULLS LAST")
    assert rows == [{"n": 1}, {"n": 2}, {"n": 2**53 + 1}, {"_conflicts": '{"n":9223372036854775808}'}]


def test_what_was_written_and_not_synced_is_taken_back_at_once(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with engine_at(tmp_path, disk=disk) as engine:
        put(engine, record(1))
        disk.fail = lambda name: OSError(errno.EIO, "Input/output error") if name == "sync" else None
        with pytest.raises(JournalError):
            offer(engine, record(2)).durable.result(60)
        disk.fail = lambda name: None
        copy = tmp_path.with_name(tmp_path.name + "-after-a-crash")
        shutil.copytree(tmp_path, copy)
    with engine_at(copy) as engine:
        assert numbers(engine) == [1]


def test_a_column_of_a_request_that_came_to_nothing_is_told_with_the_next(tmp_path: Path) -> None:
    def broken() -> list[Any]:
        raise BodyError("it cannot be read")

    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        fresh = json_values(json.dumps([record(2, fresh="column")]).encode())
        with pytest.raises(BodyError):
            engine.ingest_all({"mine": fresh, "other": Values([{}], broken)})
        put(engine, record(2, fresh="column"))
        copy = tmp_path.with_name(tmp_path.name + "-after-a-crash")
        shutil.copytree(tmp_path, copy)
    with engine_at(copy) as engine:
        assert ask(engine, "SELECT fresh FROM mine WHERE fresh IS NOT NULL") == [{"fresh": "column"}]


@pytest.mark.parametrize("column", ["filename", "file_row_number"])
def test_no_name_of_a_column_is_in_the_way_of_a_compaction(tmp_path: Path, column: str) -> None:
    for number in range(3):
        with engine_at(tmp_path, limits=Limits(recent_ids=0)) as engine:
            put(engine, record(1), record(10 + number, **{column: "x"}))
    home = prepare(tmp_path)
    compact(find_parts(home.data), home.data, home.spill, Disk())
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [1, 10, 11, 12]
        assert ask(engine, f"SELECT count({column}) AS n FROM mine") == [{"n": 3}]


def test_a_stream_comes_to_be_with_its_first_record(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        for number in range(MAX_STREAMS):
            assert put(engine, stream=f"empty{number}").successful == 0
            assert put(engine, 5, stream=f"wrong{number}").failures
        put(engine, record(1))
        assert not [name for name in engine.streams() if name.startswith(("empty", "wrong"))]


def test_long_ids_are_told_apart_and_take_little(tmp_path: Path) -> None:
    recent = RecentIds(100)
    for number in range(40):
        assert recent.add(f"{number}" + "x" * 1_000_000)
    assert not recent.add("7" + "x" * 1_000_000)
    recent.forget(["7" + "x" * 1_000_000])
    assert recent.add_all(["7" + "x" * 1_000_000, "short"])
    with engine_at(tmp_path) as engine:
        for _ in range(2):
            put(engine, record(1, record_id="y" * 1000), record(2, record_id="y" * 999))
    with engine_at(tmp_path) as engine:
        put(engine, record(1, record_id="y" * 1000))
        assert numbers(engine) == [1, 2]
