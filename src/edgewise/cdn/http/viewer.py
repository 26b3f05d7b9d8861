"""Connections of viewers: requests are answered one after another, in order, and nobody waits or is fed for ever.

Reading is `reading.py`, writing is `writer.py`. A viewer that closes its sending side has left: what was under way for
it is given up, as most proxies do.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from edgewise.cdn import errorpage
from edgewise.cdn.http.reading import Peer, RequestReader, Unreadable
from edgewise.cdn.http.writer import ResponseWriter
from edgewise.cdn.message import Request

__all__ = ["Handler", "Refusal", "ResponseWriter", "Service", "ViewerConnection"]

# A viewer that sends requests faster than they are answered is paused when this many are waiting.
_MAX_PIPELINED = 16
# Seconds in which a refused viewer may read the answer. Closing at once on what it still sends would take the answer
# away from it: RFC 9112 section 9.6.
_LINGER = 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that could not be read, and was answered with `status`.

    `request` is what is known of it: `method` and `uri` may be empty, the headers may be some of those that were sent.
    """

    request_id: str
    status: int
    detail: str
    request: Request
    bytes_sent: int


Handler = Callable[[Request, ResponseWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers: `handler` each request through the writer it is given; `refused` hears of those that were not read.

    `request_id` makes the id of a refusal. `patience` is in seconds: for silence, for a whole head to arrive, for the
    viewer to read what was sent. `connections` are those that are open.
    """

    handler: Handler
    refused: Callable[[Refusal], None]
    request_id: Callable[[], str]
    patience: float
    connections: set[ViewerConnection] = field(default_factory=set)


class ViewerConnection(asyncio.Protocol):
    """One connection of a viewer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # What has been read: requests, each with whether the connection stays, or why there are no more.
        self._waiting: deque[tuple[Request, bool] | Unreadable] = deque()
        self._task: asyncio.Task[None] | None = None
        self._reading_paused = False
        self._flushed: asyncio.Future[None] | None = None
        self._last_read = False
        self._head_began = 0.0
        self._quiet_since = 0.0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._loop = asyncio.get_running_loop()
        self._quiet_since = self._loop.time()
        self._timer = self._loop.call_later(self._service.patience, self._idle)
        self._service.connections.add(self)
        self._reader = RequestReader(_peer(self._transport), self._deliver, self._invite)
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.connections.discard(self)
        self._timer.cancel()
        self.resume_writing()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._quiet_since = self._loop.time()
        if self._last_read:
            return
        self._head_began = self._head_began or self._quiet_since
        try:
            self._reader.feed(data)
        except Unreadable as problem:
            self._last_read = True
            self._enqueue(problem)

    def pause_writing(self) -> None:
        self._flushed = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        self._flushed = None

    # What a writer calls.

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    @property
    def writing_paused(self) -> bool:
        return self._flushed is not None

    async def drain(self) -> None:
        """Wait until the viewer has read most of what was written. Raises `TimeoutError` if it does not read."""
        if self._flushed is not None:
            async with asyncio.timeout(self._service.patience):
                await self._flushed

    def abort(self) -> None:
        self._transport.abort()

    # Time.

    def _idle(self) -> None:
        """Close a connection that is silent, whose head does not come to its end, or whose viewer reads nothing."""
        # A body may take as long as it keeps coming; a head may not.
        head_arrives = self._head_began and not self._reader.head_complete
        passed = self._loop.time() - (self._head_began if head_arrives else self._quiet_since)
        left = self._service.patience - passed
        if self._task is not None or left > 0:
            self._timer = self._loop.call_later(max(1.0, left), self._idle)
        elif self._flushed is not None:
            self.abort()
        else:
            self._transport.close()

    # Reading.

    def _deliver(self, request: Request, keep_alive: bool) -> None:
        self._head_began = 0.0
        self._last_read = self._last_read or not keep_alive
        self._enqueue((request, keep_alive))

    def _invite(self) -> None:
        # Only when nothing else is being answered: it would stand in the middle of another answer.
        if self._task is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _enqueue(self, item: tuple[Request, bool] | Unreadable) -> None:
        self._waiting.append(item)
        if self._task is None:
            self._task = self._loop.create_task(self._answer())
        elif len(self._waiting) > _MAX_PIPELINED and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    # Answering.

    async def _answer(self) -> None:
        """Answer what has been read, in order, until nothing is left."""
        try:
            while self._waiting and not self._transport.is_closing():
                item = self._waiting.popleft()
                if self._reading_paused:
                    self._reading_paused = False
                    self._transport.resume_reading()
                if isinstance(item, Unreadable):
                    await self._refuse(item)
                else:
                    await self._serve(*item)
        except Exception as error:
            # A defect of ours. It must be seen, and must not leave the viewer waiting.
            self._loop.call_exception_handler({"message": "a request was not answered", "exception": error})
            self.abort()
        self._quiet_since = self._loop.time()
        self._task = None

    async def _serve(self, request: Request, keep_alive: bool) -> None:
        writer = ResponseWriter(self, request, keep_alive=keep_alive)
        await self._service.handler(request, writer)
        if not writer.keep_alive:
            self._transport.close()

    async def _refuse(self, problem: Unreadable) -> None:
        service, request = self._service, self._reader.known()
        request_id = service.request_id()
        response = errorpage.error(problem.status, problem.sentence, request_id)
        response.headers.add("X-Cache", "Error from cloudfront")
        response.headers.add("X-Amz-Cf-Id", request_id)
        writer = ResponseWriter(self, request, keep_alive=False)
        await writer.send(response)
        service.refused(Refusal(request_id, problem.status, problem.detail, request, writer.bytes_sent))
        self._close_gently()

    def _close_gently(self) -> None:
        try:
            self._transport.write_eof()
        except (OSError, NotImplementedError):
            # The viewer is gone, or this is TLS, which has no half-closed connections here.
            self._transport.close()
        else:
            self._loop.call_later(_LINGER, self._transport.close)


def _peer(transport: asyncio.Transport) -> Peer:
    # There is no name of the other end when it was gone before it was accepted.
    address, port = (transport.get_extra_info("peername") or ("", 0))[:2]
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return Peer(address, port)
    cipher = tls.cipher()
    return Peer(address, port, tls.version() or "", cipher[0] if cipher else "")
