"""Requests and responses inside the local CDN.

Text is kept as Latin-1 views of the bytes on the wire (`"\\xc3\\xa9"` for a UTF-8 `é`), so that whatever a
viewer or an origin sent can be passed on byte for byte. `event.py` decodes it for functions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Headers:
    """Header lines in order, with the sender's capitals; names are compared without regard to case."""

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self.lines = list(lines)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.lines == other.lines

    def __repr__(self) -> str:
        return f"Headers({self.lines!r})"

    def get(self, name: str, default: str = "") -> str:
        """The first value; `name` is in lower case, here and below."""
        for key, value in self.lines:
            if key.lower() == name:
                return value
        return default

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key.lower() == name]

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name for key, _ in self.lines)

    def add(self, name: str, value: str) -> None:
        self.lines.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Replace every line of that name by one at the end."""
        self.remove(name.lower())
        self.lines.append((name, value))

    def remove(self, *names: str) -> None:
        self.lines = [line for line in self.lines if line[0].lower() not in names]

    def joined(self, name: str, separator: str = ", ") -> str:
        """All values as one, as RFC 9110 section 5.3 allows."""
        return separator.join(self.get_all(name))

    def copy(self) -> Headers:
        return Headers(self.lines)


@dataclass(slots=True)
class Request:
    """A request on its way to the origin. `uri` is the path alone; `query` has no question mark.

    `viewer` is the address of the viewer's end of the connection. `tls_protocol` and `tls_cipher` are OpenSSL's
    names, empty without TLS; `connection_requests` counts the connection's requests up to and with this one.
    """

    method: str
    uri: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    viewer: str = "127.0.0.1"
    viewer_port: int = 0
    scheme: str = "http"
    http_version: str = "1.1"
    received_bytes: int = 0
    tls_protocol: str = ""
    tls_cipher: str = ""
    connection_requests: int = 1

    @property
    def target(self) -> str:
        return f"{self.uri}?{self.query}" if self.query else self.uri

    def copy(self, headers: Headers | None = None) -> Request:
        """The same request with headers of its own: a copy of those it has, or `headers`."""
        # Spelled out: `dataclasses.replace` takes ten times as long, and every request is copied.
        return Request(
            self.method,
            self.uri,
            self.query,
            Headers(self.headers.lines) if headers is None else headers,
            self.body,
            self.viewer,
            self.viewer_port,
            self.scheme,
            self.http_version,
            self.received_bytes,
            self.tls_protocol,
            self.tls_cipher,
            self.connection_requests,
        )


class Body(Protocol):
    """A body that is still arriving. It is read once, to its end or until `close`."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Response:
    """An answer on its way to the viewer; `body` is either whole or still arriving.

    `closes` says that the viewer's connection ends after it.
    """

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes | Body = b""
    reason: str = ""
    closes: bool = False

    async def read(self) -> bytes:
        """The whole body, collected if it is still arriving."""
        if not isinstance(self.body, bytes):
            self.body = b"".join([chunk async for chunk in self.body])
        return self.body

    def close(self) -> None:
        """Give up a body that nobody will read."""
        if not isinstance(self.body, bytes):
            self.body.close()
