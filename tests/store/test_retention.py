"""What is too old or too much goes, by whole hours; what is asked for meanwhile stays until it is read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgewise.store.engine import Limits
from edgewise.store.partitions import HOUR, Part, part
from edgewise.store.retention import Keep, expired
from store.engines import NOW, FaultyDisk, engine_at, numbers, parquet, put, record

hours = st.lists(
    st.tuples(st.sampled_from(["edge", "mine"]), st.integers(0, 30), st.integers(0, 100)), max_size=20
)


def parts_of(found: list[tuple[str, int, int]]) -> dict[Part, int]:
    data = Path("/data")
    return {
        part(data, stream, hour, number, number): size for number, (stream, hour, size) in enumerate(found, 1)
    }


@given(hours, st.integers(0, 40 * HOUR), st.integers(0, 30 * HOUR))
def test_by_age_goes_exactly_what_ended_too_long_ago(
    found: list[tuple[str, int, int]], now: int, age: int
) -> None:
    parts = parts_of(found)
    gone = expired(parts, Keep(micros=age), now, parts.__getitem__)
    assert set(gone) == {one for one in parts if (one.hour + 1) * HOUR + age <= now}


@given(hours, st.integers(0, 500))
def test_by_size_the_oldest_hours_go_and_the_newest_stays(
    found: list[tuple[str, int, int]], size: int
) -> None:
    parts = parts_of(found)
    gone = set(expired(parts, Keep(size=size), 0, parts.__getitem__))
    kept = set(parts) - gone
    newest = max((one.hour for one in parts), default=0)
    assert all(one.hour < min(other.hour for other in kept) for one in gone)
    assert sum(parts[one] for one in kept) <= size or {one.hour for one in kept} == {newest}
    if gone:
        last = max(one.hour for one in gone)
        assert sum(parts[one] for one in kept) + sum(parts[one] for one in gone if one.hour == last) > size


def test_nothing_goes_unless_it_is_asked_for() -> None:
    parts = parts_of([("mine", 0, 10**12)])
    assert expired(parts, Keep(), 10**18, parts.__getitem__) == []


def test_old_hours_go_while_it_runs_and_a_reader_is_not_disturbed(tmp_path: Path, eventually: Any) -> None:
    clock = [NOW]
    day = 24 * HOUR
    with engine_at(tmp_path) as engine:
        put(engine, record(1), record(2, _timestamp=NOW + day))
    limits = Limits(expire_every=0.01)
    with engine_at(tmp_path, limits=limits, keep=Keep(micros=day), clock=lambda: clock[0]) as engine:
        with engine.snapshot(["mine"], None, None) as data:
            clock[0] = NOW + 2 * day
            eventually(lambda: numbers(engine) == [2])
            assert all(one.path.is_file() for one in data["mine"].parts)
        eventually(lambda: len(parquet(tmp_path)) == 1)
        put(engine, record(3), record(4, _timestamp=NOW + 2 * day))
        assert numbers(engine) == [2, 3, 4]
    with engine_at(tmp_path, limits=limits, keep=Keep(micros=day), clock=lambda: clock[0]) as engine:
        eventually(lambda: numbers(engine) == [2, 4])


def test_the_size_that_is_kept_is_that_of_the_files(tmp_path: Path, eventually: Any) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, *(record(hour, _timestamp=NOW + hour * HOUR) for hour in range(6)))
    sizes = [path.stat().st_size for path in parquet(tmp_path)]
    with engine_at(tmp_path, limits=Limits(expire_every=0.01), keep=Keep(size=sum(sizes[-3:]))) as engine:
        eventually(lambda: numbers(engine) == [3, 4, 5])


def test_a_disk_that_is_full_does_not_keep_old_hours_from_going(tmp_path: Path, eventually: Any) -> None:
    day = 24 * HOUR
    with engine_at(tmp_path) as engine:
        put(engine, record(1))

    def full(operation: str) -> OSError | None:
        return OSError(28, "No space left on device") if operation == "sync_file" else None

    limits = Limits(expire_every=0.01, seal_after=0.0)
    options = {"limits": limits, "keep": Keep(micros=day), "clock": lambda: NOW + 3 * day}
    with suppress(OSError), engine_at(tmp_path, disk=FaultyDisk(full), **options) as engine:
        put(engine, record(2, _timestamp=NOW + 3 * day))
        eventually(lambda: not parquet(tmp_path))
