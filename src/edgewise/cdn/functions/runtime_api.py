"""The Lambda Runtime API for one execution environment, on a port of its own.

Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01). One
answer is one write: headers and body in two packets cost 40 ms of delayed acknowledgement each time.
"""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass
from typing import Protocol

import httptools

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the runtime client reported of an invocation (or of the start): a payload, or an error."""

    payload: bytes
    error_type: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error_type)


@dataclass(frozen=True, slots=True)
class Work:
    """One invocation to hand out. `deadline_ms` is in milliseconds since the epoch."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str


class RuntimeEvents(Protocol):
    """Who is told what the runtime client asks and answers; both may refuse by raising `Refused`."""

    def polled(self) -> None:
        """The client asks for the next invocation."""

    def reported(self, request_id: str | None, outcome: Outcome) -> None:
        """The client answers an invocation; None is the start of the environment."""


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

    def waiting(self, connection: _Connection) -> None:
        self._poller = connection

    def give(self, work: Work) -> None:
        """Hand an invocation to the client, which is waiting for one unless it is just dying."""
        poller, self._poller = self._poller, None
        if poller is None:
            return
        poller.answer(
            "200 OK",
            work.event,
            f"Lambda-Runtime-Aws-Request-Id: {work.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {work.deadline_ms}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {work.function_arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {work.trace_id}\r\n",
        )

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
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
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
                self._api.waiting(self)
                self._api.events.polled()
            case b"POST", ["invocation", request_id, "response"]:
                self._api.events.reported(request_id, Outcome(body))
                self._accept()
            case b"POST", ["invocation", request_id, "error"]:
                self._api.events.reported(request_id, Outcome(body, error_type or "Unhandled"))
                self._accept()
            case b"POST", ["init", "error"]:
                self._api.events.reported(None, Outcome(body, error_type or "Runtime.Unknown"))
                self._accept()
            case _:
                self._refuse("404 Not Found", "NotFound", f"there is no {'/'.join(parts)}")

    def _accept(self) -> None:
        self.answer("202 Accepted", b'{"status":"OK"}')

    def _refuse(self, status: str, error_type: str, message: str) -> None:
        self.answer(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode())

    def answer(self, status: str, body: bytes, headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode("latin-1") + body)
