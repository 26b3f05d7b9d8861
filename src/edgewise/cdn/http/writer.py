"""Writing one response to a viewer, whole or as its body arrives, no faster than the viewer reads."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from time import perf_counter
from typing import Protocol

from edgewise.cdn.http.wire import response_head
from edgewise.cdn.message import Body, Request, Response

# Up to this size head and body are copied into one packet; what is larger goes out in pieces of it, as the viewer
# reads them. A transport that were given the whole would hold all of it, over TLS a second time.
_ONE_WRITE = 65_536
# Statuses whose answers never have a body.
_BODILESS = frozenset({204, 304})


class Outlet(Protocol):
    """The viewer's connection, as far as writing goes."""

    def write(self, data: bytes | memoryview) -> None: ...

    @property
    def writing_paused(self) -> bool: ...

    async def drain(self) -> None: ...

    def abort(self) -> None: ...


class _Sent:
    """There is nothing to wait for."""

    def __await__(self) -> Generator[None]:
        yield from ()


_SENT = _Sent()


class ResponseWriter:
    """Writes one response and counts what the viewer was sent.

    `keep_alive` says whether the connection may serve another request after this one. `first_byte` is a reading of
    `time.perf_counter` (the loop's own time may be whole milliseconds), 0 before anything is out.
    """

    __slots__ = ("_outlet", "_request", "bytes_sent", "first_byte", "keep_alive")

    def __init__(self, outlet: Outlet, request: Request, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.bytes_sent = 0
        self.first_byte = 0.0
        self._outlet = outlet
        self._request = request

    def _write(self, data: bytes | memoryview) -> None:
        if not self.first_byte:
            self.first_byte = perf_counter()
        self.bytes_sent += len(data)
        self._outlet.write(data)

    def send(self, response: Response) -> Awaitable[None]:
        """Send a response, and wait until the viewer has read most of it; most are out at once.

        A body that is still arriving is passed on as it comes. Raises `RequestFailure` when the head cannot be written
        or the body breaks off, `TimeoutError` when the viewer does not read.
        """
        if not isinstance(response.body, bytes):
            return self._send_arriving(response, response.body)
        rest = self._send_whole(response, response.body)
        if rest or self._outlet.writing_paused:
            return self._send_rest(memoryview(rest))
        return _SENT

    def _head(self, response: Response, framing: str) -> bytes:
        close = "" if self.keep_alive else "Connection: close"
        return response_head(response.status, response.reason, response.headers, framing, close)

    def _has_no_body(self, response: Response) -> bool:
        return self._request.method == "HEAD" or response.status in _BODILESS

    def _send_head_only(self, response: Response) -> None:
        # An answer to HEAD announces the length that the body would have.
        length = "" if response.status in _BODILESS else response.headers.get("content-length")
        self._write(self._head(response, f"Content-Length: {length}" if length else ""))

    def _send_whole(self, response: Response, body: bytes) -> bytes:
        """Send the head, and the body with it if that is small; returns what is left to be sent."""
        if self._has_no_body(response):
            self._send_head_only(response)
            return b""
        head = self._head(response, f"Content-Length: {len(body)}")
        if len(body) > _ONE_WRITE:
            self._write(head)
            return body
        self._write(head + body)
        return b""

    async def _send_rest(self, rest: memoryview) -> None:
        try:
            for begin in range(0, len(rest), _ONE_WRITE):
                self._write(rest[begin : begin + _ONE_WRITE])
                await self._outlet.drain()
            await self._outlet.drain()
        except BaseException:
            # Part of the answer is out: the only honest end is to cut the connection.
            self._outlet.abort()
            raise

    async def _send_arriving(self, response: Response, body: Body) -> None:
        if self._has_no_body(response):
            # Another viewer's GET fetches it, or a function made such an answer of one whose body is on its way.
            body.close()
            self._send_head_only(response)
            return
        length = response.headers.get("content-length")
        chunked = not length and self._request.http_version != "1.0"
        if length:
            framing = f"Content-Length: {length}"
        elif chunked:
            framing = "Transfer-Encoding: chunked"
        else:
            framing = ""
            self.keep_alive = False  # the end of the connection is the end of the body
        try:
            self._write(self._head(response, framing))
            await self._pass_on(body, chunked)
        except BaseException:
            body.close()
            if self.bytes_sent:
                self._outlet.abort()
            raise

    async def _pass_on(self, body: Body, chunked: bool) -> None:
        async for chunk in body:
            self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            await self._outlet.drain()
        if chunked:
            self._write(b"0\r\n\r\n")
