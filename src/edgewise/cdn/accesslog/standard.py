"""Standard access logs (the older kind, files in a bucket): one line for each request.

Source: CloudFront Developer Guide, "Standard logging reference".
"""

from __future__ import annotations

import time

from edgewise.cdn.accesslog import values
from edgewise.cdn.accesslog.values import NOTHING, encoded, seconds
from edgewise.cdn.trace import Trace

# The files of a bucket have these 33; a distribution tenant and a connection id are in the newer kind of logs only.
FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)

# The two lines at the top of a file.
HEAD = f"#Version: 1.0\n#Fields: {FIELDS}\n"


def standard_line(trace: Trace, *, cookies: bool) -> str:
    """The line of one request, with its line end; `cookies` says whether the template asks for them."""
    return "\t".join(line_values(trace, cookies=cookies)) + "\n"


def line_values(trace: Trace, *, cookies: bool) -> tuple[str, ...]:
    """The values of `FIELDS`."""
    request, headers = trace.request, trace.request.headers
    result, response_result, detailed = values.results(trace)
    protocol, cipher = values.tls(trace)
    first, last = values.sent_range(trace)
    return (
        time.strftime("%Y-%m-%d", time.gmtime(values.finished(trace))),
        time.strftime("%H:%M:%S", time.gmtime(values.finished(trace))),
        trace.edge_location,
        str(trace.bytes_sent),
        request.viewer,
        request.method,
        trace.distribution_domain,
        encoded(request.uri),
        values.status(trace),
        encoded(headers.get("referer")),
        encoded(headers.get("user-agent")),
        encoded(request.query),
        encoded(headers.joined("cookie", "; ")) if cookies else NOTHING,
        result,
        trace.request_id,
        encoded(trace.host),
        request.scheme,
        str(request.received_bytes),
        seconds(trace.duration_ms),
        encoded(headers.joined("x-forwarded-for")),
        protocol,
        cipher,
        response_result,
        f"HTTP/{request.http_version}",
        NOTHING,  # field-level encryption is not simulated
        NOTHING,
        values.viewer_port(trace),
        seconds(trace.first_byte_ms),
        detailed,
        encoded(trace.answered("content-type")),
        values.content_length(trace),
        first,
        last,
    )
