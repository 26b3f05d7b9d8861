"""Real-time access logs: one record for each request, with the fields that the template chose.

Source: CloudFront Developer Guide, "Use real-time access logs". The two hosts swap their places against standard
logs: `cs-host` is what the viewer asked for, `x-host-header` the distribution's own domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edgewise.cdn.accesslog import values
from edgewise.cdn.accesslog.values import NOTHING, encoded, seconds
from edgewise.cdn.trace import Trace

Field = Callable[[Trace], str]

_LIMIT = 800  # bytes of cookies, headers and header names, before they are encoded


def _nothing(trace: Trace) -> str:
    """What the local CDN does not have, such as media statistics (CMCD) and distribution tenants."""
    return NOTHING


def _header(name: str) -> Field:
    return lambda trace: encoded(trace.request.headers.joined(name))


def _cookie(trace: Trace) -> str:
    return encoded(trace.request.headers.joined("cookie", "; ")[:_LIMIT])


def _whole_lines(lines: Iterable[str]) -> str:
    """As many lines as there is room for, each with its line end."""
    text, room = "", _LIMIT
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        text += f"{line}\n"
    return encoded(text)


def _headers(trace: Trace) -> str:
    return _whole_lines(f"{name}:{value}" for name, value in trace.request.headers)


def _header_names(trace: Trace) -> str:
    return _whole_lines(name for name, _ in trace.request.headers)


def _first_byte_of_origin(trace: Trace) -> str:
    return seconds(trace.exchanges[-1].milliseconds) if trace.exchanges else NOTHING


FIELDS: dict[str, Field] = {
    "timestamp": lambda trace: f"{values.finished(trace):.3f}",
    "c-ip": lambda trace: trace.request.viewer,
    "s-ip": _nothing,
    "time-to-first-byte": lambda trace: seconds(trace.first_byte_ms),
    "sc-status": values.status,
    "sc-bytes": lambda trace: str(trace.bytes_sent),
    "cs-method": lambda trace: trace.request.method,
    "cs-protocol": lambda trace: trace.request.scheme,
    "cs-host": lambda trace: encoded(trace.host),
    "cs-uri-stem": lambda trace: encoded(trace.request.target),
    "cs-bytes": lambda trace: str(trace.request.received_bytes),
    "x-edge-location": lambda trace: trace.edge_location,
    "x-edge-request-id": lambda trace: trace.request_id,
    "x-host-header": lambda trace: trace.distribution_domain,
    "time-taken": lambda trace: seconds(trace.duration_ms),
    "cs-protocol-version": lambda trace: f"HTTP/{trace.request.http_version}",
    "c-ip-version": lambda trace: "IPv6" if ":" in trace.request.viewer else "IPv4",
    "cs-user-agent": _header("user-agent"),
    "cs-referer": _header("referer"),
    "cs-cookie": _cookie,
    "cs-uri-query": lambda trace: encoded(trace.request.query),
    "x-edge-response-result-type": lambda trace: values.results(trace)[1],
    "x-forwarded-for": _header("x-forwarded-for"),
    "ssl-protocol": lambda trace: values.tls(trace)[0],
    "ssl-cipher": lambda trace: values.tls(trace)[1],
    "x-edge-result-type": lambda trace: values.results(trace)[0],
    "fle-encrypted-fields": _nothing,
    "fle-status": _nothing,
    "sc-content-type": lambda trace: encoded(trace.answered("content-type")),
    "sc-content-len": values.content_length,
    "sc-range-start": lambda trace: values.sent_range(trace)[0],
    "sc-range-end": lambda trace: values.sent_range(trace)[1],
    "c-port": values.viewer_port,
    "x-edge-detailed-result-type": lambda trace: values.results(trace)[2],
    "c-country": lambda trace: encoded(trace.facts.country),
    "cs-accept-encoding": _header("accept-encoding"),
    "cs-accept": _header("accept"),
    "cache-behavior-path-pattern": lambda trace: encoded(trace.behavior),
    # The viewer's own; CloudFront also lists those that it adds for the origin.
    "cs-headers": _headers,
    "cs-header-names": _header_names,
    "cs-headers-count": lambda trace: str(len(trace.request.headers)),
    "primary-distribution-id": lambda trace: trace.distribution_id,
    "primary-distribution-dns-name": lambda trace: trace.distribution_domain,
    "origin-fbl": _first_byte_of_origin,
    "origin-lbl": _nothing,
    "asn": lambda trace: encoded(trace.facts.header("cloudfront-viewer-asn")),
    **dict.fromkeys(
        (
            *("cmcd-encoded-bitrate", "cmcd-buffer-length", "cmcd-buffer-starvation", "cmcd-content-id"),
            *(
                "cmcd-object-duration",
                "cmcd-deadline",
                "cmcd-measured-throughput",
                "cmcd-next-object-request",
            ),
            *("cmcd-next-range-request", "cmcd-object-type", "cmcd-playback-rate"),
            *("cmcd-requested-maximum-throughput", "cmcd-streaming-format", "cmcd-session-id"),
            *("cmcd-stream-type", "cmcd-startup", "cmcd-top-bitrate", "cmcd-version"),
            *("r-host", "sr-reason", "x-edge-mqcs", "distribution-tenant-id", "connection-id"),
        ),
        _nothing,
    ),
}


def realtime_record(trace: Trace, fields: Iterable[str]) -> str:
    """The record of one request, with its line end; `fields` as `edgewise.realtime.in_order` gives them."""
    return "\t".join([FIELDS[name](trace) for name in fields]) + "\n"
