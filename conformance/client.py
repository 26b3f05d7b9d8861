"""A small HTTP/1 client on a plain socket, so that header case, header order and odd requests are the caller's.

One connection for one request. It follows nothing, decodes nothing and keeps nothing.
"""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

Pairs = list[tuple[str, str]]
PATIENCE = 30.0  # seconds; no rule waits longer for one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the viewer got. `headers` are in the order and the case of the wire."""

    version: str
    status: int
    reason: str
    headers: Pairs
    body: bytes
    complete: bool = True

    def header(self, name: str) -> str | None:
        """The first header of that name in any case."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def cache(self) -> str:
        """`Hit`, `Miss`, `Error`, … of the `X-Cache` header."""
        return (self.header("X-Cache") or "").removesuffix(" from cloudfront")

    @property
    def fetch(self) -> int:
        """How often the origin had been asked for this key when it made this answer; 0 if it is not the origin's."""
        return int(self.header("X-Fetch") or 0)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; a body that is none is shown instead of a traceback."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {"status": self.status, "not json": self.text[:200]}

    def __str__(self) -> str:
        return f"{self.status} {self.reason} (X-Cache: {self.header('X-Cache')}) {self.text[:120]!r}"


class NoAnswer(Exception):
    """The connection ended, or time was over, before there was a whole head."""


class Client:
    """Sends requests to one address. `tls_port` is where https is spoken; None if it is not."""

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{address!r} is not an address such as https://d111111abcdef8.cloudfront.net")
        self.name = url.hostname
        # A named port serves both, as the local CDN's does; a distribution has the two usual ones.
        self.port, self.tls_port = (url.port, url.port) if url.port else (80, 443)
        self.host = url.netloc
        # The answers are judged here, not the certificate: a local CDN signs its own.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def request(
        self,
        method: str,
        target: str,
        headers: Pairs | None = None,
        body: bytes | None = None,
        *,
        tls: bool = False,
        version: str = "1.1",
    ) -> Answer:
        """Send one request with these headers (`Host` and `User-Agent` are added unless they are there)."""
        lines = list(headers or [])
        named = {name.lower() for name, _ in lines}
        if "user-agent" not in named:
            lines.insert(0, ("User-Agent", "conformance-kit"))
        if "host" not in named:
            lines.insert(0, ("Host", self.host))
        if body is not None and not named & {"content-length", "transfer-encoding"}:
            lines.append(("Content-Length", str(len(body))))
        head = f"{method} {target} HTTP/{version}\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines
        )
        return self.send(head.encode("latin-1") + b"\r\n" + (body or b""), method, tls=tls)

    def send(self, data: bytes, method: str = "GET", *, tls: bool = False) -> Answer:
        """Send these bytes and read one answer. Raises `NoAnswer`."""
        try:
            with socket.create_connection(
                (self.name, self.tls_port if tls else self.port), PATIENCE
            ) as plain:
                stream = self._tls.wrap_socket(plain, server_hostname=self.name) if tls else plain
                with stream, stream.makefile("rb") as received:
                    _send(stream, data)
                    return _answer(received, method)
        except OSError as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error


def _send(stream: socket.socket, data: bytes) -> None:
    """A server may refuse and answer before it has read everything; its answer counts, not the broken pipe."""
    try:
        stream.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return


def _answer(received: BinaryIO, method: str) -> Answer:
    while True:
        version, status, reason = _status_line(received)
        headers = _header_lines(received)
        if status >= 200:
            break
    named = {name.lower(): value for name, value in headers}
    if method == "HEAD" or status in (204, 304):
        return Answer(version, status, reason, headers, b"")
    if "chunked" in named.get("transfer-encoding", "").lower():
        body, complete = _chunks(received)
    elif "content-length" in named:
        length = int(named["content-length"])
        body = received.read(length)
        complete = len(body) == length
    else:
        body, complete = received.read(), True
    return Answer(version, status, reason, headers, body, complete)


def _status_line(received: BinaryIO) -> tuple[str, int, str]:
    line = received.readline(70_000)
    version, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
    status, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/") or not status.isdigit():
        raise NoAnswer(f"no status line but {line[:60]!r}")
    return version, int(status), reason


def _header_lines(received: BinaryIO) -> Pairs:
    headers: Pairs = []
    while line := received.readline(70_000).decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return headers


def _chunks(received: BinaryIO) -> tuple[bytes, bool]:
    body = bytearray()
    while line := received.readline(1000):
        size = int(line.split(b";")[0], 16)
        if size == 0:
            _header_lines(received)  # trailers
            return bytes(body), True
        body += received.read(size)
        received.readline(10)
    return bytes(body), False
