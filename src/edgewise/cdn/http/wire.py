"""Writing HTTP/1.1 heads. Reading is httptools' work."""

from __future__ import annotations

import re

from edgewise.cdn import failure
from edgewise.cdn.errorpage import reason as reason_phrase
from edgewise.cdn.message import Headers, Request

# Headers that speak of one connection only; they are written anew for each hop. RFC 9110 section 7.6.1.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


# Whatever let one of these into a value, it must not start a line of its own.
_LINE_END = re.compile(r"[\r\n\0]")
_WITH_BODY = ("POST", "PUT", "PATCH")


def _checked(text: str) -> str:
    if _LINE_END.search(text):
        raise failure.unreachable(f"{text!r} cannot be written to the wire")
    return text


def lines(headers: Headers) -> str:
    """Header lines for the wire, without those of a single hop."""
    kept = (f"{name}: {value}" for name, value in headers if name.lower() not in HOP_BY_HOP)
    return "".join(f"{_checked(line)}\r\n" for line in kept)


def _encoded(head: str) -> bytes:
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError as error:
        raise failure.unreachable(f"a header cannot be written to the wire: {error}") from None


def request_head(request: Request) -> bytes:
    """The head of a request to an origin, which is sent whole: it has a length, never chunks.

    Raises `RequestFailure` for what cannot be written.
    """
    headers = Headers(line for line in request.headers if line[0].lower() != "content-length")
    length = (
        f"Content-Length: {len(request.body)}\r\n" if request.body or request.method in _WITH_BODY else ""
    )
    first = _checked(f"{request.method} {request.target} HTTP/1.1")
    return _encoded(f"{first}\r\n{lines(headers)}{length}Connection: Keep-Alive\r\n\r\n")


def response_head(status: int, reason: str, headers: Headers, framing: str) -> bytes:
    """The head of a response to a viewer; `framing` is the line or lines that say where the body ends.

    Raises `RequestFailure` for what cannot be written.
    """
    first = _checked(f"HTTP/1.1 {status} {reason or reason_phrase(status)}")
    return _encoded(f"{first}\r\n{lines(headers)}{framing}\r\n")
