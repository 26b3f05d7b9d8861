"""Writing HTTP/1.1 heads. Reading is httptools' work."""

from __future__ import annotations

from edgewise.cdn.errorpage import reason as reason_phrase
from edgewise.cdn.message import Headers, Request

# Headers that speak of one connection only; they are written anew for each hop. RFC 9110 section 7.6.1.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def lines(headers: Headers) -> str:
    """Header lines for the wire, without those of a single hop."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers if name.lower() not in HOP_BY_HOP)


def request_head(request: Request) -> bytes:
    """The head of a request to an origin, which is sent whole: it has a length, never chunks."""
    headers = Headers(line for line in request.headers if line[0].lower() != "content-length")
    length = (
        f"Content-Length: {len(request.body)}\r\n" if request.body or request.method in _WITH_BODY else ""
    )
    head = f"{request.method} {request.target} HTTP/1.1\r\n{lines(headers)}{length}Connection: Keep-Alive\r\n\r\n"
    return head.encode("latin-1")


_WITH_BODY = ("POST", "PUT", "PATCH")


def response_head(status: int, reason: str, headers: Headers, framing: str) -> bytes:
    """The head of a response to a viewer; `framing` is the line or lines that say where the body ends."""
    phrase = reason or reason_phrase(status)
    return f"HTTP/1.1 {status} {phrase}\r\n{lines(headers)}{framing}\r\n".encode("latin-1", "replace")
