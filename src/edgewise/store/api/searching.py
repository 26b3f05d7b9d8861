"""Asking: `_search`, and OpenObserve's short questions `_values`, `streams` and `schema`."""

from __future__ import annotations

import asyncio
import functools
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from edgewise.store.api.answers import as_json
from edgewise.store.api.ingestion import Ingestion
from edgewise.store.bodies import parse
from edgewise.store.encodings import decompress
from edgewise.store.errors import BodyError, QueryError
from edgewise.store.failures import over_time
from edgewise.store.known import CONFLICTS, OVERFLOW, Kind
from edgewise.store.search import DEFAULT_SIZE, Searcher
from edgewise.store.timestamps import EARLIEST, LATEST
from edgewise.store.views import quoted

_THREADS: Final = 2
# A query that can be interrupted says itself that its time is over, which takes a moment.
_GRACE: Final = 1.0
_MAX_QUERY: Final = 1 << 20
_VALUES: Final = 10
_MOST_FIELDS: Final = 20
# DataFusion's names, which OpenObserve shows.
_TYPES: Final[dict[Kind, str]] = {"int": "Int64", "float": "Float64", "bool": "Boolean", "text": "Utf8"}
_HIDDEN: Final = frozenset({CONFLICTS, OVERFLOW})
_INT64: Final = range(-(2**63), 2**63)
_Found = TypeVar("_Found")


class Searching:
    """Handlers over one searcher; `intake` bounds the bodies."""

    def __init__(self, searcher: Searcher, intake: Ingestion) -> None:
        self._searcher = searcher
        self._intake = intake
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._overdue: set[Future[Any]] = set()

    async def search(self, request: Request) -> Response:
        began = time.perf_counter()
        with self._intake.room() as room:
            body = await self._intake.body(request, room)
        query, seconds = _query_of(decompress(body, request.headers.get("content-encoding", ""), _MAX_QUERY))
        skip, size = query.get("from", 0), query.get("size", DEFAULT_SIZE)
        answer = await self._run(
            functools.partial(
                self._searcher.query,
                query["sql"],
                start=query["start_time"],
                end=query["end_time"],
                skip=skip,
                limit=None if size < 0 else size,
                seconds=seconds,
            ),
            seconds,
        )
        return as_json(_search_answer(answer.columns, answer.rows, began, skip, size, answer.partial))

    async def values(self, request: Request) -> Response:
        """The most frequent values of some fields, each with how often it occurs."""
        began = time.perf_counter()
        stream = request.path_params["stream"]
        fields = [name for name in request.query_params.get("fields", "").split(",") if name]
        if not 0 < len(fields) <= _MOST_FIELDS:
            raise BodyError(f"fields: expected 1 to {_MOST_FIELDS} names, with commas between them")
        start, end = _number(request, "start_time", EARLIEST), _number(request, "end_time", LATEST)
        skip, size = _number(request, "from", 0), _number(request, "size", _VALUES)
        if skip < 0:
            raise BodyError("from: expected 0 or more")
        keyword = request.query_params.get("keyword", "")
        hits = []
        for name in fields:
            sql = _values_sql(stream, name, keyword)
            ask = functools.partial(
                self._searcher.query, sql, start=start, end=end, skip=skip, limit=None if size < 0 else size
            )
            answer = await self._run(ask)
            hits.append({"field": name, "values": answer.rows})
        return as_json(_search_answer(["field", "values"], hits, began, skip, size, False))

    async def streams(self, request: Request) -> Response:
        """All streams with what they hold; with `fetchSchema=true` also their fields."""
        with_schema = request.query_params.get("fetchSchema") == "true"
        described = [
            _stream(name, self._searcher.kinds(name), with_schema) for name in self._searcher.streams()
        ]
        return as_json({"list": described, "total": len(described)})

    async def schema(self, request: Request) -> Response:
        name = request.path_params["stream"]
        if name not in self._searcher.streams():
            raise QueryError(f"there is no stream {name!r}", number=20002, status=404)
        return as_json(_stream(name, self._searcher.kinds(name), True))

    async def _run(self, ask: Callable[[], _Found], seconds: float | None = None) -> _Found:
        """What a thread finds, in the time that a query has with its wait for a thread. Raises `QueryError` after that.

        DuckDB cannot be interrupted everywhere, so the thread may run on; while all do, nothing more is begun.
        """
        self._overdue = {one for one in self._overdue if not one.done()}
        if len(self._overdue) >= _THREADS:
            raise _busy()
        allowed = self._searcher.allowed(seconds)
        future = self._threads.submit(ask)
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait([waiting], timeout=allowed + _GRACE)
            if waiting.done():
                return waiting.result()
            if future.cancel():
                raise _busy()
            self._overdue.add(future)
            raise over_time(allowed)
        finally:
            waiting.cancel()


