"""Events of the four triggers, for tests that call a handler or a step directly.

They are made by the code that makes them in the local CDN, in the shape of the CloudFront Developer Guide, "Lambda@Edge
event structure".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.cdn import event
from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Origin
from edgewise.cdn.errorpage import reason
from edgewise.cdn.message import Headers, Request, Response
from edgewise.testing.lines import Lines, pairs

Event = dict[str, Any]

CUSTOM_ORIGIN = CustomOrigin("app", "app.example.com", protocol="https-only")
BUCKET_ORIGIN = BucketOrigin("files", "files.s3.us-east-1.amazonaws.com")

_CONFIG = event.RequestConfig(
    distribution_domain="d111111abcdef8.cloudfront.net",
    distribution_id="EDFDVBD6EXAMPLE",
    request_id="4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
)
_VIEWER = {"Host": "d111111abcdef8.cloudfront.net", "User-Agent": "Mozilla/5.0", "Accept": "*/*"}
_AT_ORIGIN = {
    "X-Forwarded-For": "203.0.113.178",
    "User-Agent": "Amazon CloudFront",
    "Via": "2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)",
    "Host": "app.example.com",
}


def viewer_request(
    uri: str = "/", *, method: str = "GET", query: str = "", headers: Lines = (), body: bytes | None = None
) -> Event:
    """A viewer-request event; `body` is what `IncludeBody` adds. Headers of these names replace the usual ones."""
    request = _request(uri, method, query, _VIEWER, headers, body)
    return event.request_event("viewer-request", _CONFIG, request, include_body=body is not None)


def origin_request(
    uri: str = "/",
    *,
    method: str = "GET",
    query: str = "",
    headers: Lines = (),
    body: bytes | None = None,
    origin: Origin = CUSTOM_ORIGIN,
) -> Event:
    """An origin-request event, with what CloudFront sends to a custom origin (or to a bucket: `BUCKET_ORIGIN`)."""
    request = _request(uri, method, query, _AT_ORIGIN | {"Host": origin.domain}, headers, body)
    return event.request_event(
        "origin-request",
        _CONFIG,
        request,
        origin=event.origin_object(origin),
        include_body=body is not None,
    )


def origin_response(
    uri: str = "/",
    *,
    status: int = 200,
    headers: Lines = (),
    request_headers: Lines = (),
    origin: Origin = CUSTOM_ORIGIN,
) -> Event:
    """An origin-response event: `headers` are the response's."""
    request = _request(uri, "GET", "", _AT_ORIGIN | {"Host": origin.domain}, request_headers, None)
    response = Response(status, Headers(pairs(headers)), b"", reason(status))
    return event.response_event(
        "origin-response", _CONFIG, request, response, origin=event.origin_object(origin)
    )


def viewer_response(
    uri: str = "/", *, status: int = 200, headers: Lines = (), request_headers: Lines = ()
) -> Event:
    """A viewer-response event: `headers` are the response's."""
    request = _request(uri, "GET", "", _VIEWER, request_headers, None)
    response = Response(status, Headers(pairs(headers)), b"", reason(status))
    return event.response_event("viewer-response", _CONFIG, request, response)


def _request(
    uri: str, method: str, query: str, usual: Mapping[str, str], headers: Lines, body: bytes | None
) -> Request:
    given = pairs(headers)
    replaced = {name.lower() for name, _ in given}
    lines = [(name, value) for name, value in usual.items() if name.lower() not in replaced]
    return Request(method, uri, query, Headers([*lines, *given]), body or b"", viewer="203.0.113.178")
