"""Writing one response to a viewer, whole or as its body arrives."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

from edgewise.cdn.http.wire import response_head
from edgewise.cdn.message import Body, Request, Response

# Up to this size head and body are copied into one packet; beyond it the copy costs more than a second call.
_ONE_WRITE = 65_536


class Outlet(Protocol):
    """The viewer's connection, as far as writing goes."""

    def write(self, data: bytes) -> None: ...

    @property
    def writing_paused(self) -> bool: ...

    async def drain(self) -> None: ...

    def abort(self) -> None: ...


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

    def _write(self, data: bytes) -> None:
        if not self.first_byte:
            self.first_byte = perf_counter()
        self.bytes_sent += len(data)
        self._outlet.write(data)

    async def send(self, response: Response) -> None:
        """Send a response; a body that is still arriving is passed on as it comes.

        Raises `RequestFailure` when the head cannot be written or the body breaks off, `TimeoutError` when the viewer
        does not read.
        """
        if isinstance(response.body, bytes):
            self._send_whole(response, response.body)
        else:
            await self._send_arriving(response, response.body)

    def _head(self, response: Response, framing: str) -> bytes:
        close = "" if self.keep_alive else "Connection: close"
        return response_head(response.status, response.reason, response.headers, framing, close)

    def _send_whole(self, response: Response, body: bytes) -> None:
        # An answer to HEAD announces the length that the body would have; these two statuses never have one.
        if response.status in (204, 304):
            self._write(self._head(response, ""))
        elif self._request.method == "HEAD":
            length = response.headers.get("content-length")
            self._write(self._head(response, f"Content-Length: {length}" if length else ""))
        else:
            head = self._head(response, f"Content-Length: {len(body)}")
            if len(body) <= _ONE_WRITE:
                self._write(head + body)
            else:
                self._write(head)
                self._write(body)

    async def _send_arriving(self, response: Response, body: Body) -> None:
        if self._request.method == "HEAD" or response.status in (204, 304):
            # A function may have made such an answer of one whose body is on its way.
            body.close()
            self._write(self._head(response, ""))
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
                # Part of the answer is out: the only honest end is to cut the connection.
                self._outlet.abort()
            raise

    async def _pass_on(self, body: Body, chunked: bool) -> None:
        async for chunk in body:
            self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            if self._outlet.writing_paused:
                await self._outlet.drain()
        if chunked:
            self._write(b"0\r\n\r\n")
