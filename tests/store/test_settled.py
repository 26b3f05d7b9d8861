"""`requests` is the same whether its records are joined and grouped, or known to need neither."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edgewise.store.engine import Engine, Limits
from edgewise.store.views import JOINED, settled
from store.engines import HOUR, NOW, ask, engine_at, put

QUIET = Limits(quiet=1e9, recent_ids=0)


def access(number: int, at: int = 0, **fields: Any) -> dict[str, Any]:
    made = {
        "_timestamp": NOW + at,
        "record_id": f"q{number}:access",
        "request_id": f"q{number}",
        "status": 200,
    }
    return {**made, "path": f"/{number}", "cold_starts": number % 2, **fields}


def edge(number: int, at: int = 0) -> dict[str, Any]:
    made = {"_timestamp": NOW + at, "record_id": f"q{number}:viewer-request", "request_id": f"q{number}"}
    return {**made, "trigger": "viewer-request", "region": "eu-west-1", "duration_ms": 0.5}


def hours(engine: Engine) -> list[int]:
    """The hours from now on that need no join."""
    with engine.snapshot(list(JOINED), None, None) as data:
        return sorted(one.hour - NOW // HOUR for one in settled(data))


def test_an_hour_of_its_own_is_settled(tmp_path: Path) -> None:
    with engine_at(tmp_path, limits=QUIET) as engine:
        put(engine, *(access(number, number * HOUR) for number in range(6)), stream="access")
        put(engine, access(6), access(6, record_id="again"), stream="access")
        assert hours(engine) == []
    with engine_at(tmp_path, limits=QUIET) as engine:
        assert hours(engine) == [1, 2, 3, 4, 5]
        put(engine, edge(9, 3 * HOUR), stream="edge")
        assert hours(engine) == [1, 5]
        put(engine, access(7, 5 * HOUR), stream="access")
        assert hours(engine) == [1]
    with engine_at(tmp_path, limits=QUIET) as engine:
        assert hours(engine) == [1]
        assert ask(engine, "SELECT count(*) AS n FROM requests") == [{"n": 9}]


def test_files_that_were_put_together_are_settled_when_their_requests_are_apart(
    tmp_path: Path, eventually: Any
) -> None:
    for number in range(8):
        with engine_at(tmp_path, limits=QUIET) as engine:
            # A repeat in each file, which falls away, and an hour in which one request has two records, which stay.
            put(engine, access(number), access(99, HOUR, record_id=f"r{number}"), stream="access")
            put(engine, access(50), stream="access")
    with engine_at(tmp_path, limits=Limits(quiet=0.0)) as engine:
        eventually(lambda: len(list(tmp_path.rglob("part-*.parquet"))) == 2)
        assert hours(engine) == [0]
        assert ask(engine, "SELECT count(*) AS n FROM access") == [{"n": 17}]
        assert ask(engine, "SELECT count(*) AS n FROM requests") == [{"n": 10}]


def test_a_file_that_does_not_say_so_is_looked_into(tmp_path: Path, eventually: Any) -> None:
    with engine_at(tmp_path, limits=QUIET) as engine:
        put(
            engine, access(1), access(2), access(3, HOUR), access(3, HOUR, record_id="again"), stream="access"
        )
    for path in tmp_path.rglob("part-*.parquet"):
        table = pq.ParquetFile(path).read()
        pq.write_table(table.replace_schema_metadata(None), path)
    with engine_at(tmp_path, read_only=True) as engine:
        assert hours(engine) == []
    with engine_at(tmp_path, limits=QUIET) as engine:
        eventually(lambda: hours(engine) == [0])
        assert ask(engine, "SELECT count(*) AS n FROM requests") == [{"n": 3}]


records = st.lists(
    st.one_of(
        st.builds(access, st.integers(0, 9), st.integers(0, 5 * HOUR)),
        st.builds(access, st.integers(0, 9), st.integers(0, 5 * HOUR), record_id=st.none()),
        st.builds(access, st.integers(0, 9), st.integers(0, 5 * HOUR), request_id=st.none()),
        st.builds(edge, st.integers(0, 9), st.integers(0, 5 * HOUR)),
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(records, st.integers(0, 5 * HOUR))
def test_both_ways_give_the_same(found: list[dict[str, Any]], start: int) -> None:
    # The CDN's records of one request are of one moment, and so is a function's that comes again.
    moments = {("trigger" in one, one["request_id"]): one["_timestamp"] for one in found}
    for one in found:
        one["_timestamp"] = moments["trigger" in one, one["request_id"]]
    sql = f"SELECT * FROM requests WHERE _timestamp >= {NOW + start} ORDER BY ALL"
    with tempfile.TemporaryDirectory() as folder:
        with engine_at(Path(folder), limits=QUIET) as engine:
            for stream in JOINED:
                put(
                    engine, *(one for one in found if ("trigger" in one) == (stream == "edge")), stream=stream
                )
            joined = ask(engine, sql)
        with engine_at(Path(folder), read_only=True) as engine:
            assert ask(engine, sql) == joined
