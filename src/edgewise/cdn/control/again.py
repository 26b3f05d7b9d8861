"""One past request once more, through the CDN's real listener, and what came out differently.

Sent are the same method, target, headers, body and viewer facts. New are what belongs to a connection (`Connection`,
how the body is framed) and the time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
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
# What the cache says when neither origin nor origin functions were asked for this request.
_FROM_CACHE = frozenset({"hit", "stale", "collapsed"})
# These are of one moment or one connection, and say nothing about the outcome; `X-Cache` is told for itself.
_OWN = frozenset(
    {
        *("header age", "header connection", "header date", "header expect", "header keep-alive"),
        *("header server-timing", "header upgrade", "header x-amz-cf-id", "header x-cache"),
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


async def send(trace: Trace, host: str, port: int) -> str:
    """Send the request of a trace to the CDN that listens here; returns the new request id. Raises `ControlError`."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            head = await _exchange(message(trace), host, port, tls=trace.request.scheme == "https")
    except (OSError, TimeoutError) as error:
        raise ControlError(f"the request could not be sent again: {error or 'no answer'}") from None
    request_id = _request_id(head)
    if not request_id:
        raise ControlError(
            "the local CDN refused the request before it was one: its answer has no request id"
        )
    return request_id


async def _exchange(data: bytes, host: str, port: int, *, tls: bool) -> bytes:
    """The beginning of the answer, which is read to its end."""
    context: ssl.SSLContext | None = None
    if tls:
        # The local CDN signs its own certificate; nothing leaves this machine.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # The CDN believes what is said of a viewer (`Edgewise-...`) from loopback only.
    own = "::1" if ":" in host else "127.0.0.1"
    reader, writer = await asyncio.open_connection(host, port, ssl=context, local_addr=(own, 0))
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
    """Two outcomes of one request: what differs, stage by stage, and both times.

    `notes` are sentences about functions and origins that only one of them had: their stages are not compared.
    """
    was, now = _stages(before, mask), _stages(after, mask)
    differences = [
        {"stage": title, "field": name, "before": then, "after": later}
        for title in was
        if title in now
        for name in dict.fromkeys([*was[title], *now[title]])
        if (then := was[title].get(name, "")) != (later := now[title].get(name, ""))
    ]
    return {
        "before": before.request_id,
        "after": after.request_id,
        "notes": [*_notes(before, after)],
        "differences": differences,
        "ms": {"before": round(before.duration_ms, 3), "after": round(after.duration_ms, 3)},
    }


def _notes(before: Trace, after: Trace) -> Iterator[str]:
    """Where the two went different ways."""
    then, now = _asked(before), _asked(after)
    only_then, only_now = then - now, now - then
    if only_then and after.cache.outcome in _FROM_CACHE:
        yield f"it was answered from the cache, without {_listed(only_then)}"
    elif only_then:
        yield f"only the earlier one had {_listed(only_then)}"
    if only_now and before.cache.outcome in _FROM_CACHE:
        yield f"the earlier one was answered from the cache, without {_listed(only_now)}"
    elif only_now:
        yield f"the earlier one did not have {_listed(only_now)}"


def _asked(trace: Trace) -> Counter[str]:
    """Whom a request came to."""
    return Counter(
        f"origin {exchange.domain}" if run is None else f"{run.trigger} {run.function}"
        for run, exchange in stages.steps(trace)
    )


def _listed(steps: Counter[str]) -> str:
    return ", ".join(steps.elements())


def _stages(trace: Trace, mask: Mask) -> dict[str, dict[str, str]]:
    """The fields of each stage by its title, behind two for what came out and what the cache said."""
    look = trace.cache
    told = {
        "outcome": {
            "status": str(trace.status),
            "X-Cache": trace.result,
            "detail": trace.detail,
            "behavior": trace.behavior,
        },
        "cache": {"outcome": look.outcome, "reason": look.reason},
    }
    for stage in (*stages.requests(trace, mask), *stages.responses(trace, mask)):
        shown = {name: value for name, value in stage.values.items() if name not in _OWN}
        told[stage.title] = {"note": stage.note} | shown if stage.note else shown
    return told
