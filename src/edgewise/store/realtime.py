"""CloudFront's real-time log lines (tab-separated) as records of the stream `access`. Text in, records out.

Source: CloudFront Developer Guide, "Use real-time access logs": the order of the fields, their units, how they are
encoded, and that `cs-uri-stem` holds the query too and `cs-host` is what the viewer asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import unquote

from edgewise.store.normalize import RecordError, field_name

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
_NOTHING: Final = "-"
_NUMBER: Final = re.compile(r"\d{1,18}(\.\d{1,9})?\Z", re.ASCII)


def record(line: str, fields: Sequence[str] = FIELDS) -> dict[str, Any]:
    """The record of one line without its end; fields that `access` has no column for keep their own name.

    Raises `RecordError` when the line has another number of fields, or no usable time.
    """
    values = line.split("\t")
    if len(values) != len(fields):
        raise RecordError(f"a line of {len(values)} fields where the configuration has {len(fields)}")
    made: dict[str, Any] = {"schema": "access/1"}
    for field, value in zip(fields, values, strict=True):
        if value not in (_NOTHING, ""):
            column, read = _COLUMNS.get(field) or (field_name(field), decoded)
            made[column] = read(value)
    _settle_path(made)
    if "_timestamp" not in made:
        raise RecordError("a line without a timestamp")
    if "request_id" in made:
        made["record_id"] = f"{made['request_id']}:access"
    return made


def _settle_path(made: dict[str, Any]) -> None:
    """The path and the query apart: CloudFront writes the query behind the path, and by itself too."""
    path, mark, query = str(made.get("path", "")).partition("?")
    if mark:
        made["path"] = path
        made.setdefault("query", query)


def decoded(value: str) -> str:
    """A value as it was on the wire. Some of CloudFront's user agents are encoded twice."""
    once = unquote(value)
    return unquote(once) if "%20" in once and " " not in once else once


def _plain(value: str) -> str:
    return value


def _once(value: str) -> str:
    """Undo the log's encoding, and keep the viewer's: `%2520` is the path's own `%20`."""
    return unquote(value)


def _number(value: str) -> Decimal:
    if not _NUMBER.match(value):
        raise RecordError(f"{value[:40]!r} is no number")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise RecordError(f"{value[:40]!r} is no number") from None


def _micros(value: str) -> int:
    """Seconds with a fraction; OpenObserve would drop the fraction."""
    return int(_number(value) * 1_000_000)


def _milliseconds(value: str) -> float:
    return float(_number(value) * 1000)


def _integer(value: str) -> int:
    return int(_number(value))


_COLUMNS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "timestamp": ("_timestamp", _micros),
    "c-ip": ("client_ip", _plain),
    "time-to-first-byte": ("first_byte_ms", _milliseconds),
    "sc-status": ("status", _integer),
    "sc-bytes": ("bytes_sent", _integer),
    "cs-method": ("method", _plain),
    "cs-protocol": ("protocol", _plain),
    "cs-host": ("host", _once),
    "cs-uri-stem": ("path", _once),
    "cs-bytes": ("bytes_received", _integer),
    "x-edge-location": ("edge_location", _plain),
    "x-edge-request-id": ("request_id", _plain),
    "time-taken": ("duration_ms", _milliseconds),
    "cs-user-agent": ("user_agent", decoded),
    "cs-referer": ("referrer", _once),
    "cs-uri-query": ("query", _once),
    "x-edge-result-type": ("result", _plain),
    "sc-content-type": ("content_type", _once),
    "c-country": ("country", _plain),
    "cache-behavior-path-pattern": ("behavior", _once),
    "primary-distribution-id": ("distribution_id", _plain),
}
