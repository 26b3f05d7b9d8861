"""Visits as the events that CloudFront sends to functions."""

from __future__ import annotations

from typing import Any

from edgewise.cdn.event import RequestConfig, request_event, response_event
from edgewise.cdn.message import Headers, Request, Response

from .traffic import Visit

_DOMAIN, _DISTRIBUTION = "d111111abcdef8.cloudfront.net", "EDFDVBD6EXAMPLE"
_ID_DIGITS = 12
_ID_TAIL = "SimulatedRequestIdOfThisLength-AsCloudFrontHas"[: 54 - _ID_DIGITS] + "=="


def request_id(number: int) -> str:
    """As long as CloudFront's, and it begins with the visit's number."""
    return f"{number:0{_ID_DIGITS}}{_ID_TAIL}"


def number_of(record_id: str) -> int:
    """The number in a record's id, which begins with a request's."""
    return int(record_id[:_ID_DIGITS])


def viewer_request(number: int, visit: Visit) -> dict[str, Any]:
    return request_event("viewer-request", _config(number), _request(visit))


def origin_response(number: int, visit: Visit) -> dict[str, Any]:
    response = Response(visit.status, Headers([("Content-Type", "text/html; charset=utf-8")]), reason="OK")
    return response_event("origin-response", _config(number), _request(visit), response)


def _config(number: int) -> RequestConfig:
    return RequestConfig(_DOMAIN, _DISTRIBUTION, request_id(number))


def _request(visit: Visit) -> Request:
    lines = [("Host", visit.host), ("User-Agent", visit.user_agent), ("Referer", visit.referrer)]
    path, _, query = visit.target.partition("?")
    headers = Headers([line for line in lines if line[1]])
    return Request(visit.method, path, query, headers, viewer=visit.client_ip)
