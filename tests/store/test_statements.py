"""Only what reads is run, whatever it is dressed as."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from edgewise.store.engine import Engine, Limits
from edgewise.store.errors import QueryError
from edgewise.store.search import Bounds, Searcher
from edgewise.store.statements import MAX_SQL, check_select
from store.engines import NOW, ask, engine_at, put, record


def own_limit(sql: str) -> bool:
    with duckdb.connect(":memory:") as connection:
        return check_select(connection, sql).limited


@pytest.fixture(scope="module")
def one_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store of one record, in a file, for reading only."""
    directory = tmp_path_factory.mktemp("one")
    with engine_at(directory) as engine:
        put(engine, record(1))
    with engine_at(directory, read_only=True) as engine:
        yield engine


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (COPY (SELECT 1 AS n) TO '{part}') SELECT * FROM x",
        "WITH x AS (COPY (SELECT 1 AS n) TO '{data}/new.parquet') SELECT * FROM x",
        "SELECT (WITH x AS (COPY (SELECT 1 AS n) TO '{part}') SELECT n FROM x)",
        "WITH x AS (INSERT INTO mine VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (UPDATE mine SET n = 2 RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM mine RETURNING *) SELECT * FROM x",
        "WITH x AS (TRUNCATE mine) SELECT * FROM x",
        "WITH x AS (MERGE INTO mine USING mine AS m ON false WHEN NOT MATCHED THEN INSERT) SELECT * FROM x",
        "FROM query('WITH x AS (COPY (SELECT 1 AS n) TO ''{part}'') SELECT * FROM x')",
        "FROM json_execute_serialized_sql('{{}}')",
        "FROM \"READ_PARQUET\"('{part}')",
    ],
)
def test_nothing_that_writes_is_run(one_record: Engine, sql: str) -> None:
    directory = one_record.home.root
    before = contents(directory)
    (part,) = (directory / "data").rglob("part-*.parquet")
    with pytest.raises(QueryError):
        ask(one_record, sql.format(part=part, data=directory / "data"))
    assert ask(one_record, "SELECT n FROM mine") == [{"n": 1}]
    assert contents(directory) == before


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 LIMIT 3", True),
        ("FROM range(3) LIMIT 10%", True),
        ("SELECT 'é', 'ü' FROM range(3) limit 2", True),
        ("SELECT 1 UNION SELECT 2 LIMIT 1", True),
        ("SELECT limits FROM (SELECT 1 AS limits)", False),
        ("SELECT * FROM (SELECT 1 LIMIT 1)", False),
        ("WITH x AS (SELECT 1 LIMIT 1) SELECT * FROM x -- LIMIT 5", False),
        ("SELECT 'LIMIT 1' AS \"limit\"", False),
    ],
)
def test_a_limit_is_found_where_it_counts(sql: str, expected: bool) -> None:
    assert own_limit(sql) is expected


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x WHERE n < 4) FROM x",
        "DESCRIBE SELECT 1",
        "VALUES (1)",
        'SELECT copy, "insert" FROM (SELECT 1 AS copy, 2 AS insert) -- update',
        "SELECT * FROM range(2), unnest([1, 2])",
    ],
)
def test_words_that_only_look_like_writing_are_allowed(sql: str) -> None:
    assert own_limit(sql) is False


@pytest.mark.parametrize(
    "sql",
    ["SELECT '" + "é" * MAX_SQL + "'", "SELECT " + "(" * 9000 + "1" + ")" * 9000, "\x00", "SELECT \ud800"],
)
def test_what_is_too_long_too_deep_or_no_text_is_refused(sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        own_limit(sql)
    assert caught.value.number == 20001


@pytest.mark.parametrize(
    "value",
    [
        "TIMESTAMP 'infinity'",
        "DATE '5874897-12-31'",
        "to_timestamp(1e12)",
        "TIMESTAMP '290000-01-01'",
        "INTERVAL 300 MONTH",
        "TIME '24:00:00'",
        "'1-1-1'::VARIANT",
        "MAP {'a': 1}",
        "[TIMESTAMP '-infinity']",
    ],
)
def test_any_value_gives_an_answer_or_a_refusal(one_record: Engine, value: str) -> None:
    try:
        json.dumps(ask(one_record, f"SELECT {value} AS x"))
    except QueryError as error:
        assert error.number == 20008


def test_an_answer_has_a_bounded_size(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        searcher = Searcher(engine, Bounds(bytes=1 << 20))
        answer = searcher.query("SELECT repeat('x', 10000) AS wide FROM range(5000)")
        searcher.close()
    assert answer.partial
    assert 100 <= len(answer.rows) <= 400


def test_an_error_in_the_sql_reads_no_file_to_its_end(tmp_path: Path) -> None:
    checked: list[Any] = []

    class Watched(Engine):
        def check(self, parts: Any) -> bool:
            checked.append(parts)
            return super().check(parts)

    with engine_at(tmp_path) as engine:
        put(engine, record(1, text="seven"))
    with engine_at(tmp_path, kind=Watched, limits=Limits(seal_after=1e9)) as engine:
        searcher = Searcher(engine)
        for sql in ("SELECT text::INT FROM mine", "SELECT error('no') FROM mine", "SELECT n << -1 FROM mine"):
            with pytest.raises(QueryError):
                searcher.query(sql)
        searcher.close()
    assert checked == []


def test_no_name_of_a_stream_is_in_the_way_of_ours(tmp_path: Path) -> None:
    streams = (
        "edge_once",
        "functions",
        "cdn",
        "joined",
        "known_requests",
        "tail_edge",
        "_tail_edge",
        "all_edge",
    )
    with engine_at(tmp_path) as engine:
        put(engine, {"_timestamp": NOW, "request_id": "q"}, stream="edge")
        for number, stream in enumerate(streams):
            put(engine, record(number), stream=stream)
        for number, stream in enumerate(streams):
            assert ask(engine, f"SELECT n FROM {stream}") == [{"n": number}]
            assert ask(engine, f"SELECT request_id FROM requests WHERE {number} IN (SELECT n FROM {stream})")
        assert {row["name"] for row in ask(engine, "SHOW TABLES")} >= set(engine.streams())
