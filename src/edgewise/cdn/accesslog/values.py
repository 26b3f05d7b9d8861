"""What both kinds of access log say alike: how values are written, and what they tell of one request.

Source: CloudFront Developer Guide, "Standard logging reference" and "Use real-time access logs".
"""

from __future__ import annotations

import re

from edgewise.cdn.trace import Trace

NOTHING = "-"

# Control characters and blanks, what is not ASCII, and the characters of the guide's table. The percent sign is
# among them, so that `%20` sent is `%2520` logged.
_ENCODED = re.compile("[\\x00-\\x20\"#%'<>\\[\\\\\\]^`{|}~\\x7f-\\xff]")


def encoded(value: str) -> str:
    """A value of the wire (its Latin-1 view) as it stands in a log; a hyphen when it is empty."""
    return _ENCODED.sub(_percent, value) or NOTHING


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def seconds(milliseconds: float) -> str:
    """A duration in seconds with three decimals."""
    return f"{milliseconds / 1000:.3f}"


def finished(trace: Trace) -> float:
    """When the answer was out, in seconds since the epoch: both logs are dated by it."""
    return trace.started + trace.duration_ms / 1000


def is_logged(trace: Trace) -> bool:
    """CloudFront does not log a request whose URL or headers are too long."""
    return trace.status not in (414, 494)


def status(trace: Trace) -> str:
    """Three digits; `000` for a viewer who left first."""
    return f"{trace.status:03}"


def results(trace: Trace) -> tuple[str, str, str]:
    """`x-edge-result-type`, `x-edge-response-result-type` and `x-edge-detailed-result-type`."""
    if trace.result == "LambdaGeneratedResponse" and _made_at_origin_request(trace):
        return "Miss", "Miss", "MissGeneratedResponse"
    # The guide names no value for an answer of a viewer-request function: it is logged as `X-Cache` says it.
    if trace.result != "Error":
        return trace.result, trace.response_result, trace.result
    return trace.result, trace.response_result, trace.detailed_result or "Error"


def _made_at_origin_request(trace: Trace) -> bool:
    return any(run.trigger == "origin-request" for run in trace.functions)


def tls(trace: Trace) -> tuple[str, str]:
    """Protocol and cipher towards the viewer."""
    protocol, _, rest = trace.facts.header("cloudfront-viewer-tls").partition(":")
    return encoded(protocol), encoded(rest.partition(":")[0])


_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/")


def sent_range(trace: Trace) -> tuple[str, str]:
    """The first and the last byte of a part that was sent."""
    match = _CONTENT_RANGE.match(trace.answered("content-range"))
    return (match[1], match[2]) if match else (NOTHING, NOTHING)


def content_length(trace: Trace) -> str:
    return NOTHING if trace.content_length is None else str(trace.content_length)


def viewer_port(trace: Trace) -> str:
    return str(trace.request.viewer_port or NOTHING)
