"""One SELECT over a snapshot, in a locked-down DuckDB: no files but the store's, no network, bounded.

The database is in memory. User SQL runs on a connection of its own, whose temporary views show the snapshot.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from edgewise.store.answer import Answer
from edgewise.store.dialect import histogram_width, install, localised
from edgewise.store.engine import Engine, StreamData
from edgewise.store.errors import QueryError
from edgewise.store.facts import COLUMNS_OF_STREAM
from edgewise.store.known import ACCESS, Kind
from edgewise.store.statements import Select, check_select, one_statement
from edgewise.store.values import plain_row
from edgewise.store.views import (
    JOINED,
    KNOWN_REQUESTS,
    REQUEST_SPAN,
    REQUESTS,
    Span,
    helper,
    quoted,
    requests_relation,
    settled,
    settled_relation,
    stream_relation,
    streams_in,
    within,
)
from edgewise.store.weight import macro_copies

DEFAULT_SIZE: Final = 1000
MEMORY: Final = "1GB"  # of all queries together
# Rows at a time: few, because a row may be wide, and the bound on bytes is looked at between batches.
_BATCH: Final = 50
_AGAIN: Final = 0.05
_PATIENCE: Final = 10.0
_VIEWS: Final = frozenset({REQUESTS, KNOWN_REQUESTS})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one query may take, and the rows and bytes (of Arrow) that its answer may have."""

    seconds: float = 30.0
    rows: int = 100_000
    bytes: int = 64 << 20


