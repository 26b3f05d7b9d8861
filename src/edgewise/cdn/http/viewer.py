"""Connections of viewers: requests are answered one after another, in order, and nobody waits or is fed for ever.

Reading is `reading.py`, writing is `writer.py`. A viewer that closes its sending side has left: what was under way for
it is given up, as most proxies do.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import sys
import termios
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
# Seconds between two looks at a connection, at least.
_LOOK_EVERY = 1.0


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
        # One task answers everything that comes over the connection; it waits for `_more` when it has nothing to do.
        self._task: asyncio.Task[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._busy = False
        self._reading_paused = False
        self._flushed: asyncio.Future[None] | None = None
        self._last_read = False
        self._invites_later = False
        self._head_began = 0.0
        self._quiet_since = 0.0
        # What the viewer had not read when it was looked at last, and since when that has not changed.
        self._unread = 0
        self._unread_since = 0.0
        self._given_up = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._loop = asyncio.get_running_loop()
        self._quiet_since = self._loop.time()
        self._timer = self._loop.call_later(self._service.patience, self._look)
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

    def eof_received(self) -> None:
        # Over TLS nothing can be written any more; a plain connection takes what it is given until it is lost.
        if self._busy and self._transport.get_extra_info("ssl_object") is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._quiet_since = self._loop.time()
        if self._last_read:
            return
        self._head_began = self._head_began or self._quiet_since
        try:
            self._reader.feed(data)
        except Unreadable as problem:
            self._last_read = True
            self._invites_later = False
            self._enqueue(problem)

    def pause_writing(self) -> None:
        self._flushed = self._loop.create_future()
        self._unread_since = self._loop.time()

    def resume_writing(self) -> None:
        self._wake_writer()
        self._flushed = None

    # What a writer calls.

    def write(self, data: bytes | memoryview) -> None:
        self._transport.write(data)

    @property
    def writing_paused(self) -> bool:
        return self._flushed is not None

    async def drain(self) -> None:
        """Wait until the viewer has read most of what was written. Raises `TimeoutError` if it does not read.

        It always lets others go first: a viewer that has left is told of in such a moment.
        """
        if self._flushed is None:
            await asyncio.sleep(0)
            return
        await self._flushed
        if self._given_up:
            raise TimeoutError("the viewer does not read")

    def _wake_writer(self) -> None:
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)

    def abort(self) -> None:
        # asyncio's transports cannot be aborted when they are gone.
        if self in self._service.connections:
            self._transport.abort()

    async def close(self) -> None:
        """Cut the connection, and wait until whoever was answering has heard of it."""
        task = self._task
        self._transport.abort()
        if task is not None:
            await asyncio.wait((task,))

    # Time.

    def _look(self) -> None:
        """Close a connection that is silent, whose head does not come to its end, or whose viewer reads nothing.

        A slow viewer may take as long as it likes for an answer, and for a body that it sends.
        """
        now, unread = self._loop.time(), self._unread_bytes()
        if unread != self._unread:
            self._unread, self._unread_since = unread, now
        if unread:
            since = self._unread_since
        elif self._head_began and not self._reader.head_complete:
            since = self._head_began
        else:
            since = self._quiet_since
        left = self._service.patience - (now - since)
        if left > 0 or (self._busy and not unread):
            self._timer = self._loop.call_later(max(_LOOK_EVERY, left), self._look)
        elif not (unread or self._transport.is_closing()):
            self._transport.close()
            # Its end comes at once, unless something below is still held for a viewer that does not read.
            self._timer = self._loop.call_later(max(_LOOK_EVERY, self._service.patience), self._look)
        elif self._flushed is None or not self._busy:
            self.abort()
        else:
            # Whoever is writing hears of it, and cuts the connection.
            self._given_up = True
            self._wake_writer()

    def _unread_bytes(self) -> int:
        """What the viewer has not taken yet, here and in the system: that alone moves while a slow one reads."""
        waiting = self._transport.get_write_buffer_size()
        descriptor = self._transport.get_extra_info("socket") if waiting else None
        if descriptor is None:
            return waiting
        try:
            told = fcntl.ioctl(descriptor.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return waiting  # it is gone, or the system does not tell
        return waiting + int.from_bytes(told, sys.byteorder)

    # Reading.

    def _deliver(self, request: Request, keep_alive: bool) -> None:
        self._invites_later = False  # it came without an invitation
        self._head_began = 0.0
        self._last_read = self._last_read or not keep_alive
        self._enqueue((request, keep_alive))

    def _invite(self) -> None:
        # Only when nothing else is being answered: it would stand in the middle of another answer.
        self._invites_later = self._busy
        if not self._invites_later:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _enqueue(self, item: tuple[Request, bool] | Unreadable) -> None:
        self._waiting.append(item)
        if not self._busy:
            self._busy = True
            if self._more is None or self._more.done():
                self._task = self._loop.create_task(self._answer())
            else:
                self._more.set_result(None)
        elif len(self._waiting) > _MAX_PIPELINED and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    # Answering.

    async def _answer(self) -> None:
        """Answer what is read, in order, for as long as the connection is there."""
        try:
            while not self._transport.is_closing():
                if not self._waiting:
                    await self._next()
                    continue
                item = self._waiting.popleft()
                if self._reading_paused:
                    self._reading_paused = False
                    self._transport.resume_reading()
                if isinstance(item, Unreadable):
                    await self._refuse(item)
                else:
                    request, keep_alive = item
                    writer = ResponseWriter(self, request, keep_alive=keep_alive)
                    await self._service.handler(request, writer)
                    if not writer.keep_alive:
                        self._transport.close()
                if self._waiting:
                    await asyncio.sleep(0)  # others want to be served too
        except TimeoutError:
            self.abort()  # the viewer does not read, which is its business
        except asyncio.CancelledError:
            self.abort()  # nobody else would answer, or end the connection
            raise
        except Exception as error:
            # A defect of ours. It must be seen, and must not leave the viewer waiting.
            self._loop.call_exception_handler({"message": "a request was not answered", "exception": error})
            self.abort()
        self._rest()

    def _rest(self) -> None:
        self._busy = False
        self._quiet_since = self._loop.time()

    def _next(self) -> asyncio.Future[None]:
        """Done when there is something to answer again."""
        self._rest()
        if self._invites_later:
            self._invite()
        self._more = self._loop.create_future()
        return self._more

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
