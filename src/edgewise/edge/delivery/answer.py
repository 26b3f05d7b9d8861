"""Reads an HTTP answer out of the bytes that have arrived so far. It knows nothing of sockets or of records.

`http.client` needs a socket that it may wait on, and its import costs as much as that of `ssl`.
"""

from __future__ import annotations

from edgewise.edge.errors import EdgeError

MOST_BYTES = 64 * 1024
_HEX = b"0123456789abcdefABCDEF"


class AnswerError(EdgeError):
    """What came is no HTTP answer, not a whole one, or far too long."""

    code = "edge.answer"


class Answer:
    """`headers` have names in lower case; lines of one name are joined by commas."""

    __slots__ = ("body", "headers", "reusable", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, reusable: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reusable = reusable


def parse_answer(received: bytes, ended: bool) -> Answer | None:
    """The answer at the start of `received`, or None if the rest is still to come, which `ended` rules out.

    RFC 9112. AnswerError for anything that is not an answer to a POST, and for one of more than MOST_BYTES.
    """
    answer = _parse(received, ended)
    if answer is None and ended:
        raise AnswerError(f"the connection was closed after {len(received)} bytes of an answer")
    if answer is None and len(received) >= MOST_BYTES:
        raise AnswerError(f"the answer is longer than {MOST_BYTES:,} bytes")
    return answer


def _parse(data: bytes, ended: bool) -> Answer | None:
    if not data.startswith(b"HTTP/1."[: len(data)]):
        raise AnswerError(f"this is not HTTP/1: {data[:40]!r}")
    at, status = 0, 100
    while status < 200:  # section 9.2.1: interim answers may come first
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return None
        version, status, headers = _head(data[at:end])
        at = end + 4
    framed = True
    if status in (204, 304):
        body, end = b"", at
    elif "chunked" in headers.get("transfer-encoding", "").lower():
        dechunked = _chunks(data, at)
        if dechunked is None:
            return None
        body, end = dechunked
    elif "content-length" in headers:
        length = headers["content-length"]
        if not (length.isascii() and length.isdigit()):
            raise AnswerError(f"the answer's Content-Length is {length[:40]!r}")
        end = at + int(length[:9])
        body = data[at:end]
    else:
        framed, body, end = False, data[at:], len(data)
    if len(data) < end or not (framed or ended):
        return None
    closes = "close" in headers.get("connection", "").lower()
    reusable = framed and version == "HTTP/1.1" and not closes and len(data) == end
    return Answer(status, headers, body, reusable)


def _head(head: bytes) -> tuple[str, int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if not (code.isascii() and code.isdigit() and len(code) == 3):
        raise AnswerError(f"the answer's first line is {first[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return version, int(code), headers


def _chunks(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The body whose first chunk is at `at`, and where it ends (section 7.1); None if there is more to come."""
    body = b""
    while (end := data.find(b"\r\n", at)) >= 0:
        digits = data[at:end].partition(b";")[0].strip()
        if not digits or digits.strip(_HEX):
            raise AnswerError(f"the size of a chunk is {digits[:40]!r}")
        size = int(digits[-9:], 16)
        at = end + 2
        if size == 0:
            return _trailers_end(data, at, body)
        if len(data) < at + size + 2:
            return None
        if data[at + size : at + size + 2] != b"\r\n":
            raise AnswerError("a chunk of the answer is longer than it says")
        body += data[at : at + size]
        at += size + 2
    return None


def _trailers_end(data: bytes, at: int, body: bytes) -> tuple[bytes, int] | None:
    while (end := data.find(b"\r\n", at)) >= 0:
        if end == at:
            return body, end + 2
        at = end + 2
    return None
