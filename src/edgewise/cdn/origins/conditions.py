"""What a request asks of an object besides its bytes: conditions, and a range.

Source: Amazon S3 API reference, GetObject: which condition wins where two are given; a request for several ranges is
answered with the whole object.
"""

from __future__ import annotations

import re
from typing import Literal

from edgewise.cdn import httpdate
from edgewise.cdn.message import Headers

_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})")

Verdict = Literal["send", "unchanged", "If-Match", "If-Unmodified-Since"]


def verdict(headers: Headers, etag: str, modified: int) -> Verdict:
    """Whether the object is sent: `unchanged` is 304, the name of a condition is the one that fails (412).

    A condition on the entity tag hides the one on the date beside it.
    """
    match = headers.joined("if-match")
    if match:
        if not _names(match, etag):
            return "If-Match"
    elif _seconds(headers.get("if-unmodified-since"), modified) < modified:
        return "If-Unmodified-Since"
    none_match = headers.joined("if-none-match")
    if none_match:
        return "unchanged" if _names(none_match, etag) else "send"
    return "unchanged" if _seconds(headers.get("if-modified-since"), modified - 1) >= modified else "send"


def wanted_range(headers: Headers, size: int, etag: str, modified: int) -> tuple[int, int] | None:
    """The first byte and the length of the range asked for; None is the whole object.

    A length of 0 is a range that the object does not have (416). What is no single valid range, and a range whose
    `If-Range` names another version, means the whole object. Whether S3 heeds `If-Range` is not documented: this
    follows RFC 9110.
    """
    match = _RANGE.fullmatch(headers.get("range").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    condition = headers.get("if-range")
    if condition and condition != etag and _seconds(condition, -1) != modified:
        return None
    start, end = match.groups()
    if not start:
        length = min(int(end), size)
        return size - length, length
    if end and int(end) < int(start):
        return None
    last = min(int(end), size - 1) if end else size - 1
    return int(start), max(0, last - int(start) + 1)


def _names(condition: str, etag: str) -> bool:
    """Whether a list of entity tags holds this one. S3 also takes a tag without its quotes."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")]
    return "*" in tags or etag.strip('"') in tags


def _seconds(date: str, otherwise: int) -> int:
    """A date of HTTP in seconds since the epoch; what is no date does not count."""
    seconds = httpdate.parsed(date)
    return otherwise if seconds is None else int(seconds)
