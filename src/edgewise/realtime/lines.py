"""CloudFront's real-time log lines (tab-separated) as records of the stream `access`. Text in, records out.

Source: CloudFront Developer Guide, "Use real-time access logs": the order of the fields, their units, how they are
encoded, and that `cs-uri-stem` holds the query too and `cs-host` is what the viewer asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

from edgewise.realtime.fields import FIELDS


class LineError(ValueError):
    """A line that is no record of the fields it is read by; the others of its batch may be. `reason` tells why without
    a value, which a visitor may have sent.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


_NOTHING: Final = "-"
_AGENT: Final = "cs-user-agent"
# Those that CloudFront never leaves empty, among the first that a visitor's text comes after.
_ALWAYS: Final = frozenset(("time-taken", "cs-protocol-version", "c-ip-version"))


def record(line: str, fields: Sequence[str] = FIELDS, left_out: Counter[str] | None = None) -> dict[str, Any]:
    """The record of one line without its end; fields that `access` has no column for keep their own name.

    Raises `LineError` when the line has another number of fields, no usable time, or a value that CloudFront would not
    write there: a line says nothing of its fields, and after a change of them some of the old kind are still on their
    way. Where a visitor can choose the value, the record is made without it, and without all other texts that are
    masked nowhere, which may be out of place; where it is the user agent, without all behind it that is not masked.
    `left_out` counts such values by their fields. Of two lists that both have `TELLING` no line of one is taken for one
    of the other in a way that a masked value would be where nothing masks it.
    """
    values = line.split("\t")
    if len(values) != len(fields):
        raise LineError(f"a line of {len(values)} fields where the configuration has {len(fields)}")
    told = {
        field: value
        for field, value in zip(fields, values, strict=True)
        if value not in (_NOTHING, "") or field in _ALWAYS
    }
    made: dict[str, Any] = {"schema": "access/1"}
    strange = _strange(told)
    if left_out is not None:
        left_out.update(strange)
    unsure = _BEHIND_AGENT if _AGENT in strange else _TEXTS if strange else frozenset()
    for field, value in told.items():
        if field not in strange and field not in unsure:
            column, read = _COLUMNS.get(field) or (field.replace("-", "_"), _once)
            made[column] = read(value)
    _settle_path(made)
    if "_timestamp" not in made:
        raise LineError("a line without a timestamp")
    if "request_id" in made:
        made["record_id"] = f"{made['request_id']}:access"
    return made


def _strange(told: dict[str, str]) -> list[str]:
    """The fields with values that a visitor chose and that fit no such field. Raises `LineError` for CloudFront's."""
    strange = [field for field, value in told.items() if not _MATCHES[field](value)]
    for field in strange:
        if field not in _VISITORS:
            raise LineError(f"{told[field][:40]!r} is no {field}", f"a value that is no {field}")
    return strange


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


def _micros(value: str) -> int:
    """Seconds with a fraction; OpenObserve would drop the fraction."""
    return int(Decimal(value) * 1_000_000)


def _milliseconds(value: str) -> float:
    return float(Decimal(value) * 1000)


_COLUMNS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "timestamp": ("_timestamp", _micros),
    "c-ip": ("client_ip", _plain),
    "time-to-first-byte": ("first_byte_ms", _milliseconds),
    "sc-status": ("status", int),
    "sc-bytes": ("bytes_sent", int),
    "cs-method": ("method", _plain),
    "cs-protocol": ("protocol", _plain),
    "cs-host": ("host", _once),
    "cs-uri-stem": ("path", _once),
    "cs-bytes": ("bytes_received", int),
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

# Those that are masked where they are may be any text.
_MASKED: Final = ("cs-referer", "cs-cookie", "cs-uri-query", "x-forwarded-for", "cs-headers")
# What values of fields look like, so that a line of other fields is not taken for one of these.
_OWN_SHAPES: Final = {
    **dict.fromkeys(("timestamp", "time-to-first-byte", "time-taken"), r"\d{1,18}(\.\d{1,9})?"),
    **dict.fromkeys(("sc-bytes", "cs-bytes"), r"\d{1,18}"),
    "c-ip": r"[0-9A-Fa-f:.]+",
    "s-ip": r"[0-9A-Fa-f:.]+",
    "sc-status": r"\d{3}",
    "cs-method": r"[A-Za-z][\w-]*",
    "cs-protocol": r"https?|wss?|grpcs?",
    "cs-host": r"([\w-]+\.)*[A-Za-z][\w-]*\.?(:\d+)?|(\d+\.){3}\d+:\d+",
    "cs-uri-stem": r"[/*].*",
    "x-edge-location": r"[A-Z]{3}[\w-]*",
    "x-edge-request-id": r"[\w-]{3,}==",
    "cs-protocol-version": r"HTTP/\d(\.\d)?",
    "c-ip-version": r"IPv[46]",
    "ssl-protocol": r"(SSL|TLS)v[\d.]+",
    "x-edge-result-type": r"[A-Za-z]+",
    "x-edge-response-result-type": r"[A-Za-z]+",
    "x-edge-detailed-result-type": r"[A-Za-z]+",
    "sc-content-len": r"\d+",
    "c-port": r"\d+",
    "c-country": r"[A-Za-z0-9]{2}",
    "cs-header-names": r"([\w-]|%0A)+",
    "cs-headers-count": r"\d+",
    "primary-distribution-id": r"[A-Za-z0-9-]+",
    "asn": r"\d+",
    # Not what stands before it.
    _AGENT: r"(?!(HTTP/\d(\.\d)?|IPv[46])\Z).*",
    **dict.fromkeys(_MASKED, ".*"),
}
_SHAPES: Final = dict.fromkeys(FIELDS, r"(?!.*%0A)(?!.*\d\.\d+\.\d+\.\d)(?!.*:.*:).*") | _OWN_SHAPES
_TEXTS: Final = frozenset(FIELDS) - _OWN_SHAPES.keys() | {_AGENT, "cs-header-names"}
# Of what a visitor, or an origin that echoes one, can choose no value is worth a line.
_VISITORS: Final = _TEXTS | {"cs-host", "cs-method", "cs-uri-stem"}
# What seems to be the user agent may say that all behind it is out of place: a query may be a word, as a result is.
_BEHIND_AGENT: Final = (_TEXTS | set(FIELDS[FIELDS.index(_AGENT) :])) - set(_MASKED)
_MATCHES: Final = {name: re.compile(shape, re.ASCII).fullmatch for name, shape in _SHAPES.items()}
