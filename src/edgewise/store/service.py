"""The store's HTTP face, in OpenObserve's words: `_json`, `_multi`, `_search`, `healthz`. An ASGI application.

Shapes and status codes are those of OpenObserve's handlers; the one difference that matters is that 200 here
means "on the disk".
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hmac
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from edgewise.store.answer import Answer
from edgewise.store.bodies import MAX_BODY, Values, decompress, json_values, line_values, too_large
from edgewise.store.engine import Accepted, Engine
from edgewise.store.errors import BodyError, JournalError, QueryError
from edgewise.store.home import Credentials
from edgewise.store.intake import MAX_WAITING, Intake, Room
from edgewise.store.normalize import stream_name
from edgewise.store.search import DEFAULT_SIZE, Searcher

ORGANIZATION: Final = "default"
_SEARCH_THREADS: Final = 2
# A larger body is taken on a thread of its own, so that other requests are answered meanwhile (bytes). Below it
# the way to the thread costs more than the work.
_AT_ONCE: Final = 512 << 10
_MAX_QUERY: Final = 1 << 20
_LOG: Final = logging.getLogger(__name__)


def application(
    engine: Engine,
    searcher: Searcher,
    credentials: Credentials,
    max_body: int = MAX_BODY,
    max_waiting: int = MAX_WAITING,
) -> Starlette:
    """The routes over one engine. Neither engine nor searcher is closed here. Limits are in bytes."""
    service = _Service(engine, searcher, credentials, max_body, max_waiting)
    return Starlette(
        routes=[
            Route("/healthz", service.health, methods=["GET"]),
            Route("/api/{organization}/{stream}/_json", service.route(service.take_json), methods=["POST"]),
            Route("/api/{organization}/{stream}/_multi", service.route(service.take_lines), methods=["POST"]),
            Route("/api/{organization}/_search", service.route(service.search), methods=["POST"]),
        ],
    )


class _Service:
    def __init__(
        self, engine: Engine, searcher: Searcher, credentials: Credentials, max_body: int, max_waiting: int
    ) -> None:
        pair = f"{credentials.user}:{credentials.password}".encode()
        self._authorization = b"basic " + base64.b64encode(pair)
        self._engine = engine
        self._searcher = searcher
        self._max_body = max_body
        self._intake = Intake(max_waiting)
        self._searching = ThreadPoolExecutor(_SEARCH_THREADS, thread_name_prefix="search")
        self._taking = ThreadPoolExecutor(1, thread_name_prefix="take")

    def route(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """The handler behind authentication, with our errors as OpenObserve's answers."""

        @functools.wraps(handler)
        async def guarded(request: Request) -> Response:
            if not self._allowed(request.headers.get("authorization", "")):
                challenge = {"WWW-Authenticate": 'Bearer realm="openobserve"'}
                return PlainTextResponse("Unauthorized Access", 401, challenge)
            if request.path_params["organization"] != ORGANIZATION:
                return _message(403, f"there is one organisation here: {ORGANIZATION}")
            try:
                response: Response = await handler(request)
            except BodyError as error:
                return _message(error.status, error.message)
            except JournalError as error:
                return _message(503, error.message)
            except QueryError as error:
                return _query_failed(error)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                _LOG.exception("a request could not be answered")
                return _message(500, f"the store failed: {error}")
            return response

        return guarded

    def _allowed(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        given = f"{scheme.lower()} {token.strip()}".encode()
        return hmac.compare_digest(given, self._authorization)

    async def health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def take_json(self, request: Request) -> Response:
        return await self._take(request, json_values)

    async def take_lines(self, request: Request) -> Response:
        return await self._take(request, line_values)

    async def _take(self, request: Request, parse: Callable[[bytes], Values]) -> Response:
        stream = stream_name(request.path_params["stream"])
        encoding = request.headers.get("content-encoding", "")
        with self._intake.room() as room:
            body = await self._body(request, room)

            def ingest() -> Accepted:
                return self._engine.ingest(stream, parse(decompress(body, encoding, self._max_body)))

            if encoding or len(body) > _AT_ONCE:
                accepted = await asyncio.get_running_loop().run_in_executor(self._taking, ingest)
            else:
                accepted = ingest()
            await asyncio.wrap_future(accepted.durable)
        return _json({"code": 200, "status": [_status(accepted)]})

    async def _body(self, request: Request, room: Room) -> bytes:
        """The body as it was sent. Raises `BodyError` 413, or 503 when too much else is under way."""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._max_body:
            raise BodyError(too_large(self._max_body), status=413)
        pieces: list[bytes] = []
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > self._max_body:
                raise BodyError(too_large(self._max_body), status=413)
            room.take(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    async def search(self, request: Request) -> Response:
        began = time.perf_counter()
        with self._intake.room() as room:
            body = await self._body(request, room)
        query, seconds = _query_of(decompress(body, request.headers.get("content-encoding", ""), _MAX_QUERY))
        skip, size = query.get("from", 0), query.get("size", DEFAULT_SIZE)
        run = functools.partial(
            self._searcher.query,
            query["sql"],
            start=query["start_time"],
            end=query["end_time"],
            skip=skip,
            limit=None if size < 0 else size,
            seconds=seconds,
        )
        answer = await asyncio.get_running_loop().run_in_executor(self._searching, run)
        took = round((time.perf_counter() - began) * 1000)
        return _json(_search_answer(answer, took, skip, size))


def _query_of(body: bytes) -> tuple[dict[str, Any], float | None]:
    """The request's `query`, checked, and its time limit in seconds. Raises `QueryError` or `BodyError`."""
    try:
        request = orjson.loads(body)
        query = dict(request["query"])
        timeout = float(request.get("timeout") or 0)
    except (ValueError, KeyError, TypeError) as error:
        raise BodyError(f"expected {{'query': {{'sql', 'start_time', 'end_time'}}}}: {error!r}") from None
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


def _status(accepted: Accepted) -> dict[str, Any]:
    status: dict[str, Any] = {
        "name": accepted.stream,
        "successful": accepted.successful,
        "failed": len(accepted.failures),
    }
    if accepted.failures:
        status["error"] = accepted.failures[-1]
    return status


def _search_answer(answer: Answer, took: int, skip: int, size: int) -> dict[str, Any]:
    return {
        "took": took,
        "took_detail": {},
        "columns": answer.columns,
        "hits": answer.rows,
        "total": len(answer.rows),
        "from": skip,
        "size": size,
        "cached_ratio": 0,
        "scan_size": 0,
        "idx_scan_size": 0,
        "scan_records": len(answer.rows),
        "trace_id": uuid.uuid4().hex,
        "is_partial": answer.partial,
        "result_cache_ratio": 0,
        "function_error": [],
        "order_by": None,
    }


def _query_failed(error: QueryError) -> Response:
    content = {
        "code": error.number,
        "message": error.message,
        "error_detail": error.hint or "",
        "trace_id": uuid.uuid4().hex,
    }
    header = error.message.encode("ascii", "backslashreplace").decode()
    return _json(content, error.status, {"X-Error-Message": header.replace("\r", " ").replace("\n", " ")})


def _message(status: int, message: str) -> Response:
    return _json({"code": status, "message": message}, status)


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")
