"""The header map of a function's result: its shape, and what the function did to each header.

Source: CloudFront Developer Guide, "Lambda@Edge event structure" and "Restrictions on all edge functions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.event import raw, text
from edgewise.cdn.message import Headers
from edgewise.cdn.rules import CLOUDFRONT_HEADERS, READ_ONLY, broken, is_disallowed

Line = tuple[str, str]
HeaderMap = Mapping[str, list[dict[str, str]]]

# RFC 9110 section 5.6.2: what a header name is not made of.
_NOT_IN_NAME = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
_NOT_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def changed_headers(trigger: Trigger, given: Any, original: Headers, shown: HeaderMap) -> Headers:
    """The lines of the returned map, and those of `original` that the function was not shown.

    `shown` is the map of the event. What the function left alone is not looked at again: it stays as it came,
    byte for byte, and is never refused. Raises `RequestFailure`.
    """
    if given == shown:
        return original.copy()
    if not isinstance(given, dict):
        raise broken("headers-object", "headers", "headers must be an object")
    touched: dict[str, list[Line]] = {}
    for name, entries in given.items():
        if name not in shown or entries != shown[name]:
            lower = name.lower()
            touched[lower] = touched.get(lower, []) + header_entries(name, entries)
    for name in touched:
        # Left alone under its own name, and given once more in other capitals.
        if name in given and given[name] == shown.get(name):
            touched[name] = header_entries(name, given[name]) + touched[name]
    deleted = shown.keys() - given.keys() - touched.keys()
    _check_touched(trigger, touched, deleted, shown)
    gone = (shown.keys() & touched.keys()) | deleted
    lines = [line for line in original.lines if line[0].lower() not in gone] if gone else original.lines
    added = [(key, _wire(name, value, original)) for name in touched for key, value in touched[name]]
    return Headers(lines + added)


def generated_headers(given: Any) -> Headers:
    """The lines of the map of a response that a request trigger made. Raises `RequestFailure`."""
    # A response again: it may not set what a function may not change in an origin's response. That the read-only
    # headers of the request triggers do not count here is this project's reading.
    return changed_headers("origin-response", {} if given is None else given, Headers(), {})


def _check_touched(
    trigger: Trigger, touched: Mapping[str, list[Line]], deleted: set[str], shown: HeaderMap
) -> None:
    for name, lines in touched.items():
        if lines and is_disallowed(name):
            what = f"the function tried to add blacklisted header, headerName : {_spelled(name)}"
            raise broken("disallowed-header", _spelled(name), what)
        if lines and trigger == "viewer-request" and name.startswith(CLOUDFRONT_HEADERS):
            what = f"the function tried to add CloudFront header, headerName : {_spelled(name)}"
            raise broken("cloudfront-header", _spelled(name), what)
    for name in sorted(READ_ONLY[trigger].intersection(touched.keys() | deleted)):
        was = [entry["value"] for entry in shown.get(name, ())]
        now = [value for _, value in touched.get(name, ())]
        if was != now:
            how = "add" if not was else "change" if now else "delete"
            what = f"the function tried to {how} read-only header, headerName : {_spelled(name)}"
            raise broken("read-only-header", _spelled(name), what)


def header_entries(name: str, entries: Any) -> list[Line]:
    """The lines of one entry of a header map, checked; `name` is its key in the map. Raises `RequestFailure`."""
    if not isinstance(entries, list):
        what = f"each header entry in the headers object must be an array, header :{name}"
        raise broken("header-list", name, what)
    return [_checked(name, entry) for entry in entries]


def _checked(name: str, entry: Any) -> Line:
    value = entry.get("value") if isinstance(entry, dict) else None
    # CloudFront's own line speaks of arrays of strings too; the guide knows strings only, and so do we.
    if not isinstance(value, str):
        what = (
            f"the value of each header value must be of string or array of string type, header :{name} has one or "
            "more entries whose value is neither string nor array of strings"
        )
        raise broken("header-value", name, what)
    key = entry.get("key") or _spelled(name.lower())
    bad = _NOT_IN_NAME.search(str(key))
    if bad or not key:
        shown = f"'%{ord(bad[0]):02X}'" if bad else "''"
        what = f"invalid character : {shown} in header name, headerName : {key}"
        raise broken("header-name-character", name, what)
    # What CloudFront does when the two differ is not documented; a line must not pass under another name.
    if not isinstance(key, str) or key.lower() != name.lower():
        raise broken("header-key", name, f"the key {key!r} is not the name of its entry, headerName : {name}")
    bad = _NOT_IN_VALUE.search(value)
    if bad:
        what = f"invalid character : '%{ord(bad[0]):02X}' in header value, headerName : {key}"
        raise broken("header-value-character", key, what)
    return key, value


def _wire(name: str, value: str, original: Headers) -> str:
    """A value for the wire: the very bytes that came where a line of that name said the same."""
    if value.isascii():
        return value
    return next((came for came in original.get_all(name) if text(came) == value), raw(value, ""))


def _spelled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
