"""One past request once more, through the CDN's real listener, and what came out differently.

Sent are the same method, target, headers, body and viewer facts. New are what belongs to a connection (`Connection`,
how the body is framed) and the time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

from edgewise.cdn.control import stages
from edgewise.cdn.control.errors import ControlError
from edgewise.cdn.control.masking import Mask
from edgewise.cdn.message import Request
from edgewise.cdn.trace import Trace
from edgewise.cdn.viewerfacts import SPELLING, ViewerFacts

# Longer than the CDN's own limits on functions and origins, so that its answer comes first (seconds).
_TIMEOUT = 100.0
_HEAD_BYTES = 1 << 20
_OF_THE_CONNECTION = frozenset(
    {
        *("connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
# These are of one request or one connection, and say nothing about the outcome.
_OWN = frozenset(
    {
        *("header connection", "header date", "header expect", "header keep-alive", "header upgrade"),
        "header x-amz-cf-id",
    }
)


def message(trace: Trace) -> bytes:
    """The request of a trace for the wire."""
    request = trace.request
    lines = [f"{name}: {value}" for name, value in request.headers if name.lower() not in _OF_THE_CONNECTION]
    lines += [f"Edgewise-{name}: {value}" for name, value in _given(trace)]
    framing, body = _framed(request)
    head = [
        f"{request.method} {request.target} HTTP/{request.http_version}",
        *lines,
        *framing,
        "Connection: close",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


def _given(trace: Trace) -> Iterator[tuple[str, str]]:
    """What the request said of its viewer: all that does not follow from the request alone."""
    request = trace.request
    yield "Location", trace.edge_location
    address = f"[{request.viewer}]" if ":" in request.viewer else request.viewer
    yield "Viewer-Address", f"{address}:{request.viewer_port}"
    plain = ViewerFacts(request)
    for name, spelling in SPELLING.items():
        value = trace.facts.header(name)
        if value != plain.header(name):
            yield spelling.removeprefix("CloudFront-"), value


def _framed(request: Request) -> tuple[list[str], bytes]:
    """The header that says where the body ends, and the body: chunked if it was."""
    if "transfer-encoding" in request.headers:
        chunk = b"%x\r\n%b\r\n" % (len(request.body), request.body) if request.body else b""
        return ["Transfer-Encoding: chunked"], chunk + b"0\r\n\r\n"
    if request.body or "content-length" in request.headers:
        return [f"Content-Length: {len(request.body)}"], request.body
    return [], b""


async def send(trace: Trace, port: int) -> str:
    """Send the request of a trace to the CDN on this port; returns the new request id. Raises `ControlError`."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            head = await _exchange(message(trace), port, tls=trace.request.scheme == "https")
    except (OSError, TimeoutError) as error:
        raise ControlError(f"the request could not be sent again: {error or 'no answer'}") from None
    request_id = _request_id(head)
    if not request_id:
        raise ControlError(
            "the local CDN refused the request before it was one: its answer has no request id"
        )
    return request_id


async def _exchange(data: bytes, port: int, *, tls: bool) -> bytes:
    """The beginning of the answer, which is read to its end."""
    context: ssl.SSLContext | None = None
    if tls:
        # The local CDN signs its own certificate; nothing leaves this machine.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(data)
        head = b""
        while piece := await reader.read(1 << 16):
            if len(head) < _HEAD_BYTES:
                head += piece
    finally:
        writer.transport.abort()
    return head


def _request_id(answer: bytes) -> str:
    """`X-Amz-Cf-Id` of the first answer that is not an interim one."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 1"):
        head, _, rest = rest.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"x-amz-cf-id":
            return value.strip().decode("latin-1")
    return ""


def compared(before: Trace, after: Trace, mask: Mask) -> dict[str, Any]:
    """Two outcomes of one request: what differs, stage by stage, and both times."""
    was, now = dict(_outcome(before, mask)), dict(_outcome(after, mask))
    differences = [
        {
            "stage": stage,
            "field": field,
            "before": was.get((stage, field), ""),
            "after": now.get((stage, field), ""),
        }
        for stage, field in dict.fromkeys([*was, *now])
        if was.get((stage, field), "") != now.get((stage, field), "")
    ]
    return {
        "before": before.request_id,
        "after": after.request_id,
        "differences": differences,
        "ms": {"before": round(before.duration_ms, 3), "after": round(after.duration_ms, 3)},
    }


def _outcome(trace: Trace, mask: Mask) -> Iterator[tuple[tuple[str, str], str]]:
    look = trace.cache
    yield ("outcome", "status"), str(trace.status)
    yield ("outcome", "X-Cache"), trace.result
    yield ("outcome", "detail"), trace.detail
    yield ("outcome", "behavior"), trace.behavior
    yield ("outcome", "origin"), trace.origin
    yield ("cache", "outcome"), look.outcome
    yield ("cache", "reason"), look.reason
    yield ("outcome", "functions"), ", ".join(f"{run.trigger} {run.function}" for run in trace.functions)
    for stage in (*stages.requests(trace, mask), *stages.responses(trace, mask)):
        if stage.note:
            yield (stage.title, "note"), stage.note
        yield from (((stage.title, name), value) for name, value in stage.values.items() if name not in _OWN)
