"""One connection to an origin: requests go out whole, one after another; answers are read with httptools.

An answer is either believed or not: what an origin says beyond it, against its own length or without an end is the
end of the connection. Which request goes where is decided in `upstream.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import cast

import httptools

from edgewise.cdn import failure
from edgewise.cdn.message import Headers, Response

# An origin that sends faster than the viewer reads is paused when this much is waiting.
_HIGH_WATER = 1024 * 1024
# Developer Guide, "Quotas", headers of an origin's response; beyond it 502.
HEAD_BYTES = 32_768


class Closed(Exception):
    """There is no answer. `answered` says whether some of it had come, `kind` is CloudFront's detailed result type."""

    def __init__(self, message: str, kind: str, *, answered: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.answered = answered


class Silent(Exception):
    """No answer came within the read timeout."""


class OriginConnection(asyncio.Protocol):
    """One request in flight at most. The connection is also the body of the answer while that arrives.

    `released` and `closed` are told when it may serve the next request, and when it is no more.
    """

    def __init__(
        self,
        name: str,
        keepalive: float,
        released: Callable[[OriginConnection], None],
        closed: Callable[[OriginConnection], None],
    ) -> None:
        self.usable = False
        self._name = name
        self._keepalive = keepalive
        self._released = released
        self._closed = closed
        self._parser = httptools.HttpResponseParser(self)
        self._read_timeout = keepalive
        self._deadline = inf
        self._waiter: asyncio.Future[None] | None = None
        self._begin("")
        self._given_back = True  # nothing was asked yet

    def _begin(self, method: str) -> None:
        self._method = method
        self._status = 0
        self._reason = b""
        self._headers = Headers()
        self._head_bytes = 0
        self._untold = 0
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._paused = False
        self._answered = False
        self._head_complete = False
        self._complete = False
        self._reusable = False
        self._given_back = False
        self._broken = ""
        self._kind = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._loop = asyncio.get_running_loop()
        self.usable = True
        self._rings = self._loop.time() + self._keepalive
        self._timer = self._loop.call_at(self._rings, self._ring)
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._given_back:
            self.abort()  # an answer that nobody asked for
            return
        self._answered = True
        self._untold += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the origin switched protocols, which is not simulated", "OriginInvalidResponseError")
        except httptools.HttpParserError as error:
            # After the end of an answer the rest does not matter, but the connection is not used again.
            if self._complete:
                self._reusable = False
            else:
                self._fail(f"the origin's answer is not HTTP: {error}", "OriginInvalidResponseError")
        # httptools tells of a header when it is whole; one that never ends must not be collected for ever.
        if self._untold > 2 * HEAD_BYTES and not self._complete:
            self._head_too_big()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._timer.cancel()
        self._closed(self)
        if not self._complete:
            # Without a length and without chunks the end of the connection is the end of the body.
            if self._head_complete and self._until_close and exc is None and not self._broken:
                self._complete = True
            else:
                self._broken = self._broken or "the origin closed the connection"
                self._kind = self._kind or "OriginReadError"
        self._wake()

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self._head_complete:
            # A second answer to one request: none of it is believed, and the connection is not used again.
            self._reusable = False
        elif self._reason or self._head_bytes:
            # Only a promise of an answer came before.
            self._reason, self._headers, self._head_bytes = b"", Headers(), 0

    def on_status(self, status: bytes) -> None:
        if not self._head_complete:
            self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > HEAD_BYTES:
            self._head_too_big()
        # What comes after the head is a trailer, which CloudFront does not pass on.
        elif not self._head_complete:
            self._headers.lines.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._untold = 0
        status = self._parser.get_status_code()
        # A status below 200 is only the promise of an answer.
        if self._head_complete or status < 200 or self._broken:
            return
        self._status = status
        self._head_complete = True
        if self._method == "HEAD":
            self._end()

    def on_body(self, chunk: bytes) -> None:
        self._untold = 0
        if self._complete:
            return
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        if self._buffered > _HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._untold = 0
        if self._head_complete and not self._complete and not self._broken:
            self._end()

    def _end(self) -> None:
        self._complete = True
        self._reusable = self._parser.should_keep_alive()

    @property
    def _until_close(self) -> bool:
        return "content-length" not in self._headers and "transfer-encoding" not in self._headers

    def _head_too_big(self) -> None:
        self._fail(f"the origin's headers are larger than {HEAD_BYTES} bytes", "OriginHeaderTooBigError")

    def _fail(self, message: str, kind: str) -> None:
        self._broken = self._broken or message
        self._kind = self._kind or kind
        self.abort()

    def abort(self) -> None:
        self.usable = False
        self._transport.abort()

    # Waiting. One timer serves all requests of a connection: most end long before it would ring.

    def _expire_in(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._deadline < self._rings:
            self._timer.cancel()
            self._rings = self._deadline
            self._timer = self._loop.call_at(self._rings, self._ring)

    def _ring(self) -> None:
        now = self._loop.time()
        if now < self._deadline:
            self._rings = min(self._deadline, now + max(self._read_timeout, self._keepalive))
            self._timer = self._loop.call_at(self._rings, self._ring)
        elif self._waiter is None:
            self.abort()  # idle for too long
        elif not self._waiter.done():
            self._rings = inf
            self._waiter.set_exception(Silent())

    def _news(self) -> asyncio.Future[None]:
        """Done when the origin says something, or with `Silent`. Whoever waits aborts if that ends badly."""
        self._waiter = self._loop.create_future()
        self._expire_in(self._read_timeout)
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            self._deadline = inf
            waiter.set_result(None)

    # One exchange.

    async def exchange(self, method: str, message: bytes, read_timeout: float) -> Response:
        """Send a request and wait for the head of its answer. Raises `Closed` or `Silent`."""
        if self._method == "HEAD":
            # This parser still waits for the body which that answer announced.
            self._parser = httptools.HttpResponseParser(self)
        self._begin(method)
        self._read_timeout = read_timeout
        self._transport.write(message)
        try:
            while not (self._head_complete or self._broken):
                await self._news()
        except BaseException:
            self.abort()
            raise
        if not self._head_complete:
            raise Closed(self._broken, self._kind, answered=self._answered)
        reason = self._reason.decode("latin-1")
        if not self._complete:
            return Response(self._status, self._headers, self, reason)
        body = b"".join(self._chunks)
        self._give_back()
        return Response(self._status, self._headers, body, reason)

    def _give_back(self) -> None:
        if self._given_back:
            return
        self._given_back = True
        if self._reusable and self.usable:
            if self._paused:
                self._resume()
            self._expire_in(self._keepalive)
            self._released(self)
        else:
            self.abort()

    def _resume(self) -> None:
        self._paused = False
        self._transport.resume_reading()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._buffered -= len(chunk)
                if self._paused and self._buffered < _HIGH_WATER // 2:
                    self._resume()
                yield chunk
            if self._complete:
                self._give_back()
                return
            if self._broken:
                raise failure.unreachable(f"{self._name}: {self._broken} within the body", self._kind)
            try:
                await self._news()
            except BaseException as error:
                self.abort()
                if isinstance(error, Silent):
                    raise failure.timed_out(f"{self._name}: silent within the body") from None
                raise

    def close(self) -> None:
        """Give up a body that nobody will read to its end."""
        if self._complete:
            self._give_back()
        else:
            self.abort()