class Searcher:
    """Answers queries over an engine. Safe to use from several threads at once."""

    def __init__(self, engine: Engine, bounds: Bounds = Bounds()) -> None:
        self._engine = engine
        self._bounds = bounds
        self._running: set[Any] = set()
        self._change = threading.Condition()
        self._stopped = False
        self._database = duckdb.connect(":memory:")
        install(self._database)
        self._copies = macro_copies(self._database)
        # In this order: the folder must be allowed before access is closed, and closed before the lock.
        for statement in (
            f"SET memory_limit = '{MEMORY}'",
            f"SET temp_directory = '{_text(engine.home.spill)}'",
            "SET TimeZone = 'UTC'",
            "SET python_enable_replacements = false",
            "SET parquet_metadata_cache = true",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            f"SET allowed_directories = ['{_text(engine.home.data)}']",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._database.execute(statement)

    def streams(self) -> list[str]:
        """The names of all streams, known ones first."""
        return self._engine.streams()

    def kinds(self, stream: str) -> dict[str, Kind]:
        """A stream's columns and their kinds, in order."""
        return self._engine.kinds(stream)

    def stop(self) -> None:
        """Interrupt the queries that run, and take no more. Returns at once."""
        with self._change:
            self._stopped = True
            for connection in self._running:
                connection.interrupt()

    def allowed(self, seconds: float | None) -> float:
        """How long a query may run when this is asked for."""
        return min(seconds or self._bounds.seconds, self._bounds.seconds)

    def close(self, patience: float = _PATIENCE) -> bool:
        """Stop, and wait for the queries to end; false when one did not within so many seconds.

        DuckDB cannot be interrupted while it plans a query, and refuses to close a connection that is in use.
        """
        deadline = time.monotonic() + patience
        with self._change:
            self.stop()
            while self._running and time.monotonic() < deadline:
                # Again, because an interrupt between two statements of a query is forgotten.
                self.stop()
                self._change.wait(_AGAIN)
            if self._running:
                return False
            self._database.close()
        return True

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
        """The rows of one SELECT; see `Reader.query`. `skip` rows are left out first; a LIMIT in the SQL wins.

        Raises `QueryError`: not one SELECT, unknown stream, field or function, time over, or failed.
        """
        with self._running_for(self._bounds.seconds) as connection:
            select = self._checked(connection, sql)
        wanted = self._bounds.rows if limit is None or select.limited else min(limit, self._bounds.rows)
        # A column may be called like a stream; `SHOW TABLES` names none.
        names = " ".join(sorted(select.tables)) or sql
        span = Span(start, end, REQUEST_SPAN if REQUESTS in names.lower() else 0)
        allowed = self.allowed(seconds)
        streams = streams_in(names, self._engine.streams())
        for last_try in (False, True):
            with self._engine.snapshot(streams, span.low, span.high) as data:
                try:
                    with self._running_for(allowed) as connection:
                        show(connection, names, data, span)
                        text = localised(connection, sql, select, (*data, REQUESTS))
                        if text != sql:
                            # What is run is what was looked at, and nothing that was made of it since.
                            self._checked(connection, text)
                        return _fetch(connection, text, skip, Bounds(allowed, wanted, self._bounds.bytes))
                except duckdb.Error as error:
                    if self._stopped:
                        raise _shutting_down() from None
                    parts = [part for one in data.values() for part in one.parts]
                    if last_try or not self._may_be_corruption(error) or not self._engine.check(parts):
                        raise explained(error, allowed) from None
                except (ValueError, OverflowError, pa.ArrowException) as error:
                    raise QueryError(f"a value of the result has no form in JSON: {error}") from None
        raise AssertionError("unreachable")

    def _checked(self, connection: Any, sql: str) -> Select:
        return check_select(connection, sql, self._copies, _VIEWS)

    @contextmanager
    def _running_for(self, seconds: float) -> Iterator[Any]:
        """A connection whose work is interrupted after this time, or when the searcher is closed."""
        with self._change:
            if self._stopped:
                raise _shutting_down()
            connection = self._database.cursor()
            self._running.add(connection)
        timer = threading.Timer(seconds, connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()
            timer.join()
            with self._change:
                # Taken off the list first: a closed connection cannot be interrupted.
                self._running.discard(connection)
                connection.close()
                self._change.notify_all()

    def _may_be_corruption(self, error: duckdb.Error) -> bool:
        """Is it one of the errors by which DuckDB says that a file is broken? Checking costs a full read."""
        if isinstance(error, duckdb.InvalidInputException):
            return str(self._engine.home.data) in str(error)
        return type(error) is duckdb.Error or isinstance(error, duckdb.IOException)


def show(connection: Any, names: str, data: dict[str, StreamData], span: Span) -> None:
    """Make the views that a text names: streams, and `requests`. Making one costs a look at its files."""
    width = histogram_width(span.start, span.end)
    connection.execute(f"SET VARIABLE histogram_interval = '{width}'")
    text = names.lower()
    for stream, one in data.items():
        connection.register(helper("tail", stream), one.tail)
        if stream in text or REQUESTS not in text:
            relation = stream_relation(f"SELECT * FROM {quoted(helper('tail', stream))}", one.parts)
            _view(connection, stream, within(relation, span.start, span.end))
    if REQUESTS in text:
        _show_requests(connection, data, span, known=KNOWN_REQUESTS in text)


def _show_requests(connection: Any, data: dict[str, StreamData], span: Span, *, known: bool) -> None:
    apart = set(settled(data))
    for stream in JOINED:
        parts = [one for one in data[stream].parts if one not in apart]
        relation = stream_relation(f"SELECT * FROM {quoted(helper('tail', stream))}", parts)
        _view(connection, helper("all", stream), within(relation, span.low, span.high))
    nothing = f"SELECT * FROM {quoted(helper('tail', ACCESS))} WHERE false"
    _view(
        connection, helper("settled", ACCESS), within(settled_relation(nothing, apart), span.start, span.end)
    )
    relation = within(requests_relation(), span.start, span.end)
    if known:
        _view(connection, KNOWN_REQUESTS, relation)
    _view(connection, REQUESTS, f"SELECT {COLUMNS_OF_STREAM} FROM ({relation})")


def _view(connection: Any, name: str, relation: str) -> None:
    connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS {relation}")


def _fetch(connection: Any, sql: str, skip: int, bounds: Bounds) -> Answer:
    reader = connection.sql(one_statement(connection, sql)).to_arrow_reader(_BATCH)
    columns: list[str] = list(dict.fromkeys(reader.schema.names))
    rows: list[dict[str, Any]] = []
    size = 0
    for batch in reader:
        fresh = batch.slice(min(skip, batch.num_rows))
        skip -= batch.num_rows - fresh.num_rows
        fitting = _fitting(fresh.slice(0, bounds.rows - len(rows)), bounds.bytes - size)
        rows += map(plain_row, fitting.to_pylist())
        size += fitting.nbytes
        if fitting.num_rows < fresh.num_rows:
            if not rows and bounds.rows:
                raise QueryError(
                    f"the first row of the answer is larger than {bounds.bytes} bytes",
                    hint="Ask for fewer columns, or for a part of the text.",
                )
            return Answer(columns, rows, partial=True)
    return Answer(columns, rows)


def _fitting(batch: Any, room: int) -> Any:
    """The first rows of a batch, no larger together than so many bytes, looked at before they grow into Python's."""
    while batch.num_rows and batch.nbytes > room:
        batch = batch.slice(0, batch.num_rows // 2)
    return batch


def explained(error: duckdb.Error, seconds: float) -> QueryError:
    """DuckDB's error in OpenObserve's numbers."""
    message = _first_line(error)
    if isinstance(error, duckdb.InterruptException):
        return over_time(seconds)
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


def over_time(seconds: float) -> QueryError:
    return QueryError(f"the query took longer than {seconds:g} s", number=20010, status=408)


def _shutting_down() -> QueryError:
    return QueryError("the store is shutting down", status=503)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it failed"])[0]


def _text(path: object) -> str:
    return str(path).replace("'", "''")
