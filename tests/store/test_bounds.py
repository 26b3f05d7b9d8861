"""A query has its bounds, whatever it is built from: what it may do, and the time and memory that it may take."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from edgewise.questions import bound, load
from edgewise.store.api.access import Access
from edgewise.store.api.application import application
from edgewise.store.copying import written_out
from edgewise.store.dialect import install
from edgewise.store.engine import Engine, StreamData
from edgewise.store.errors import QueryError
from edgewise.store.running import Running
from edgewise.store.search import Bounds, Searcher
from edgewise.store.statements import check_select, one_statement
from edgewise.store.tokens import Tokens
from edgewise.store.weight import macro_copies
from store.asgi import SOMEONE, call
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
        "SELECT " + ", ".join("*" * 100) + " FROM (VALUES (" + ", ".join("1" * 1000) + "))",
        *(
            f"SELECT 1 FROM (VALUES ({', '.join('1' * 50)})) {clause} COLUMNS(*) IN ({', '.join('1' * 1000)})"
            for clause in ("WHERE", "HAVING", "QUALIFY", "ORDER BY")
        ),
        "SELECT s.* FROM (SELECT {'a': 1} AS s)",
        "SELECT 1 + unnest(s) FROM (SELECT {'a': 1} AS s)",
        "SELECT unnest([{'a': 1}], recursive := true)",
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
        "SELECT m.*, r.* FROM mine m JOIN range(3) r ON true WHERE n IN (SELECT * FROM range(9))",
        "SELECT unnest([1, 2]), unnest(approx_topk(n, 2)) FROM mine",
        "SELECT range.*, mine.* FROM range(3), mine, unnest([1, 2]) ORDER BY count(*)",
        "SELECT " + ", ".join(f"(SELECT count(*) FROM requests WHERE status = {i})" for i in range(30)),
        "SELECT CASE status WHEN 200 THEN 'a' WHEN 404 THEN 'b' END, sum(n) OVER w, avg(n) OVER w FROM mine "
        "WINDOW w AS (PARTITION BY a ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)",
    ],
)
def test_what_people_write_is_no_long_plan(sql: str) -> None:
    with duckdb.connect(":memory:") as connection:
        check_select(connection, sql, install(connection), frozenset({"requests"}))


LONG = "'" + "x" * 1000 + "'"


def cases(levels: int, operand: str = "a", more: str = "") -> str:
    for _ in range(levels):
        operand = f"CASE {more}{operand} WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 END"
    return operand


def windows(levels: int, inner: str = "1") -> str:
    for _ in range(levels):
        inner = (
            f"(SELECT sum(1) OVER w + sum(2) OVER w + sum(3) OVER w FROM a WINDOW w AS (ORDER BY {inner}))"
        )
    return inner


@pytest.mark.parametrize(
    "nested",
    [
        cases(3, LONG),
        windows(3, LONG),
        cases(2, windows(1, LONG)),
        windows(2, cases(1, LONG)),
        f"(SELECT sum(1) OVER v + sum(2) OVER (v) FROM a WINDOW w AS (ORDER BY {LONG}), v AS (w))",
    ],
)
def test_what_the_parser_copies_is_foreseen(nested: str) -> None:
    with duckdb.connect(":memory:") as connection:
        ((tree,),) = connection.execute(
            "SELECT json_serialize_sql($sql::VARCHAR)", {"sql": f"SELECT {nested}"}
        ).fetchall()
    copies = tree.count(LONG.strip("'"))
    assert copies > 1
    assert written_out(f"SELECT {nested}") >= copies * len(LONG)


@pytest.mark.parametrize(
    "expression",
    [
        cases(12),
        windows(12),
        cases(12, "(SELECT 1 AS end, 2 AS when)"),
        cases(12, more="b.end + "),
        cases(12, more=".5 + "),
        cases(12, ".5"),
        cases(12, more="b . case + "),
        cases(12, "/* END */ 'END' || \"end\""),
        "(SELECT 1 AS case), " + cases(12).lower(),
    ],
)
def test_what_the_parser_copies_is_bounded(expression: str) -> None:
    assert written_out(f"SELECT {expression}") > 1 << 18


@pytest.mark.parametrize("space", ["\xa0", "\ufeff", "\u3000", "\0"])
def test_only_the_parsers_spaces_part_words(space: str) -> None:
    with pytest.raises(QueryError, match="in no text"):
        written_out(cases(12).replace(" ", space))
    assert written_out(f"SELECT 'a{space}' AS \"größe{space}\", größe") < 100


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT levenshtein('a', 'b')",
        "SELECT main.jaro_similarity('a', 'b')",
        "SELECT write_log('x')",
        "FROM mine PIVOT (sum(n) FOR n IN (1, 2))",
        "FROM mine UNPIVOT (v FOR k IN (n))",
    ],
)
def test_what_cannot_be_bounded_is_refused(tmp_path: Path, sql: str) -> None:
    with searcher_at(tmp_path) as searcher, pytest.raises(QueryError, match="cannot be used here"):
        searcher.query(sql)


def test_no_question_of_ours_is_too_large() -> None:
    with duckdb.connect(":memory:") as connection:
        copies, views = install(connection), frozenset({"requests", "known requests"})
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


def test_a_query_that_cannot_be_interrupted_is_answered_in_time(tmp_path: Path) -> None:
    leave = threading.Event()

    class Stuck(Searcher):
        def query(self, *arguments: Any, **options: Any) -> Any:
            leave.wait(20)
            return super().query(*arguments, **options)

    def status(seconds: float) -> int:
        query = {"query": {"sql": "SELECT 1", "start_time": 0, "end_time": 1}, "timeout": seconds}
        return call(store, "POST", "/api/default/_search", json.dumps(query).encode()).status

    with engine_at(tmp_path) as engine, ThreadPoolExecutor(3) as clients:
        searcher = Stuck(engine)
        store = application(engine, searcher, Access(SOMEONE, Tokens(engine.home)))
        try:
            assert sorted(clients.map(status, [0.1] * 3)) == [408, 408, 503]
            assert status(20) == 503
        finally:
            leave.set()
            again = next((one for one in map(status, [20] * 500) if one != 503), None)
            searcher.close()
        assert again == 200


def test_rows_are_bounded_before_they_are_copied(tmp_path: Path) -> None:
    with searcher_at(tmp_path, bounds=Bounds(bytes=1 << 20)) as searcher:
        answer = searcher.query("SELECT repeat('x', 60000) AS wide FROM range(100)")
        assert answer.partial
        assert sum(len(row["wide"]) for row in answer.rows) <= 1 << 20
        assert len(answer.rows) >= 8
        with pytest.raises(QueryError, match="first row of the answer is larger"):
            searcher.query("SELECT string_agg(repeat('x', 60000)) AS wide FROM range(20)")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT length(repeat('x', 65537))", "65536"),
        ("SELECT length(lpad('x', 65537, 'y'))", "65536"),
        ("SELECT length(rpad('x', 65537, 'y'))", "65536"),
        ("SELECT length(system.main.repeat('x', 65537))", "with a schema"),
        ("SELECT length(pg_catalog.rpad('x', 65537, 'y'))", "with a schema"),
    ],
)
def test_a_number_makes_no_huge_text(tmp_path: Path, sql: str, said: str) -> None:
    with searcher_at(tmp_path) as searcher:
        with pytest.raises(QueryError, match=said):
            searcher.query(sql)
        assert searcher.query("SELECT length(repeat('ab', 32768)) AS r, lpad('7', 3, '0') AS l").rows == [
            {"r": 65536, "l": "007"}
        ]


def test_sql_can_change_no_setting_and_has_the_memory_it_is_given(tmp_path: Path) -> None:
    with searcher_at(tmp_path) as searcher:
        (row,) = searcher.query(
            "SELECT current_setting('memory_limit') AS memory, current_setting('lock_configuration') AS locked"
        ).rows
    assert row == {"memory": "953.6 MiB", "locked": True}


def test_an_interrupt_is_repeated_until_the_query_is_over() -> None:
    """One that comes between two statements of a query is forgotten."""
    for _ in range(5):
        running = Running(duckdb.connect(":memory:"))
        with running.connection(0.0) as connection, pytest.raises(duckdb.InterruptException):
            connection.execute("SELECT count(*) FROM range(1e12::BIGINT)").fetchall()
        assert running.close(10)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_query_that_ends_while_it_is_looked_at_says_why(stopped: bool) -> None:
    running = Running(duckdb.connect(":memory:"))
    with pytest.raises(QueryError) as met, running.connection(0.0) as connection:
        if stopped:
            running.stop()
        for _ in range(1_000_000):
            check_select(connection, "SELECT 1")
    assert met.value.status == (503 if stopped else 408)
    assert running.close(10)
