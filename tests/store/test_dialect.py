"""OpenObserve's functions: the answers of its query engine where that has the function, else what its guide says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from edgewise.store.dialect import histogram_width
from edgewise.store.engine import Engine
from edgewise.store.errors import QueryError
from edgewise.store.search import Searcher
from store.engines import NOW, engine_at, put

datafusion = pytest.importorskip("datafusion")

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
ROWS = [
    {
        "_timestamp": NOW + number * 7_000_000,
        "record_id": f"r{number}",
        "n": number,
        "x": math.sin(number) * 100,
        "path": f"/Products/{number % 7}" if number % 5 else None,
        "agent": "Größe" if number % 2 else "small",
    }
    for number in range(300)
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    with engine_at(tmp_path_factory.mktemp("dialect")) as engine:
        put(engine, *ROWS)
        made = Searcher(engine)
        yield made
        made.close()


@pytest.fixture(scope="module")
def theirs() -> Any:
    context = datafusion.SessionContext()
    context.from_pylist([{name: row[name] for name in ROWS[0]} for row in ROWS], name="mine")
    return context


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in rows
    ]


def ours(searcher: Searcher, sql: str) -> list[dict[str, Any]]:
    answer = searcher.query(sql)
    return [{name: row.get(name) for name in answer.columns} for row in answer.rows]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT date_bin(INTERVAL '1 minute', to_timestamp_micros(_timestamp)) AS t, count(*) AS c "
        "FROM mine GROUP BY t ORDER BY t",
        "SELECT date_bin(INTERVAL '7 days', to_timestamp_micros(_timestamp)) AS t, count(*) AS c "
        "FROM mine GROUP BY t ORDER BY t",
        "SELECT date_bin(INTERVAL '15 minutes', to_timestamp_micros(_timestamp), TIMESTAMP '2001-01-01T00:02:00') "
        "AS t, count(*) AS c FROM mine GROUP BY t ORDER BY t",
        "SELECT date_trunc('hour', to_timestamp_micros(_timestamp)) AS t, count(*) AS c "
        "FROM mine GROUP BY t ORDER BY t",
        "SELECT to_timestamp_seconds(5) AS s, to_timestamp_millis(5) AS m, to_timestamp_micros(5) AS u",
        "SELECT to_char(to_timestamp_micros(_timestamp), '%Y-%m-%d %H:%M') AS t FROM mine ORDER BY n LIMIT 3",
        "SELECT count(*) AS c FROM mine WHERE regexp_like(path, 'ducts/[1-3]$')",
        "SELECT nvl(path, '-') AS p, count(*) AS c FROM mine GROUP BY p ORDER BY p",
        "SELECT btrim('  a b ') AS t",
        "SELECT approx_distinct(path) AS d, approx_distinct(n) AS e FROM mine",
    ],
)
def test_what_datafusion_has_gives_datafusions_answer(searcher: Searcher, theirs: Any, sql: str) -> None:
    assert plain(ours(searcher, sql)) == plain(theirs.sql(sql).to_pylist())


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 0.99, 1.0])
def test_percentiles_are_datafusions_but_exact(searcher: Searcher, theirs: Any, share: float) -> None:
    sql = f"SELECT approx_percentile_cont(x, {share}) AS p, approx_median(x) AS m FROM mine"
    ((mine,), (other,)) = ours(searcher, sql), theirs.sql(sql).to_pylist()
    spread = max(row["x"] for row in ROWS) - min(row["x"] for row in ROWS)
    assert abs(mine["p"] - other["p"]) < spread * 0.02
    assert abs(mine["m"] - other["m"]) < spread * 0.02
    assert mine["p"] == pytest.approx(sorted(row["x"] for row in ROWS)[round(share * 299)], abs=spread * 0.02)


def test_histogram_is_datafusions_bin_from_openobserves_origin(searcher: Searcher, theirs: Any) -> None:
    sql = "SELECT {} AS t, count(*) AS c FROM mine GROUP BY t ORDER BY t"
    for width in ("10 second", "1 minute", "5 minutes", "1 hour", "7 day"):
        mine = ours(searcher, sql.format(f"histogram(_timestamp, '{width}')"))
        origin = "TIMESTAMP '2001-01-01T00:00:00'"
        bins = f"date_bin(INTERVAL '{width}', to_timestamp_micros(_timestamp), {origin})"
        assert mine == plain(theirs.sql(sql.format(bins)).to_pylist())


def test_histogram_chooses_its_width_by_the_range(searcher: Searcher) -> None:
    sql = "SELECT histogram(_timestamp) AS t, count(*) AS c FROM mine GROUP BY t ORDER BY t"
    for length, width in ((20 * MINUTE, 10), (45 * MINUTE, 15), (HOUR, 30), (3 * HOUR, 60), (7 * HOUR, 3600)):
        rows = searcher.query(sql, start=NOW - MINUTE, end=NOW - MINUTE + length).rows
        starts = [datetime.fromisoformat(row["t"]).replace(tzinfo=UTC).timestamp() for row in rows]
        assert all(start % width == 0 for start in starts)
        assert width == 3600 or any(start % (2 * width) for start in starts)
    assert histogram_width(0, 61 * DAY) == "1 day"
    assert histogram_width(None, None) == "1 hour"


def test_a_bucket_of_a_place_begins_at_its_midnight(searcher: Searcher) -> None:
    sql = "SELECT DISTINCT histogram(_timestamp, '1 day', 'Asia/Tokyo') AS t FROM mine"
    assert ours(searcher, sql) == [{"t": "2026-11-21T00:00:00"}]


def path(row: dict[str, Any]) -> str:
    return row["path"] or ""


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("str_match(agent, 'röß')", lambda row: "röß" in row["agent"]),
        ("str_match(agent, 'RÖß')", lambda row: False),
        ("match_field(agent, 'Gr')", lambda row: "Gr" in row["agent"]),
        ("str_match_ignore_case(agent, 'GRÖ')", lambda row: "Grö" in row["agent"]),
        ("match_field_ignore_case(agent, 'SMALL')", lambda row: "small" in row["agent"]),
        ("NOT str_match(path, '/Products/1')", lambda row: row["path"] not in (None, "/Products/1")),
        ("re_match(path, '^/Products/[12]$')", lambda row: path(row)[-1:] in ("1", "2")),
        ("re_not_match(path, '^/Products/[12]$')", lambda row: path(row) and path(row)[-1] not in "12"),
        ("match_all('products/3')", lambda row: path(row).endswith("3")),
        (
            "MATCH_ALL ( 'größe' ) AND NOT match_all('R1')",
            lambda row: row["agent"] == "Größe" and "r1" not in row["record_id"],
        ),
        ("match_all('It''s not there')", lambda row: False),
        (
            "time_range(_timestamp, '2026-11-21T01:20:00Z', '2026-11-21 01:20:21')",
            lambda row: row["_timestamp"] < NOW + 21_000_000,
        ),
        ("time_range(_timestamp, 'no time', '2026-11-21 01:20:21')", lambda row: False),
        (f"_timestamp = cast_to_timestamp('{NOW}')", lambda row: row["n"] == 0),
        ("_timestamp = cast_to_timestamp('2026-11-21T02:20:00+01:00')", lambda row: row["n"] == 0),
    ],
)
def test_conditions(searcher: Searcher, condition: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    found = ours(searcher, f"SELECT 'é' AS e, n FROM mine WHERE {condition} ORDER BY n")
    assert [row["n"] for row in found] == [row["n"] for row in ROWS if holds(row)]


def test_match_all_needs_to_know_its_stream(searcher: Searcher) -> None:
    with pytest.raises(QueryError, match="one stream is read") as caught:
        searcher.query("SELECT count(*) FROM mine, edge WHERE match_all('x')")
    assert caught.value.number == 20005
    assert searcher.query("SELECT count(*) AS c FROM requests WHERE match_all('x')").rows == [{"c": 0}]


def test_times_as_text_and_back(searcher: Searcher) -> None:
    (row,) = ours(
        searcher,
        "SELECT date_format(1795224000000000, '%Y-%m-%d %H:%M') AS utc, "
        "date_format(1795224000000000, '%H:%M', 'Europe/Berlin') AS berlin, "
        "cast_to_timestamp(1754652000123) AS millis, cast_to_timestamp('1754652000.123') AS seconds, "
        "cast_to_timestamp('1754652000123456789') AS nanos, cast_to_timestamp('yesterday') AS none",
    )
    assert row == {
        "utc": "2026-11-21 01:20",
        "berlin": "02:20",
        "millis": 1754652000123000,
        "seconds": 1754652000000000,
        "nanos": 1754652000123456,
        "none": None,
    }


def test_the_top_of_a_field(searcher: Searcher) -> None:
    sql = (
        "SELECT item.value AS v, item.count AS c FROM (SELECT unnest(approx_topk(path, 2)) AS item FROM mine)"
    )
    counts = Counter(row["path"] for row in ROWS if row["path"]).most_common(2)
    found = ours(searcher, sql)
    assert [row["c"] for row in found] == [count for _, count in counts]
    assert all(row["c"] == sum(one["path"] == row["v"] for one in ROWS) for row in found)
    (row,) = ours(searcher, "SELECT approx_topk_distinct(agent, path, 1) AS top FROM mine")
    assert row["top"] == [{"value": "small", "count": 7}]
    (row,) = ours(searcher, "SELECT approx_topk(path, 5) AS top FROM mine WHERE false")
    assert row["top"] is None


def test_functions_are_no_way_out(searcher: Searcher, tmp_path_factory: Any) -> None:
    for sql in ("SELECT match_all('x') FROM read_text('/etc/passwd')", "SELECT set_config('x', 'y')"):
        with pytest.raises(QueryError):
            searcher.query(sql)


def test_one_query_leaves_nothing_for_the_next(tmp_path_factory: pytest.TempPathFactory) -> None:
    with engine_at(tmp_path_factory.mktemp("two"), kind=Engine) as engine:
        put(engine, *ROWS[:3])
        searcher = Searcher(engine)
        wide = "SELECT DISTINCT histogram(_timestamp) AS t FROM mine"
        assert len(searcher.query(wide, start=NOW, end=NOW + 20 * MINUTE).rows) == 2
        assert len(searcher.query(wide, start=NOW, end=NOW + DAY).rows) == 1
        assert len(searcher.query(wide).rows) == 1
        searcher.close()
