"""Taking records in: bodies, their room, the engine, and the wait for the disk. `_json`, `_multi`, `_bulk`, Firehose.

Shapes and status codes are OpenObserve's; the one difference that matters is that 200 here means "on the disk".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from edgewise.store.api.answers import as_json, status_of
from edgewise.store.api.bulk import Bulk
from edgewise.store.api.firehose import Delivery
from edgewise.store.bodies import Values, json_values, line_values
from edgewise.store.encodings import MAX_BODY, decompress, too_large
from edgewise.store.engine import Accepted, Engine
from edgewise.store.errors import BodyError
from edgewise.store.intake import MAX_WAITING, Intake, Room
from edgewise.store.normalize import stream_name

# A larger body is taken on a thread of its own, so that other requests are answered meanwhile (bytes). Below it
# the way to the thread costs more than the work.
_AT_ONCE: Final = 512 << 10


class Ingestion:
    """Handlers over one engine. Limits are in bytes: of one body after decompression, and of all that wait."""

    def __init__(self, engine: Engine, max_body: int = MAX_BODY, max_waiting: int = MAX_WAITING) -> None:
        self._engine = engine
        self._max_body = max_body
        self._intake = Intake(max_waiting)
        self._taking = ThreadPoolExecutor(1, thread_name_prefix="take")

    async def json(self, request: Request) -> Response:
        return await self._one_stream(request, json_values)

    async def lines(self, request: Request) -> Response:
        return await self._one_stream(request, line_values)

    async def bulk(self, request: Request) -> Response:
        bulk = Bulk(self._engine)
        await self._take(request, lambda body, room: bulk.store(body))
        return as_json(bulk.answer())

    async def firehose(self, request: Request) -> Response:
        """Firehose wants its own shape whatever happens, and the id of the request it sent."""
        stream = stream_name(request.path_params["stream"])
        delivery = Delivery(self._engine, stream, request.headers, self._max_body)
        status, failure = 200, {}
        try:
            # Its records may be compressed each, so the size of the body says little about the work.
            await self._take(request, lambda body, room: delivery.store(body, room.take), at_once=0)
        except ClientDisconnect:
            raise
        except Exception as error:
            status, message = status_of(error)
            failure = {"errorMessage": message}
        now = time.time_ns() // 1_000_000
        return as_json({"requestId": delivery.request_id, "timestamp": now, **failure}, status)

    async def _one_stream(self, request: Request, parse: Callable[[bytes], Values]) -> Response:
        stream = stream_name(request.path_params["stream"])
        accepted = await self._take(request, lambda body, room: [self._engine.ingest(stream, parse(body))])
        return as_json({"code": 200, "status": [_status(one) for one in accepted]})

    async def _take(
        self, request: Request, store: Callable[[bytes, Room], list[Accepted]], at_once: int = _AT_ONCE
    ) -> list[Accepted]:
        """Let `store` put away what the body holds; all of it is durable when this returns.

        Raises `BodyError` and `JournalError`.
        """
        encoding = request.headers.get("content-encoding", "")
        with self.room() as room:
            body = await self.body(request, room)

            def work() -> list[Accepted]:
                return store(decompress(body, encoding, self._max_body, room.take), room)

            if encoding or len(body) > at_once:
                accepted = await asyncio.get_running_loop().run_in_executor(self._taking, work)
            else:
                accepted = work()
            for one in accepted:
                await asyncio.wrap_future(one.durable)
        return accepted

    def room(self) -> AbstractContextManager[Room]:
        """For one request's body; see `Intake`."""
        return self._intake.room()

    async def body(self, request: Request, room: Room) -> bytes:
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


def _status(accepted: Accepted) -> dict[str, Any]:
    status: dict[str, Any] = {
        "name": accepted.stream,
        "successful": accepted.successful,
        "failed": len(accepted.failures),
    }
    if accepted.failures:
        *_, status["error"] = accepted.failures.values()
    return status
