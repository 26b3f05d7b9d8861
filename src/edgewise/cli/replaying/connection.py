"""Kept-alive HTTP/1.1 connections to a server on this machine, one request at a time on each.

Knows nothing of logs: bytes out, status and request id in.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit

import httptools

from edgewise.cli.errors import ReplayError


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests go. `both` means that its port speaks TLS and plain HTTP."""

    host: str
    port: int
    tls: bool
    both: bool = False

    @property
    def place(self) -> tuple[str, int]:
        """What two targets at the same port have in common, with TLS or without."""
        return "127.0.0.1" if self.host == "localhost" else self.host, self.port

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of an answer; `ms` runs from the request's first byte to the answer's last."""

    status: int
    request_id: str | None
    ms: float


def parse_target(url: str) -> Target:
    """The target for `http://127.0.0.1:8080` and the like. Raises `ReplayError` for what is no such address."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or parts.path not in ("", "/"):
        raise ReplayError(f"{url!r} is not a target", hint="Give an address such as http://127.0.0.1:8080")
    return Target(parts.hostname, port, parts.scheme == "https")


def check_loopback(target: Target) -> None:
    """Raises `ReplayError` for every address outside this machine: recorded traffic must not hit a real site."""
    if not _is_loopback(target.host):
        raise ReplayError(
            f"{target.host} is not this machine; recorded traffic is only sent to 127.0.0.1, ::1 or localhost",
            hint="Start the site with `edgewise up` and give its address, or leave --to away.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def connect(target: Target) -> Connection:
    context: ssl.SSLContext | None = None
    if target.tls:
        # The local CDN signs its own certificate; nothing leaves this machine.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, target.host, target.port, ssl=context)
    return connection


class Connection(asyncio.Protocol):
    """One kept-alive connection with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._is_head = False
        self._request_id: str | None = None
        self._ends_with_connection = False
        self._started = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, message: bytes, is_head: bool) -> Answer:
        """Send a request and wait for its whole answer; raises OSError when the connection dies first."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._is_head, self._request_id = is_head, None
        self._started = time.perf_counter()
        self._transport.write(message)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            # Nobody asked for this; what follows could be taken for the next answer.
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"the answer is not HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._parser is not None and self._ends_with_connection and exc is None:
            self._finish()
        self._fail(ConnectionResetError("the connection closed before the answer was complete"))

    # What httptools calls.

    def on_message_begin(self) -> None:
        self._ends_with_connection = False
        self._framed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"x-amz-cf-id":
                self._request_id = value.decode("latin-1")
            case b"content-length" | b"transfer-encoding":
                self._framed = True

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        if self._parser.get_status_code() < 200:
            return
        self._ends_with_connection = not self._framed
        if self._is_head:
            self._finish()

    def on_message_complete(self) -> None:
        # An interim answer (103 Early Hints) is a message of its own.
        if self._parser is not None and self._parser.get_status_code() >= 200:
            self._finish()

    def _finish(self) -> None:
        assert self._parser is not None and self._transport is not None
        parser, self._parser = self._parser, None
        if not parser.should_keep_alive():
            self._transport.close()
        if self._answer is not None and not self._answer.done():
            ms = (time.perf_counter() - self._started) * 1000
            self._answer.set_result(Answer(parser.get_status_code(), self._request_id, ms))

    def _fail(self, error: OSError) -> None:
        self._parser = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
