"""Conditional and range requests answered from a whole response that the cache holds.

Source: RFC 9110 sections 13 and 14; CloudFront Developer Guide, "How CloudFront processes partial requests for an
object (range GETs)": ranges that are invalid, unordered or overlapping give the whole object.
"""

from __future__ import annotations

import re
import secrets

from edgewise.cdn import httpdate
from edgewise.cdn.errorpage import reason
from edgewise.cdn.message import Headers, Request, Response

_RANGES = re.compile(r"bytes=([\d\-, \t]+)")
_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})")

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")

Range = tuple[int, int]  # first and last byte


def answer(request: Request, response: Response) -> Response:
    """The response as this viewer asked for it: whole, 304, 206 or 416. Its body is whole in memory."""
    if response.status != 200 or request.method not in ("GET", "HEAD"):
        return response
    if unchanged(request, response.headers):
        headers = response.headers.copy()
        headers.remove("content-length", "content-type", "content-encoding")
        return Response(304, headers, b"", reason(304))
    asked = request.headers.get("range")
    if asked and request.method == "GET" and _may_be_partial(request, response.headers):
        return _partial(asked, response)
    return response


def unchanged(request: Request, headers: Headers) -> bool:
    """Whether what the viewer has is still right; `If-Modified-Since` counts only without `If-None-Match`."""
    tags = request.headers.joined("if-none-match")
    if tags:
        etag = headers.get("etag").removeprefix("W/")
        offered = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in offered or (bool(etag) and etag in offered)
    since = httpdate.parsed(request.headers.get("if-modified-since"))
    if since is None:
        return False
    modified = httpdate.parsed(headers.get("last-modified"))
    return modified is not None and modified <= since


def _may_be_partial(request: Request, headers: Headers) -> bool:
    condition = request.headers.get("if-range")
    if not condition:
        return True
    if condition.startswith('"'):
        return condition == headers.get("etag")
    return condition == headers.get("last-modified")


def _partial(asked: str, response: Response) -> Response:
    assert isinstance(response.body, bytes)
    body = response.body
    ranges = parse_ranges(asked, len(body))
    if ranges is None:
        return response
    headers = response.headers.copy()
    headers.remove("content-length")
    if not ranges:
        headers.set("Content-Range", f"bytes */{len(body)}")
        return Response(416, headers, b"", reason(416))
    if len(ranges) == 1:
        first, last = ranges[0]
        headers.set("Content-Range", f"bytes {first}-{last}/{len(body)}")
        return Response(206, headers, body[first : last + 1], reason(206))
    return _multipart(ranges, body, headers)


def is_whole_part(headers: Headers, body: bytes) -> bool:
    """Whether a body is as long as its `Content-Range` says."""
    held = _CONTENT_RANGE.fullmatch(headers.get("content-range"))
    return held is not None and len(body) == int(held[2]) - int(held[1]) + 1


def of_part(request: Request, part: Response) -> Response | None:
    """The answer to a single range from a 206 that holds more than it; None when it does not."""
    held = _CONTENT_RANGE.fullmatch(part.headers.get("content-range"))
    assert isinstance(part.body, bytes)
    if held is None or not _may_be_partial(request, part.headers):
        return None
    start, end, size = (int(number) for number in held.groups())
    ranges = parse_ranges(request.headers.get("range"), size)
    if not ranges or len(ranges) > 1 or ranges[0][0] < start or ranges[0][1] > end:
        return None
    first, last = ranges[0]
    headers = part.headers.copy()
    headers.remove("content-length")
    headers.set("Content-Range", f"bytes {first}-{last}/{size}")
    return Response(206, headers, part.body[first - start : last + 1 - start], reason(206))


def _multipart(ranges: list[Range], body: bytes, headers: Headers) -> Response:
    boundary = f"CloudFront:{secrets.token_hex(16)}"
    kind = headers.get("content-type")
    parts = []
    for first, last in ranges:
        head = f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: bytes {first}-{last}/{len(body)}\r\n\r\n"
        parts.append(head.encode("latin-1") + body[first : last + 1])
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    headers.set("Content-Type", f'multipart/byteranges; boundary="{boundary}"')
    return Response(206, headers, b"".join(parts), reason(206))


def parse_ranges(asked: str, size: int) -> list[Range] | None:
    """The satisfiable ranges of a `Range` header; None when the whole object is to be sent instead."""
    match = _RANGES.fullmatch(asked.strip())
    if match is None:
        return None
    ranges: list[Range] = []
    for part in match[1].split(","):
        bounds = _RANGE.fullmatch(part.strip())
        if bounds is None or not any(bounds.groups()):
            return None
        start, end = bounds.groups()
        if start and end and int(end) < int(start):
            return None
        first = int(start) if start else max(0, size - int(end))
        last = min(int(end), size - 1) if start and end else size - 1
        if first > last:
            continue  # not satisfiable: others may be
        if ranges and first <= ranges[-1][1]:
            return None
        ranges.append((first, last))
    return ranges
