"""The Lambda@Edge event: what a function is given. `answer.py` reads what it returns.

Source: CloudFront Developer Guide, "Lambda@Edge event structure". This module and `answer.py` are the only
homes of the format.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any, NamedTuple

from edgewise.cdn.distribution import BucketOrigin, Origin, Trigger
from edgewise.cdn.limits import ORIGIN_BODY_BYTES, VIEWER_BODY_BYTES
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.rules import is_disallowed

Event = dict[str, Any]


class RequestConfig(NamedTuple):
    """What is the same in the events of one viewer request."""

    distribution_domain: str
    distribution_id: str
    request_id: str


def text(raw: str) -> str:
    """A Latin-1 view of the wire as a function sees it: UTF-8, or as it is when it is not UTF-8."""
    if raw.isascii():
        return raw
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return raw


def raw(value: str, original: str) -> str:
    """The wire's view of a function's text; what it left alone stays the very bytes that came."""
    if value == text(original):
        return original
    return value if value.isascii() else value.encode("utf-8", "surrogatepass").decode("latin-1")


def headers_of(headers: Headers) -> dict[str, list[dict[str, str]]]:
    """The header map; names that functions may not see are left out."""
    result: dict[str, list[dict[str, str]]] = {}
    for key, value in headers.lines:
        name = _shown_as(key)
        if name:
            result.setdefault(name, []).append({"key": key, "value": text(value)})
    return result


@lru_cache(maxsize=256)
def _shown_as(key: str) -> str:
    """The name in a header map; empty for one that functions may not see."""
    name = key.lower()
    return "" if is_disallowed(name) else name


def request_event(
    trigger: Trigger,
    config: RequestConfig,
    request: Request,
    *,
    origin: Event | None = None,
    include_body: bool = False,
) -> Event:
    """The event of a request trigger; `origin` is the origin object, for origin-request."""
    part = _request(request)
    if include_body and request.body:
        limit = VIEWER_BODY_BYTES if trigger == "viewer-request" else ORIGIN_BODY_BYTES
        part["body"] = {
            "inputTruncated": len(request.body) > limit,
            "action": "read-only",
            "encoding": "base64",
            "data": base64.b64encode(request.body[:limit]).decode("ascii"),
        }
    if origin is not None:
        part["origin"] = origin
    return _record(trigger, config, {"request": part})


def response_event(
    trigger: Trigger,
    config: RequestConfig,
    request: Request,
    response: Response,
    *,
    origin: Event | None = None,
) -> Event:
    """The event of a response trigger. A response's body is never in it."""
    part = _request(request)
    if origin is not None:
        part["origin"] = origin
    answer = {
        "status": str(response.status),
        "statusDescription": response.reason,
        "headers": headers_of(response.headers),
    }
    return _record(trigger, config, {"request": part, "response": answer})


def _request(request: Request) -> Event:
    return {
        "clientIp": request.viewer,
        "headers": headers_of(request.headers),
        "method": request.method,
        "querystring": text(request.query),
        "uri": text(request.uri),
    }


def _record(trigger: Trigger, config: RequestConfig, parts: Event) -> Event:
    return {
        "Records": [
            {
                "cf": {
                    "config": {
                        "distributionDomainName": config.distribution_domain,
                        "distributionId": config.distribution_id,
                        "eventType": trigger,
                        "requestId": config.request_id,
                    },
                    **parts,
                }
            }
        ]
    }


def origin_object(origin: Origin, scheme: str = "http") -> Event:
    """The origin as a function sees it, with AWS's names and defaults.

    `scheme` is how the viewer came, which is also the protocol of a `match-viewer` origin.
    """
    custom_headers = {name.lower(): [{"key": name, "value": value}] for name, value in origin.custom_headers}
    if isinstance(origin, BucketOrigin):
        return {
            "s3": {
                # With origin access control there is no other value that fits; CloudFront signs all the same.
                "authMethod": "origin-access-identity" if origin.access_identity else "none",
                "customHeaders": custom_headers,
                "domainName": origin.domain,
                "path": origin.path,
                "readTimeout": origin.read_timeout,
                "responseCompletionTimeout": 0,
                "region": origin.region,
            }
        }
    https = origin.protocol == "https-only" or (origin.protocol == "match-viewer" and scheme == "https")
    return {
        "custom": {
            "customHeaders": custom_headers,
            "domainName": origin.domain,
            "keepaliveTimeout": origin.keepalive_timeout,
            "path": origin.path,
            "port": origin.https_port if https else origin.http_port,
            "protocol": "https" if https else "http",
            "readTimeout": origin.read_timeout,
            "responseCompletionTimeout": 0,
            "sslProtocols": list(origin.ssl_protocols),
        }
    }
