"""One SELECT over a snapshot, in a locked-down DuckDB: no files but the store's, no network, bounded.

The database is in memory. User SQL runs on a connection of its own, whose temporary views show the snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from edgewise.store.answer import Answer
from edgewise.store.dialect import histogram_width, install, localised
from edgewise.store.engine import Engine, StreamData
from edgewise.store.errors import QueryError
from edgewise.store.failures import explained
from edgewise.store.fetching import fetch
from edgewise.store.known import Kind
from edgewise.store.running import Running
from edgewise.store.statements import Select, check_select
from edgewise.store.views import (
    JOINED,
    KNOWN_REQUESTS,
    REQUEST_SPAN,
    REQUESTS,
    Span,
    quoted,
    tail_of,
    views,
)

DEFAULT_SIZE: Final = 1000
MEMORY: Final = "1GB"  # of all queries together
_PATIENCE: Final = 10.0
_OF_REQUESTS: Final = frozenset({REQUESTS, KNOWN_REQUESTS})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one query may take, and the rows and bytes (of Arrow) that its answer may have."""

    seconds: float = 30.0
    rows: int = 100_000
    bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query that may be run, and over what: `named` are the streams and views that it is to see."""

    sql: str
    select: Select
    named: frozenset[str]
    span: Span


class Searcher:
    """Answers queries over an engine. Safe to use from several threads at once."""

    def __init__(self, engine: Engine, bounds: Bounds = Bounds()) -> None:
        self._engine = engine
        self._bounds = bounds
        database = duckdb.connect(":memory:")
        self._copies = install(database)
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
            database.execute(statement)
        self._running = Running(database)

    def streams(self) -> list[str]:
        """The names of all streams, known ones first."""
        return self._engine.streams()

    def kinds(self, stream: str) -> dict[str, Kind]:
        """A stream's columns and their kinds, in order."""
        return self._engine.kinds(stream)

    def stop(self) -> None:
        """Interrupt the queries that run, and take no more. Returns at once."""
        self._running.stop()

    def allowed(self, seconds: float | None) -> float:
        """How long a query may run when this is asked for."""
        return min(seconds or self._bounds.seconds, self._bounds.seconds)

    def close(self, patience: float = _PATIENCE) -> bool:
        """Stop, and wait for the queries to end; false when one did not within so many seconds."""
        return self._running.close(patience)

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
        with self._running.connection(self._bounds.seconds) as connection:
            select = self._checked(connection, sql)
        most = self._bounds.rows if limit is None or select.limited else min(limit, self._bounds.rows)
        allowed = self.allowed(seconds)
        named, streams = _named(select, self._engine.streams())
        asked = _Asked(sql, select, named, Span(start, end, REQUEST_SPAN if named & _OF_REQUESTS else 0))
        for last_try in (False, True):
            with self._engine.snapshot(streams, asked.span.low, asked.span.high) as data:
                try:
                    with self._running.connection(allowed) as connection:
                        text = self._prepared(connection, asked, data)
                        return fetch(connection, text, skip, most, self._bounds.bytes)
                except duckdb.Error as error:
                    if last_try or not self._found_broken(error, data):
                        raise explained(error) from None
                except (ValueError, OverflowError, pa.ArrowException) as error:
                    raise QueryError(f"a value of the result has no form in JSON: {error}") from None
        raise AssertionError("unreachable")

    def _checked(self, connection: Any, sql: str) -> Select:
        return check_select(connection, sql, self._copies, _OF_REQUESTS)

    def _prepared(self, connection: Any, asked: _Asked, data: Mapping[str, StreamData]) -> str:
        """The text to run, on a connection that has from now on what it names."""
        show(connection, asked.named, data, asked.span)
        text = localised(connection, asked.sql, asked.select, (*data, REQUESTS))
        if text != asked.sql:
            # What is run is what was looked at, and nothing that was made of it since.
            self._checked(connection, text)
        return text

    def _found_broken(self, error: duckdb.Error, data: Mapping[str, StreamData]) -> bool:
        """Were there broken files behind the error? They are set aside. Looking costs a full read."""
        if isinstance(error, duckdb.InvalidInputException):
            may_be = str(self._engine.home.data) in str(error)
        else:
            may_be = type(error) is duckdb.Error or isinstance(error, duckdb.IOException)
        return may_be and self._engine.check([part for one in data.values() for part in one.parts])


def show(connection: Any, named: Collection[str], data: Mapping[str, StreamData], span: Span) -> None:
    """Make the views of these names: streams, and those of requests. Making one costs a look at its files."""
    width = histogram_width(span.start, span.end)
    connection.execute(f"SET VARIABLE histogram_interval = '{width}'")
    for stream, one in data.items():
        connection.register(tail_of(stream), one.tail)
    for name, relation in views(named, data, span):
        connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS {relation}")


def _named(select: Select, streams: list[str]) -> tuple[frozenset[str], list[str]]:
    """The views that a query is to see, and the streams behind them: those it names, or every stream."""
    named = frozenset(select.tables & {*streams, *_OF_REQUESTS}) or frozenset(streams)
    joined = JOINED if named & _OF_REQUESTS else ()
    return named, [stream for stream in streams if stream in named or stream in joined]


def _text(path: object) -> str:
    return str(path).replace("'", "''")
