"""One SELECT over a snapshot, in a locked-down DuckDB: no files but the store's, no network, bounded.

The database is in memory. User SQL runs on a connection of its own, whose temporary views show the snapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from edgewise.store.answer import Answer
from edgewise.store.engine import Engine, StreamData
from edgewise.store.errors import QueryError
from edgewise.store.values import plain_row
from edgewise.store.views import (
    JOINED,
    REQUEST_SPAN,
    REQUESTS,
    requests_relation,
    stream_relation,
    streams_in,
    within,
)
from edgewise.store.views import quoted as quote

DEFAULT_SIZE: Final = 1000
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one query may use."""

    seconds: float = 30.0
    rows: int = 100_000
    memory: str = "1GB"


class Searcher:
    """Answers queries over an engine. Safe to use from several threads at once."""

    def __init__(self, engine: Engine, bounds: Bounds = Bounds()) -> None:
        self._engine = engine
        self._bounds = bounds
        self._database = duckdb.connect(":memory:")
        # In this order: the folder must be allowed before access is closed, and closed before the lock.
        for statement in (
            f"SET memory_limit = '{bounds.memory}'",
            f"SET temp_directory = '{_text(engine.home.spill)}'",
            "SET TimeZone = 'UTC'",
            "SET python_enable_replacements = false",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            f"SET allowed_directories = ['{_text(engine.home.data)}']",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._database.execute(statement)

    def close(self) -> None:
        self._database.close()

    def query(
        self,
        sql: str,
        *,
        start: int | None = None,
        end: int | None = None,
        skip: int = 0,
        limit: int | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """The rows of one SELECT; see `Reader.query`. `skip` rows are left out first.

        Raises `QueryError`: not one SELECT, unknown stream, field or function, time over, or failed.
        """
        check_select(sql)
        wanted = self._bounds.rows if limit is None else min(limit, self._bounds.rows)
        allowed = min(seconds or self._bounds.seconds, self._bounds.seconds)
        streams = streams_in(sql, self._engine.streams())
        margin = REQUEST_SPAN if REQUESTS in sql.lower() else 0
        low = None if start is None else start - margin
        high = None if end is None else end + margin
        for last_try in (False, True):
            with self._engine.snapshot(streams, low, high) as data, self._database.cursor() as connection:
                try:
                    show(connection, data, start, end)
                    with _interrupted_after(connection, allowed):
                        return _fetch(connection, sql, skip, wanted)
                except duckdb.Error as error:
                    parts = [part for one in data.values() for part in one.parts]
                    if last_try or not _may_be_corruption(error) or not self._engine.check(parts):
                        raise explained(error, allowed) from None
        raise AssertionError("unreachable")


def check_select(sql: str) -> None:
    """Raises `QueryError` unless the text is exactly one SELECT (WITH, FROM, VALUES, DESCRIBE count as one)."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_first_line(error), number=20001) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(
            "only one SELECT is allowed",
            number=20001,
            hint="The store is read with SQL, and written by ingestion.",
        )


def has_own_limit(sql: str) -> bool:
    """Does the outermost SELECT carry a LIMIT? It then wins over the request's `size`."""
    depth = 0
    for offset, _ in duckdb.tokenize(sql):
        rest = sql[offset:]
        depth += (rest[0] == "(") - (rest[0] == ")")
        if depth == 0 and rest[:5].lower() == "limit":
            return True
    return False


def show(connection: Any, data: dict[str, StreamData], start: int | None, end: int | None) -> None:
    """Make the views: every stream by its name, and `requests` when both of its streams are there."""
    for stream, one in data.items():
        tail = f"_tail_{stream}"
        connection.register(tail, one.tail)
        relation = stream_relation(tail, one)
        _view(connection, stream, within(relation, start, end))
        if stream in JOINED:
            _view(connection, f"{stream}_all", relation)
    if all(stream in data for stream in JOINED):
        _view(connection, REQUESTS, within(requests_relation(), start, end))


def _view(connection: Any, name: str, relation: str) -> None:
    connection.execute(f"CREATE TEMP VIEW {quote(name)} AS {relation}")


def _fetch(connection: Any, sql: str, skip: int, wanted: int) -> Answer:
    reader = connection.sql(sql).to_arrow_reader(_BATCH)
    columns: list[str] = list(dict.fromkeys(reader.schema.names))
    rows: list[dict[str, Any]] = []
    for batch in reader:
        fresh = batch.slice(min(skip, batch.num_rows))
        skip -= batch.num_rows - fresh.num_rows
        room = wanted - len(rows)
        rows += map(plain_row, fresh.slice(0, room).to_pylist())
        if fresh.num_rows > room:
            return Answer(columns, rows, partial=True)
    return Answer(columns, rows)


@contextmanager
def _interrupted_after(connection: Any, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def explained(error: duckdb.Error, seconds: float) -> QueryError:
    """DuckDB's error in OpenObserve's numbers."""
    message = _first_line(error)
    if isinstance(error, duckdb.InterruptException):
        return QueryError(f"the query took longer than {seconds:g} s", number=20010, status=408)
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(message, hint="Ask for less time or fewer columns.")
    if isinstance(error, duckdb.CatalogException):
        function = "Function" in message.split(" with name ")[0]
        return QueryError(message, number=20005 if function else 20002)
    if isinstance(error, duckdb.BinderException):
        return QueryError(message, number=20004 if "column" in message.lower() else 20001)
    if isinstance(error, duckdb.ParserException):
        return QueryError(message, number=20001)
    return QueryError(message)


def _may_be_corruption(error: duckdb.Error) -> bool:
    return not isinstance(
        error,
        duckdb.InterruptException
        | duckdb.CatalogException
        | duckdb.BinderException
        | duckdb.ParserException
        | duckdb.PermissionException
        | duckdb.ConversionException
        | duckdb.OutOfMemoryException,
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it failed"])[0]


def _text(path: object) -> str:
    return str(path).replace("'", "''")
