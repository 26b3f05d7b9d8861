"""A query has its bounds, whatever it is built from: what it may do, and the time and memory that it may take."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from edgewise.questions import bound, load
from edgewise.store.dialect import install
from edgewise.store.engine import Engine, StreamData
from edgewise.store.errors import QueryError
from edgewise.store.search import Bounds, Searcher
from edgewise.store.statements import check_select, one_statement
from edgewise.store.weight import macro_copies
from store.engines import engine_at, put, record


@contextmanager
def searcher_at(
    directory: Path, *records: Any, bounds: Bounds | None = None, **options: Any
) -> Iterator[Searcher]:
    with engine_at(directory, **options) as engine:
        put(engine, *(records or [record(1, text="one")]))
        searcher = Searcher(engine, bounds or Bounds())
        try:
            yield searcher
        finally:
            searcher.close()


def doubling(step: str, first: str, last: str, times: int = 26) -> str:
    return first + "".join(", " + step.format(i, i - 1) for i in range(1, times)) + last.format(times - 1)


@pytest.mark.parametrize(
    "written",
    [
        "match_all--1 || 'a') FROM mine; COPY (SELECT 1 AS n) TO '{to}'; SELECT concat --\n('x')",
        "match_all/* */('a'), match_all--1 || 'a') FROM mine; COPY (SELECT 1) TO '{to}' --\n('x')",
        "\"match_all\"('a'') FROM mine; COPY (SELECT 1) TO ''{to}'' --')",
        "match_all('é', 'a) FROM mine; COPY (SELECT 1) TO ''{to}'' --')",
    ],
)
def test_match_all_cannot_become_another_statement(tmp_path: Path, written: str) -> None:
    target = tmp_path / "data" / "stream=mine" / "new.csv"
    with searcher_at(tmp_path) as searcher:
        target.parent.mkdir(exist_ok=True)
        try:
            searcher.query(f"SELECT {written.format(to=target)} AS found FROM mine")
        except QueryError as error:
            assert error.status == 400
    assert not target.exists()


def test_match_all_is_found_however_it_is_written(tmp_path: Path) -> None:
    with searcher_at(tmp_path, record(1, text="One"), record(2, text="two")) as searcher:
        for call in (
            "MATCH_ALL--('x')\n('one')",
            "\"match_all\" ('one')",
            "main.match_all(/* it */ 'o' || 'ne')",
        ):
            assert searcher.query(f"SELECT n FROM mine WHERE {call}").rows == [{"n": 1}]


def test_two_statements_are_never_run() -> None:
    with duckdb.connect(":memory:") as connection:
        for sql in ("SELECT 1; SELECT 2", "COPY (SELECT 1) TO 'x'", "SET threads = 1", ""):
            with pytest.raises(QueryError):
                one_statement(connection, sql)


@pytest.mark.parametrize(
    "sql",
    [
        doubling(
            "a{0} AS (SELECT * FROM a{1} x, a{1} y)", "WITH a0 AS (SELECT 1)", " SELECT count(*) FROM a{}"
        ),
        doubling("a{} AS (SELECT *, * FROM a{})", "WITH a0 AS (SELECT 1 AS x)", " SELECT count(*) FROM a{}"),
        doubling("a{1} + a{1} AS a{0}", "SELECT n AS a0", " FROM mine"),
        "SELECT " + "cast_to_timestamp(" * 6 + "n" + ")" * 6 + " FROM mine",
        "SELECT 1 FROM range(1)" + " CROSS JOIN range(1)" * 500,
        "SELECT 1 FROM mine GROUP BY CUBE(" + ", ".join(f"n + {i}" for i in range(11)) + ")",
        "SELECT a" + ".a" * 5000,
    ],
)
def test_a_short_text_cannot_be_a_long_plan(sql: str) -> None:
    with duckdb.connect(":memory:") as connection:
        install(connection)
        with pytest.raises(QueryError) as caught:
            check_select(connection, sql, macro_copies(connection))
    assert caught.value.number == 20001
    assert "too large" in caught.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 WHERE 7 IN (" + ",".join(map(str, range(9000))) + ")",
        "SELECT 1" + " UNION ALL SELECT 1" * 300,
        "SELECT count(*) FROM mine a JOIN mine b USING (n) JOIN mine c USING (n) LEFT JOIN mine d USING (n)",
        "WITH x AS (SELECT * FROM mine) SELECT max(COLUMNS(*)) FROM x, (SELECT * FROM x)",
        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x WHERE n < 4) FROM x ORDER BY n",
    ],
)
def test_what_people_write_is_no_long_plan(sql: str) -> None:
    with duckdb.connect(":memory:") as connection:
        install(connection)
        check_select(connection, sql, macro_copies(connection))


def test_no_question_of_ours_is_too_large() -> None:
    with duckdb.connect(":memory:") as connection:
        install(connection)
        copies, views = macro_copies(connection), frozenset({"requests", "known requests"})
        for question in load().values():
            check_select(connection, bound(question, {"start": 0, "end": 3_600_000_000}), copies, views)


def test_a_query_that_does_not_end_keeps_nobody_from_leaving(tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    class Waiting:
        def __init__(self, data: StreamData) -> None:
            self.parts: list[Any] = []
            self._data = data

        @property
        def tail(self) -> Any:
            inside.set()
            leave.wait(20)
            return self._data.tail

    class Slow(Engine):
        @contextmanager
        def snapshot(self, *arguments: Any) -> Iterator[dict[str, Any]]:
            with super().snapshot(*arguments) as data:
                yield {name: Waiting(one) for name, one in data.items()}

    with searcher_at(tmp_path, kind=Slow) as searcher:

        def ask() -> None:
            with contextlib.suppress(QueryError):
                searcher.query("FROM mine")

        asking = threading.Thread(target=ask)
        asking.start()
        assert inside.wait(20)
        assert searcher.close(patience=0.05) is False
        leave.set()
        asking.join(20)
        assert searcher.close() is True


def test_rows_are_bounded_before_they_are_copied(tmp_path: Path) -> None:
    with searcher_at(tmp_path, bounds=Bounds(bytes=1 << 20)) as searcher:
        answer = searcher.query("SELECT repeat('x', 60000) AS wide FROM range(100)")
        assert answer.partial
        assert sum(len(row["wide"]) for row in answer.rows) <= 1 << 20
        assert len(answer.rows) >= 8
        with pytest.raises(QueryError, match="first row of the answer is larger"):
            searcher.query("SELECT string_agg(repeat('x', 60000)) AS wide FROM range(20)")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 1000000000)",
        "SELECT lpad('x', 1000000000, 'y')",
        "SELECT rpad('x', 1000000000, 'y')",
        "SELECT system.main.repeat('x', 1000000000)",
        "SELECT pg_catalog.rpad('x', 1000000000, 'y')",
    ],
)
def test_a_number_makes_no_huge_text(tmp_path: Path, sql: str) -> None:
    with searcher_at(tmp_path) as searcher:
        with pytest.raises(QueryError):
            searcher.query(sql)
        assert searcher.query("SELECT repeat('ab', 2) AS r, lpad('7', 3, '0') AS l").rows == [
            {"r": "abab", "l": "007"}
        ]


def test_sql_can_change_no_setting_and_has_the_memory_it_is_given(tmp_path: Path) -> None:
    with searcher_at(tmp_path) as searcher:
        (row,) = searcher.query(
            "SELECT current_setting('memory_limit') AS memory, current_setting('lock_configuration') AS locked"
        ).rows
    assert row == {"memory": "953.6 MiB", "locked": True}