def _busy() -> QueryError:
    return QueryError(
        "the store is busy with other queries", status=503, hint="Ask again later, and for less time."
    )


def _values_sql(stream: str, field: str, keyword: str) -> str:
    """Values and names are quoted: a request's text never becomes SQL."""
    column = quoted(field)
    wanted = "'" + keyword.replace("'", "''") + "'"
    where = f"AND contains(lower({column}::VARCHAR), lower({wanted}))" if keyword else ""
    return (
        f"SELECT {column} AS zo_sql_key, count(*) AS zo_sql_num FROM {quoted(stream)} "
        f"WHERE {column} IS NOT NULL {where} "
        "GROUP BY zo_sql_key ORDER BY zo_sql_num DESC, zo_sql_key"
    )


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError:
        raise BodyError(f"{name}: expected an integer") from None
    if number not in _INT64:
        raise BodyError(f"{name}: expected an integer of 64 bits")
    return number


def _stream(name: str, kinds: dict[str, Kind], with_schema: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "stream_type": "logs", "storage_type": "disk"}
    if with_schema:
        described["schema"] = [
            {"name": column, "type": _TYPES[kind]} for column, kind in kinds.items() if column not in _HIDDEN
        ]
    return described


def _query_of(body: bytes) -> tuple[dict[str, Any], float | None]:
    """The request's `query`, checked, and its time limit in seconds. Raises `BodyError`."""
    request = parse(body)
    query = request.get("query") if isinstance(request, dict) else None
    if not isinstance(query, dict):
        raise BodyError(
            'expected {"query": {"sql": …, "start_time": …, "end_time": …}}: there is no object "query"'
        )
    try:
        timeout = float(request.get("timeout") or 0)
    except (ValueError, TypeError):
        raise BodyError("timeout: expected a number of seconds") from None
    if not isinstance(query.get("sql"), str):
        raise BodyError("query.sql: expected text")
    for name in ("start_time", "end_time", "from", "size"):
        optional = name in ("from", "size") and name not in query
        if not optional and type(query.get(name)) is not int:
            raise BodyError(
                f"query.{name}: expected an integer" + (" (microseconds)" if "time" in name else "")
            )
    if query["start_time"] > query["end_time"]:
        raise BodyError("query.start_time is after query.end_time")
    if query.get("from", 0) < 0:
        raise BodyError("query.from: expected 0 or more")
    # 0 or less: no bound of the client's own.
    return query, timeout if timeout > 0 else None


def _search_answer(
    columns: list[str], rows: list[dict[str, Any]], began: float, skip: int, size: int, partial: bool
) -> dict[str, Any]:
    return {
        "took": round((time.perf_counter() - began) * 1000),
        "took_detail": {},
        "columns": columns,
        "hits": rows,
        "total": len(rows),
        "from": skip,
        "size": size,
        "cached_ratio": 0,
        "scan_size": 0,
        "idx_scan_size": 0,
        "scan_records": len(rows),
        "trace_id": uuid.uuid4().hex,
        "is_partial": partial,
        "result_cache_ratio": 0,
        "function_error": [],
        "order_by": None,
    }
