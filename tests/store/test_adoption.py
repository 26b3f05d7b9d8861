"""What another process hands over is there once and whole, wherever a crash or a full disk interrupts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.store.adoption import notes
from edgewise.store.delivery import deliver
from edgewise.store.disk import Disk
from edgewise.store.engine import Engine, Limits
from edgewise.store.handover import HandOver, hour_of
from edgewise.store.home import Home, prepare
from store.engines import HOUR, NOW, Crash, FaultyDisk, ask, engine_at, numbers, parquet, put, record

TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [("_timestamp", pa.int64()), ("record_id", pa.string()), ("n", pa.int64()), ("kind", TEXT)]
)
NOTE = {"files": ["a.log"]}


def table(values: list[int], spread: int = 0) -> Any:
    """A row for each value; `spread` microseconds lie between them."""
    return pa.table(
        [
            [NOW + value * spread for value in values],
            [f"r{value}" for value in values],
            values,
            pa.array([f"k{value % 3}" for value in values]).dictionary_encode(),
        ],
        schema=SCHEMA,
    )


def hand_over(directory: Path, *tables: Any) -> Path:
    handover = HandOver(prepare(directory), "mine", SCHEMA)
    for one in tables:
        handover.add(one)
    handover.commit(NOTE)
    return handover.folder


def adopted(engine: Engine) -> Engine:
    while engine.adopt():
        pass
    return engine


def test_rows_of_many_hours_arrive_each_in_its_hour(tmp_path: Path) -> None:
    hand_over(tmp_path, table([*range(20)], HOUR // 4), table([*range(20, 30)], HOUR // 4))
    with engine_at(tmp_path) as engine:
        assert numbers(adopted(engine)) == [*range(30)]
        assert ask(engine, "SELECT kind, count(*) AS n FROM mine GROUP BY 1 ORDER BY 1") == [
            {"kind": f"k{kind}", "n": 10} for kind in range(3)
        ]
    assert len(parquet(tmp_path)) == 8
    assert notes(Home(tmp_path)) == [NOTE]
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [*range(30)]


def test_an_hour_that_comes_back_after_many_others_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.store.handover._OPEN_FILES", 2)
    monkeypatch.setattr("edgewise.store.handover._WAITING", 3)
    values = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]
    folder = hand_over(tmp_path, *(table([value], HOUR // 3) for value in values))
    assert len({hour_of(path) for path in folder.glob("*.parquet")}) == len([*folder.glob("*.parquet")])
    with engine_at(tmp_path) as engine:
        assert numbers(adopted(engine)) == sorted(values)


def test_without_ready_nothing_counts(tmp_path: Path) -> None:
    handover = HandOver(prepare(tmp_path), "mine", SCHEMA)
    handover.add(table([1, 2]))
    with engine_at(tmp_path) as engine:
        assert not engine.adopt()
        assert "mine" not in engine.streams()
    handover.abandon()
    assert not handover.folder.exists()


def test_records_that_came_before_during_and_after_are_all_kept_when_files_are_put_together(
    tmp_path: Path,
) -> None:
    limits = Limits(segment_bytes=1, quiet=0.0)
    with engine_at(tmp_path, limits=limits) as engine:
        for number in range(12):
            put(engine, record(number, kind="k"))
            hand_over(tmp_path, table([100 + number]))
            put(engine, record(200 + number, kind="k"))
    with engine_at(tmp_path, limits=limits) as engine:
        adopted(engine)
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [*range(12), *range(100, 112), *range(200, 212)]


def operations(directory: Path) -> Iterator[int]:
    """The numbers of the disk's operations while a folder is taken in."""
    disk = FaultyDisk()
    with engine_at(directory, disk=disk) as engine:
        before = len(disk.log)
        adopted(engine)
        yield from range(len(disk.log) - before + 2)


def test_a_crash_at_any_operation_leaves_every_row_there_once(tmp_path: Path) -> None:
    hand_over(tmp_path / "count", table([*range(6)], HOUR // 2))
    crashes = list(operations(tmp_path / "count"))
    assert len(crashes) > 10
    for at in crashes:
        directory = tmp_path / str(at)
        hand_over(directory, table([*range(6)], HOUR // 2))
        left = at

        def fail(operation: str) -> OSError | None:
            nonlocal left
            left -= 1
            return Crash(f"crash at {operation}") if left < 0 else None

        with suppress(OSError), engine_at(directory, disk=FaultyDisk(fail)) as engine:
            adopted(engine)
        with engine_at(directory) as engine:
            assert numbers(adopted(engine)) == [*range(6)], f"after a crash at operation {at}"
        assert notes(Home(directory)) == [NOTE]
        assert not [*directory.glob("incoming/*/ready")]


def test_a_disk_that_is_full_for_a_while_only_delays_it(tmp_path: Path) -> None:
    hand_over(tmp_path, table([*range(6)], HOUR // 2))
    full = True

    def fail(operation: str) -> OSError | None:
        return OSError(28, "No space left on device") if full and operation == "link" else None

    with engine_at(tmp_path, disk=FaultyDisk(fail)) as engine:
        for _ in range(3):
            with suppress(OSError):
                engine.adopt()
        full = False
        assert numbers(adopted(engine)) == [*range(6)]
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [*range(6)]


def test_files_that_began_to_count_before_a_fault_go_on_counting(tmp_path: Path) -> None:
    class HalfDone(Disk):
        """Removes the mark that holds the files back, and then cannot say that it is durable."""

        faults = 1

        def unlink(self, path: Path) -> None:
            super().unlink(path)
            if self.faults and path.parent.name == "journal":
                self.faults -= 1
                raise OSError(5, "Input/output error", str(path.parent))

    hand_over(tmp_path, table([*range(6)]))
    # Nothing else removes a segment while the files are taken in.
    with engine_at(tmp_path, disk=HalfDone(), limits=Limits(seal_after=1e9)) as engine:
        with suppress(OSError):
            engine.adopt()
        assert numbers(adopted(engine)) == [*range(6)]
        for number in range(10, 30):
            put(engine, record(number))
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [*range(6), *range(10, 30)]


def test_delivery_opens_a_store_that_nobody_serves(tmp_path: Path) -> None:
    folder = hand_over(tmp_path, table([1, 2, 3]))
    deliver(prepare(tmp_path), folder)
    with engine_at(tmp_path, read_only=True) as engine:
        assert numbers(engine) == [1, 2, 3]


def test_a_note_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    home.imported.mkdir()
    (home.imported / "1.json").write_text("{broken")
    (home.imported / "2.json").write_text(json.dumps(NOTE))
    assert notes(home) == [NOTE]


@settings(deadline=None, max_examples=12)
@given(st.lists(st.lists(st.integers(-50, 50), max_size=8), max_size=5))
def test_any_times_in_any_order(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]) -> None:
    directory = tmp_path_factory.mktemp("any")
    hand_over(directory, *(table(values, HOUR // 7) for values in batches))
    with engine_at(directory) as engine:
        adopted(engine)
        expected = sorted(value for values in batches for value in values)
        assert (numbers(engine) if expected else []) == expected
