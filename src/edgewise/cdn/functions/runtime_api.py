"""The Lambda Runtime API for one execution environment, on a port of its own.

Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01). One
answer is one write: headers and body in two packets cost 40 ms of delayed acknowledgement each time.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import NamedTuple, Protocol, cast

import httptools

_PREFIX = "/2018-06-01/runtime/"
_ACCEPTED = (
    b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}'
)


class Outcome(NamedTuple):
    """What the runtime client reported of an invocation (or of the start): a payload, or an error."""

    payload: bytes
    error_type: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error_type)


class RuntimeEvents(Protocol):
    """Who is told what the runtime client asks and answers; the first two may refuse by raising `Refused`."""

    def polled(self) -> None:
        """The client asks for the next invocation."""

    def expects(self, request_id: str) -> None:
        """The client answers this invocation; `reported` follows."""

    def reported(self, outcome: Outcome) -> None:
        """The answer of the invocation that is under way."""

    def not_started(self, outcome: Outcome) -> None:
        """The client cannot load the function."""


class Refused(Exception):
    """A call of the runtime client that is not allowed now; the text becomes `errorType`."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class RuntimeApi:
    """Listens for one runtime client. `give` answers its pending request for an invocation."""

    def __init__(self, events: RuntimeEvents) -> None:
        self.events = events
        self._poller: _Connection | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.address = ""

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()

    def polled(self, connection: _Connection) -> None:
        """A client asks for an invocation; it may be given one at once."""
        before, self._poller = self._poller, connection
        try:
            self.events.polled()
        except Refused:
            self._poller = before  # whoever waits goes on waiting
            raise

    def give(self, event: bytes, headers: str) -> None:
        """Hand an invocation to the client, which is waiting for one unless it is just dying."""
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.answer("200 OK", event, headers)

    def opened(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        if self._poller is connection:
            self._poller = None


class _Connection(asyncio.Protocol):
    """One HTTP connection of a runtime client; it never has two requests in flight."""

    transport: asyncio.Transport

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._error_type = ""
        self._chunks: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._api.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._api.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    # What httptools calls.
    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"lambda-runtime-function-error-type":
            self._error_type = value.decode("latin-1")
        elif lower == b"expect":
            # libcurl asks before it sends a large answer, and would wait a second for the word.
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        method, path = self._parser.get_method(), self._url.decode("latin-1")
        body, error_type = b"".join(self._chunks), self._error_type
        self._begin()
        try:
            self._call(method, path.removeprefix(_PREFIX).split("/"), body, error_type)
        except Refused as refusal:
            self._refuse("403 Forbidden", refusal.error_type, str(refusal))

    def _call(self, method: bytes, parts: list[str], body: bytes, error_type: str) -> None:
        match method, parts:
            case b"GET", ["invocation", "next"]:
                self._api.polled(self)
            case b"POST", ["invocation", request_id, "response"]:
                self._report(request_id, Outcome(body))
            case b"POST", ["invocation", request_id, "error"]:
                self._report(request_id, Outcome(body, error_type or "Unhandled"))
            case b"POST", ["init", "error"]:
                self.transport.write(_ACCEPTED)
                self._api.events.not_started(Outcome(body, error_type or "Runtime.Unknown"))
            case _:
                self._refuse("404 Not Found", "NotFound", f"there is no {'/'.join(parts)}")

    def _report(self, request_id: str, outcome: Outcome) -> None:
        self._api.events.expects(request_id)
        # First, so that the client can ask for its next invocation while this one's answer is dealt with.
        self.transport.write(_ACCEPTED)
        self._api.events.reported(outcome)

    def _refuse(self, status: str, error_type: str, message: str) -> None:
        self.answer(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode())

    def answer(self, status: str, body: bytes, headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode("latin-1") + body)
