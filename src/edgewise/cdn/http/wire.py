"""Writing HTTP/1.1 heads. Reading is httptools' work."""

from __future__ import annotations

from edgewise.cdn import failure
from edgewise.cdn.errorpage import reason as reason_phrase
from edgewise.cdn.message import Headers, Request

# Headers that speak of one connection only; they are written anew for each hop. RFC 9110 section 7.6.1.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)

# The length is that of the body which is sent, whatever the message says.
_NOT_SENT = HOP_BY_HOP | {"content-length"}
_WITH_BODY = ("POST", "PUT", "PATCH")


def _written(lines: list[str]) -> bytes:
    """Lines as a head. Whatever let the end of a line into a value, it must not start a line of its own."""
    head = "\r\n".join(lines) + "\r\n\r\n"
    # One count over the whole head is much cheaper than a look at each line.
    ends = len(lines) + 1
    if head.count("\r") != ends or head.count("\n") != ends or "\0" in head:
        bad = next(line for line in lines if any(character in line for character in "\r\n\0"))
        raise failure.unreachable(f"{bad!r} cannot be written to the wire")
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError as error:
        raise failure.unreachable(f"a header cannot be written to the wire: {error}") from None


def request_head(request: Request) -> bytes:
    """The head of a request to an origin, which is sent whole: it has a length, never chunks.

    Raises `RequestFailure` for what cannot be written.
    """
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.lines if name.lower() not in _NOT_SENT]
    if request.body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    lines.append("Connection: Keep-Alive")
    return _written(lines)


def response_head(status: int, reason: str, headers: Headers, *framing: str) -> bytes:
    """The head of a response to a viewer; `framing` are the lines that say where the body ends, the length included.

    Raises `RequestFailure` for what cannot be written.
    """
    lines = [f"HTTP/1.1 {status} {reason or reason_phrase(status)}"]
    lines += [f"{name}: {value}" for name, value in headers.lines if name.lower() not in _NOT_SENT]
    lines += [line for line in framing if line]
    return _written(lines)
