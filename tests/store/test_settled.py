"""`requests` is the same whether its records are joined and grouped, or known to need neither."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edgewise.store.delivery import deliver
from edgewise.store.engine import Engine, Limits
from edgewise.store.handover import HandOver
from edgewise.store.home import prepare
from edgewise.store.known import KNOWN_STREAMS
from edgewise.store.once import MARK
from edgewise.store.tables import arrow_schema
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


def handed_over(directory: Path, *ids: str | None) -> None:
    """Imported records of these requests, all of one hour, and after each of them a record of another hour."""
    rows = []
    for number, one in enumerate(ids):
        rows.append(access(number, request_id=one, record_id=f"r{number}"))
        rows.append(access(100 + number, 5 * HOUR))
    table = pa.Table.from_pylist(rows, arrow_schema(KNOWN_STREAMS["access"]))
    handover = HandOver(prepare(directory), "access", table.schema)
    for row in range(len(rows)):
        handover.add(table.slice(row, 1))
    handover.commit({})
    deliver(prepare(directory), handover.folder)


@pytest.mark.parametrize(
    ("ids", "once"), [(("a", "b", "c"), True), (("a", "b", "a"), False), (("a", None, "c"), False)]
)
def test_an_imported_hour_is_settled_when_every_record_is_of_a_request_of_its_own(
    tmp_path: Path, ids: tuple[str | None, ...], once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over(tmp_path / "at once", *ids)
    # A file is written when this many rows wait, and another one when the first has been closed.
    monkeypatch.setattr("edgewise.store.handover._WAITING", 0)
    monkeypatch.setattr("edgewise.store.handover._OPEN_FILES", 1)
    handed_over(tmp_path / "in pieces", *ids)
    for directory in (tmp_path / "at once", tmp_path / "in pieces"):
        with engine_at(directory, read_only=True) as engine:
            assert hours(engine) == ([0, 5] if once else [5])
            assert ask(engine, "SELECT count(*) AS n FROM access") == [{"n": 6}]
            assert ask(engine, "SELECT count(*) AS n FROM requests") == [{"n": 3 + len({*ids} - {None})}]


def test_what_files_know_of_requests_is_no_column_of_the_stream(tmp_path: Path) -> None:
    handed_over(tmp_path, "a", "b")
    with engine_at(tmp_path) as engine:
        put(engine, access(3, HOUR), stream="access")
    (tmp_path / "data/stream=access/_schema.json").unlink()
    with engine_at(tmp_path) as engine:
        assert engine.kinds("access") == KNOWN_STREAMS["access"]
        for relation in ("access", "requests"):
            assert not any(" " in name for row in ask(engine, f"SELECT * FROM {relation}") for name in row)


def test_facts_of_another_rule_are_computed_anew(tmp_path: Path) -> None:
    page = {"method": "GET", "content_type": "text/html", "client_ip": "192.0.2.1"}
    with engine_at(tmp_path, limits=QUIET) as engine:
        put(engine, access(1, **page), access(2, HOUR, **page), stream="access")
        sql = 'SELECT request_id, "is page", "visitor key" FROM "known requests" ORDER BY 1'
        expected = ask(engine, sql)
        assert [row["is page"] for row in expected] == [True, True]
    with engine_at(tmp_path, read_only=True) as engine:
        assert (hours(engine), ask(engine, sql)) == ([0, 1], expected)
    for path in tmp_path.rglob("part-*.parquet"):
        table = pq.ParquetFile(path).read()
        wrong = table.set_column(table.column_names.index("is page"), "is page", [[False] * len(table)])
        pq.write_table(wrong.replace_schema_metadata(MARK | {b"edgewise.facts": b"another"}), path)
    with engine_at(tmp_path, read_only=True) as engine:
        assert hours(engine) == [0, 1]
        assert ask(engine, sql) == expected


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
    # The CDN's records of one request are of one moment, a function's that comes again too, and less than an hour lies
    # between the two: no request takes so long.
    moments = {("trigger" in one, one["request_id"]): one["_timestamp"] for one in found}
    for one in found:
        one["_timestamp"] = moments["trigger" in one, one["request_id"]]
        answered = moments.get((False, one["request_id"]))
        if "trigger" in one and answered is not None:
            one["_timestamp"] = answered - one["_timestamp"] % HOUR
    sql = f'SELECT * FROM "known requests" WHERE _timestamp >= {NOW + start} ORDER BY ALL'
    with tempfile.TemporaryDirectory() as folder:
        with engine_at(Path(folder), limits=QUIET) as engine:
            for stream in JOINED:
                put(
                    engine, *(one for one in found if ("trigger" in one) == (stream == "edge")), stream=stream
                )
            joined = ask(engine, sql)
        with engine_at(Path(folder), read_only=True) as engine:
            assert ask(engine, sql) == joined


def test_an_hour_far_away_changes_nothing(tmp_path: Path) -> None:
    far = 17_952_240_000_000_001  # beyond what a float holds exactly
    with engine_at(tmp_path, limits=QUIET) as engine:
        put(engine, access(1), access(2, HOUR), stream="access")
    with engine_at(tmp_path, limits=QUIET) as engine:
        put(engine, {**edge(3), "_timestamp": far}, {**edge(4), "_timestamp": -1}, stream="edge")
        put(engine, {**access(3), "_timestamp": far}, stream="access")
        assert hours(engine) == [0, 1]
        assert ask(engine, "SELECT count(*) AS n FROM requests") == [{"n": 4}]
