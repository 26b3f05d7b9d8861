"""The fields of CloudFront's own logs. Source: CloudFront Developer Guide, "Use real-time access logs"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# All fields in the order in which a line has those that its configuration chose.
_ORDER: Final = """
    timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes
    x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent
    cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher
    x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end
    c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern cs-headers
    cs-header-names cs-headers-count primary-distribution-id primary-distribution-dns-name origin-fbl origin-lbl asn
    cmcd-encoded-bitrate cmcd-buffer-length cmcd-buffer-starvation cmcd-content-id cmcd-object-duration cmcd-deadline
    cmcd-measured-throughput cmcd-next-object-request cmcd-next-range-request cmcd-object-type cmcd-playback-rate
    cmcd-requested-maximum-throughput cmcd-streaming-format cmcd-session-id cmcd-stream-type cmcd-startup
    cmcd-top-bitrate cmcd-version r-host sr-reason x-edge-mqcs distribution-tenant-id connection-id
"""
FIELDS: Final = tuple(_ORDER.split())
# By these lines of two lists are told apart: the id and the time have a form, so that what stands between them is in
# its place; and the three texts of the visitor's stand together behind, up to the result, which has a form again.
TELLING: Final = (
    *("timestamp", "x-edge-request-id", "time-taken", "cs-user-agent", "cs-referer", "cs-uri-query"),
    "x-edge-result-type",
)
# The fields of a standard log, and those of a real-time log that its second version may have too: "Configure standard
# logging (v2)" there.
STANDARD_FIELDS: Final = (
    *(
        "date",
        "time",
        "x-edge-location",
        "sc-bytes",
        "c-ip",
        "cs-method",
        "cs(Host)",
        "cs-uri-stem",
        "sc-status",
    ),
    *(
        "cs(Referer)",
        "cs(User-Agent)",
        "cs-uri-query",
        "cs(Cookie)",
        "x-edge-result-type",
        "x-edge-request-id",
    ),
    *(
        "x-host-header",
        "cs-protocol",
        "cs-bytes",
        "time-taken",
        "x-forwarded-for",
        "ssl-protocol",
        "ssl-cipher",
    ),
    *("x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port"),
    *(
        "time-to-first-byte",
        "x-edge-detailed-result-type",
        "sc-content-type",
        "sc-content-len",
        "sc-range-start",
    ),
    *(
        "sc-range-end",
        "distribution-tenant-id",
        "connection-id",
        "timestamp(ms)",
        "origin-fbl",
        "origin-lbl",
        "asn",
    ),
    *("c-country", "cache-behavior-path-pattern"),
)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The chosen fields in the order in which lines have them, each once; what is no field is left out."""
    chosen = frozenset(names)
    return tuple(name for name in FIELDS if name in chosen)
