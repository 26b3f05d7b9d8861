"""Connections to origins: kept alive, pooled by address, read with httptools."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httptools

from edgewise.cdn import failure
from edgewise.cdn.http.wire import request_head
from edgewise.cdn.message import Headers, Request, Response

# RFC 9110 section 9.2.1: repeating these changes nothing at the origin.
_SAFE = ("GET", "HEAD", "OPTIONS")
# An origin that sends faster than the viewer reads is paused when this much is waiting.
_HIGH_WATER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where an origin listens. `server_name` is the name its certificate must have."""

    host: str
    port: int
    tls: bool = False
    server_name: str = ""

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: for one attempt to connect, how many attempts, for the first byte and between packets."""

    connect: float = 10.0
    attempts: int = 3
    read: float = 30.0
    keepalive: float = 5.0


class ConnectionPool:
    """Sends requests to origins, over idle connections where there are any."""

    def __init__(self) -> None:
        self._idle: dict[Address, deque[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._tls = ssl.create_default_context()

    async def send(
        self, address: Address, request: Request, timeouts: Timeouts, *, repeatable: bool = False
    ) -> Response:
        """Send a request and wait for the head of its answer.

        A request that met a connection which the origin was just closing is sent again if its method is safe, or
        if it is `repeatable` all the same. Raises `RequestFailure`: 502 when the origin cannot be reached or
        understood, 504 when it is silent.
        """
        message = request_head(request) + request.body
        repeatable = repeatable or request.method in _SAFE
        connection = self._take(address)
        if connection is not None:
            try:
                return await connection.exchange(request.method, message, timeouts.read)
            except _Closed as closed:
                # A kept-alive connection that the origin closed meanwhile says nothing about the origin.
                if closed.answered or not repeatable:
                    raise failure.unreachable(f"{address}: {closed}") from None
        connection = await self._connect(address, timeouts)
        try:
            return await connection.exchange(request.method, message, timeouts.read)
        except _Closed as closed:
            raise failure.unreachable(f"{address}: {closed}") from None

    def _take(self, address: Address) -> _Connection | None:
        """The idle connection that was used last; those that the origin is closing are passed over."""
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            connection.idle_timer.cancel()
            if connection.usable:
                return connection
        return None

    async def _connect(self, address: Address, timeouts: Timeouts) -> _Connection:
        loop = asyncio.get_running_loop()
        problem = ""
        for _ in range(timeouts.attempts):
            try:
                async with asyncio.timeout(timeouts.connect):
                    _, connection = await loop.create_connection(
                        lambda: _Connection(self, address, timeouts.keepalive),
                        address.host,
                        address.port,
                        ssl=self._tls if address.tls else None,
                        server_hostname=address.server_name if address.tls else None,
                    )
                return connection
            except (socket.gaierror, UnicodeError) as error:
                raise failure.unresolved(f"{address.host}: {error}") from None
            except ConnectionRefusedError:
                raise failure.unreachable(f"{address}: connection refused") from None
            except TimeoutError:
                problem = f"{address}: no connection within {timeouts.connect:g} s"
            except OSError as error:
                raise failure.unreachable(f"{address}: {error.strerror or error}") from None
        raise failure.timed_out(f"{problem}, {timeouts.attempts} attempts")

    def opened(self, connection: _Connection) -> None:
        self._open.add(connection)

    def closed(self, connection: _Connection) -> None:
        self._open.discard(connection)
        idle = self._idle.get(connection.address)
        if idle and connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(connection.address, None)

    def release(self, connection: _Connection, keepalive: float) -> None:
        """Keep a connection for the next request, for `keepalive` seconds."""
        connection.idle_timer = asyncio.get_running_loop().call_later(keepalive, connection.abort)
        self._idle.setdefault(connection.address, deque()).append(connection)

    def close(self) -> None:
        for connection in list(self._open):
            connection.abort()


class _Closed(Exception):
    """The connection ended; `answered` when some of the answer had arrived."""

    def __init__(self, message: str, *, answered: bool) -> None:
        super().__init__(message)
        self.answered = answered


class _Connection(asyncio.Protocol):
    """One connection; one request in flight. It is also the body of the answer while that arrives."""

    def __init__(self, pool: ConnectionPool, address: Address, keepalive: float) -> None:
        self.address = address
        self.usable = False
        self.idle_timer: asyncio.TimerHandle
        self._pool = pool
        self._keepalive = keepalive
        self._transport: asyncio.Transport
        self._reset("")

    def _reset(self, method: str) -> None:
        # A parser of its own for each answer: one that answered HEAD would wait for the body it announced.
        self._parser = httptools.HttpResponseParser(self)
        self._method = method
        self._status = 0
        self._reason = b""
        self._headers = Headers()
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._answered = False
        self._head_complete = False
        self._complete = False
        self._reusable = False
        self._given_back = False
        self._head: asyncio.Future[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._broken = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.usable = True
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._complete:
            self.abort()  # an answer that nobody asked for
            return
        self._answered = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the origin switched protocols, which is not simulated")
        except httptools.HttpParserError as error:
            # After the end of an answer to HEAD the rest does not matter.
            if not self._complete:
                self._fail(f"the origin's answer is not HTTP: {error}")
        self._wake()

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._pool.closed(self)
        if not self._complete:
            # Without a length and without chunks the end of the connection is the end of the body.
            if self._head_complete and self._until_close:
                self._complete = True
            else:
                self._broken = self._broken or "the origin closed the connection"
        self._wake()

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self._head_complete:
            # A second answer to one request: none of it is believed, and the connection is not used again.
            self._reusable = False
        else:
            self._reason, self._headers = b"", Headers()

    def on_status(self, status: bytes) -> None:
        if not self._head_complete:
            self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the head is a trailer, which CloudFront does not pass on.
        if not self._head_complete:
            self._headers.add(name.decode("latin-1"), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        # A status below 200 is only the promise of an answer.
        if self._head_complete or status < 200:
            return
        self._status = status
        self._head_complete = True
        if self._method == "HEAD":
            self._end()

    def on_body(self, chunk: bytes) -> None:
        if self._complete:
            return
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        if self._buffered > _HIGH_WATER:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._head_complete and not self._complete:
            self._end()

    def _end(self) -> None:
        self._complete = True
        self._reusable = self._parser.should_keep_alive()

    @property
    def _until_close(self) -> bool:
        return "content-length" not in self._headers and "transfer-encoding" not in self._headers

    def _fail(self, message: str) -> None:
        self._broken = message
        self.abort()

    def abort(self) -> None:
        self.usable = False
        self._transport.abort()

    def _wake(self) -> None:
        for waiter in (self._head, self._more):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    # One exchange.

    async def exchange(self, method: str, message: bytes, read_timeout: float) -> Response:
        self._reset(method)
        self._read_timeout = read_timeout
        self._transport.write(message)
        try:
            async with asyncio.timeout(read_timeout):
                while not (self._head_complete or self._broken):
                    self._head = asyncio.get_running_loop().create_future()
                    await self._head
        except TimeoutError:
            self.abort()
            raise failure.timed_out(f"{self.address}: no answer within {read_timeout:g} s") from None
        except asyncio.CancelledError:
            self.abort()
            raise
        if not self._head_complete:
            raise _Closed(self._broken, answered=self._answered)
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
            self._transport.resume_reading()  # it may have been paused while the body was buffered
            self._pool.release(self, self._keepalive)
        else:
            self.abort()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._buffered -= len(chunk)
                if self._buffered < _HIGH_WATER // 2:
                    self._transport.resume_reading()
                yield chunk
            if self._complete:
                self._give_back()
                return
            if self._broken:
                raise failure.unreachable(f"{self.address}: {self._broken} within the body")
            self._more = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._read_timeout):
                    await self._more
            except TimeoutError:
                self.abort()
                raise failure.timed_out(f"{self.address}: silent within the body") from None

    def close(self) -> None:
        """Give up a body that nobody will read to its end."""
        if self._complete:
            self._give_back()
        else:
            self.abort()
