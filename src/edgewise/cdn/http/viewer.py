"""Connections of viewers: requests are read with httptools, answered one after another, and kept within limits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Callable

import httptools

from edgewise.cdn import errorpage
from edgewise.cdn.http.wire import response_head
from edgewise.cdn.limits import REQUEST_BODY_BYTES, REQUEST_HEAD_BYTES, URL_BYTES
from edgewise.cdn.message import Body, Headers, Request, Response

# A viewer that sends requests faster than they are answered is paused when this many are waiting.
_MAX_PIPELINED = 16
# Seconds: for silence, for a whole head to arrive, for the viewer to read what was sent.
_IDLE_TIMEOUT = 60.0


class ResponseWriter:
    """Writes one response and counts what the viewer was sent.

    `keep_alive` says whether the connection may serve another request after this one.
    """

    def __init__(self, connection: ViewerConnection, request: Request, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self._connection = connection
        self._request = request
        self.bytes_sent = 0
        self.first_byte = 0.0

    def _write(self, data: bytes) -> None:
        if not self.first_byte:
            self.first_byte = asyncio.get_running_loop().time()
        self.bytes_sent += len(data)
        self._connection.transport.write(data)

    async def send(self, response: Response) -> None:
        """Send a response; a body that is still arriving is passed on as it comes."""
        if isinstance(response.body, bytes):
            self._send_whole(response, response.body)
        else:
            await self._send_arriving(response, response.body)

    def _head(self, response: Response, framing: str) -> bytes:
        if not self.keep_alive:
            framing += "Connection: close\r\n"
        return response_head(response.status, response.reason, response.headers, framing)

    def _send_whole(self, response: Response, body: bytes) -> None:
        # An answer to HEAD announces the length that the body would have; these two statuses never have one.
        length = response.headers.get("content-length")
        response.headers.remove("content-length")
        if response.status in (204, 304):
            self._write(self._head(response, ""))
        elif self._request.method == "HEAD":
            self._write(self._head(response, f"Content-Length: {length}\r\n" if length else ""))
        else:
            self._write(self._head(response, f"Content-Length: {len(body)}\r\n") + body)

    async def _send_arriving(self, response: Response, body: Body) -> None:
        has_length = "content-length" in response.headers
        chunked = not has_length and self._request.http_version != "1.0"
        if not has_length and not chunked:
            self.keep_alive = False  # the end of the connection is the end of the body
        if self._request.method == "HEAD" or response.status in (204, 304):
            # A function may have made such an answer of one whose body is on its way.
            body.close()
            response.headers.remove("content-length")
            self._write(self._head(response, ""))
            return
        self._write(self._head(response, "Transfer-Encoding: chunked\r\n" if chunked else ""))
        try:
            async for chunk in body:
                self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
                await self._connection.drain()
        except BaseException:
            # Part of the answer is out: the only honest end is to cut the connection.
            body.close()
            self._connection.abort()
            raise
        if chunked:
            self._write(b"0\r\n\r\n")


Handler = Callable[[Request, ResponseWriter], Awaitable[None]]


class ViewerConnection(asyncio.Protocol):
    """One connection of a viewer. `handler` answers each request through the writer it is given."""

    transport: asyncio.Transport

    def __init__(self, handler: Handler, connections: set[ViewerConnection], *, tls: bool) -> None:
        self._handler = handler
        self._connections = connections
        self._scheme = "https" if tls else "http"
        self._parser = httptools.HttpRequestParser(self)
        # What has been read: requests, each with whether the connection stays, or the refusal of what could not be.
        self._requests: deque[tuple[Request, bool] | Response] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._refused = False
        self._quiet_since = 0.0
        self._begin()

    def _begin(self) -> None:
        self._began = 0.0
        self._arrived = 0
        self._head_complete = False
        self._url = b""
        self._headers = Headers()
        self._chunks: list[bytes] = []
        self._head_bytes = 0
        self._body_bytes = 0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_IDLE_TIMEOUT, self._idle)
        self._connections.add(self)
        peer = transport.get_extra_info("peername")
        if peer is None:
            transport.abort()  # gone before it was accepted
            return
        self._peer, self._peer_port = peer[0], peer[1]
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._timer.cancel()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._quiet_since = self._loop.time()
        if self._refused:
            return
        self._began = self._began or self._quiet_since
        self._arrived += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request was read and is answered as it is; the other protocol is not simulated.
            request = self._requests.pop()
            self._requests.append((request[0], False) if isinstance(request, tuple) else request)
            self._refused = True
        except httptools.HttpParserError:
            self._refuse(400, errorpage.BAD_REQUEST)
        # httptools tells of a header when it is whole; one that never ends must not be collected for ever.
        if not self._head_complete and self._arrived > REQUEST_HEAD_BYTES + URL_BYTES:
            self._refuse(494, errorpage.BAD_REQUEST)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def drain(self) -> None:
        """Wait until the viewer has read most of what was written. Raises `TimeoutError` if it does not read."""
        async with asyncio.timeout(_IDLE_TIMEOUT):
            await self._writable.wait()

    def abort(self) -> None:
        self.transport.abort()

    def _idle(self) -> None:
        """Close a connection that is silent, or on which a head does not come to its end."""
        # A body may take as long as it keeps coming; a head may not.
        head_arrives = self._began and not self._head_complete
        passed = self._loop.time() - (self._began if head_arrives else self._quiet_since)
        if self._task is None and passed >= _IDLE_TIMEOUT:
            self.transport.close()
        else:
            self._timer = self._loop.call_later(max(1.0, _IDLE_TIMEOUT - passed), self._idle)

    # What httptools calls.

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head_bytes += len(url)
        if len(self._url) > URL_BYTES:
            self._refuse(414, errorpage.BAD_REQUEST)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > REQUEST_HEAD_BYTES:
            self._refuse(494, errorpage.BAD_REQUEST)
        if self._head_complete:
            return  # a trailer: CloudFront does not pass it on
        self._headers.add(name.decode("latin-1"), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self._head_complete = True
        # Only when nothing else is being answered: it would stand in the middle of another answer.
        expected = self._headers.get("expect").lower() == "100-continue"
        if expected and self._task is None and not self._refused:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        self._body_bytes += len(chunk)
        if self._body_bytes > REQUEST_BODY_BYTES:
            self._refuse(413, errorpage.BAD_REQUEST)
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        uri, _, query = self._url.decode("latin-1").partition("?")
        # RFC 9112 section 3.2: HTTP/1.1 has one Host, and no request has two.
        hosts = len(self._headers.get_all("host"))
        wrong_host = hosts > 1 or (hosts == 0 and self._parser.get_http_version() == "1.1")
        if wrong_host or not uri.startswith("/") or b"#" in self._url:
            self._refuse(400, errorpage.BAD_REQUEST)
            return
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            uri=uri,
            query=query,
            headers=self._headers,
            body=b"".join(self._chunks),
            viewer=self._peer,
            viewer_port=self._peer_port,
            scheme=self._scheme,
            http_version=self._parser.get_http_version(),
            received_bytes=self._head_bytes + self._body_bytes,
        )
        self._enqueue((request, self._parser.should_keep_alive()))
        self._begin()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer a request that cannot be read, after those before it, and close."""
        if self._refused:
            return
        self._refused = True
        response = errorpage.error(status, sentence, "-")
        response.headers.add("X-Cache", "Error from cloudfront")
        self._enqueue(response)

    # Answering.

    def _enqueue(self, item: tuple[Request, bool] | Response) -> None:
        self._requests.append(item)
        if self._task is None:
            self._task = self._loop.create_task(self._answer())
        elif len(self._requests) > _MAX_PIPELINED:
            self.transport.pause_reading()

    async def _answer(self) -> None:
        """Answer what has been read, in order, until nothing is left."""
        while self._requests and not self.transport.is_closing():
            item = self._requests.popleft()
            self.transport.resume_reading()
            if isinstance(item, Response):
                writer = ResponseWriter(self, Request("GET", "/"), keep_alive=False)
                await writer.send(item)
            else:
                request, keep_alive = item
                writer = ResponseWriter(self, request, keep_alive=keep_alive)
                await self._handler(request, writer)
            if not writer.keep_alive:
                self.transport.close()
        self._quiet_since = self._loop.time()
        self._task = None
