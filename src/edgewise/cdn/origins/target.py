"""The origin that a request goes to, after an origin-request function had its say.

Source: CloudFront Developer Guide, "Lambda@Edge event structure", origin object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Never

from edgewise.cdn.answer import header_entries
from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Origin
from edgewise.cdn.event import origin_object, raw
from edgewise.cdn.failure import function_invalid

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
# URL-encoded: printable ASCII without blanks, ? and #; it starts with a slash and does not end with one.
_PATH = re.compile(r"(/[!-\"$->@-~]*[!-\"$-.0->@-~])?")
# Developer Guide, "Add custom headers to origin requests": names that CloudFront does not take there.
_DENIED = frozenset(
    {
        *("cache-control", "connection", "content-length", "cookie", "host", "if-match", "if-modified-since"),
        *(
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "max-forwards",
            "pragma",
            "range",
            "request-range",
        ),
        *("te", "trailer", "transfer-encoding", "upgrade", "via", "x-real-ip"),
    }
)
_DENIED_PREFIXES = ("proxy-", "x-amz-", "x-edge-")


def changed_origin(result: Mapping[str, Any], origin: Origin) -> Origin:
    """The origin as the function left it in `request.origin`; left out or untouched it stays what it was."""
    given = result.get("origin")
    if given is None or given == origin_object(origin):
        return origin
    if not isinstance(given, dict) or len(given) != 1:
        _invalid("origin must have exactly one of custom and s3")
    kind, settings = next(iter(given.items()))
    if kind not in ("custom", "s3") or not isinstance(settings, dict):
        _invalid("origin must have exactly one of custom and s3")
    domain = settings.get("domainName")
    if not isinstance(domain, str) or not _NAME.fullmatch(domain) or re.fullmatch(r"[\d.]+", domain):
        _invalid(f"origin.{kind}.domainName must be a domain name, it is {domain!r}")
    path = settings.get("path", "")
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        _invalid(f"origin.{kind}.path must be empty, or start with / and not end with it, without blanks")
    headers = _custom_headers(settings.get("customHeaders") or {})
    if kind == "s3":
        return BucketOrigin(origin.id, domain, path, headers, str(settings.get("region") or "us-east-1"))
    return _custom(settings, CustomOrigin(origin.id, domain, path, headers))


def _custom(settings: Mapping[str, Any], origin: CustomOrigin) -> CustomOrigin:
    protocol = settings.get("protocol")
    if protocol not in ("http", "https"):
        _invalid(f"origin.custom.protocol must be http or https, it is {protocol!r}")
    port = settings.get("port", 443 if protocol == "https" else 80)
    if not isinstance(port, int) or not (port in (80, 443) or 1024 <= port <= 65535):
        _invalid(f"origin.custom.port must be 80, 443 or 1024 to 65535, it is {port!r}")
    read_timeout = settings.get("readTimeout", origin.read_timeout)
    keepalive = settings.get("keepaliveTimeout", origin.keepalive_timeout)
    for name, value in (("readTimeout", read_timeout), ("keepaliveTimeout", keepalive)):
        if not isinstance(value, int) or not 1 <= value <= 120:
            _invalid(f"origin.custom.{name} must be from 1 to 120 seconds, it is {value!r}")
    return replace(
        origin,
        protocol="https-only" if protocol == "https" else "http-only",
        http_port=port,
        https_port=port,
        read_timeout=read_timeout,
        keepalive_timeout=keepalive,
    )


def _custom_headers(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, dict):
        _invalid("origin customHeaders must be a header map")
    lines: list[tuple[str, str]] = []
    for name, entries in headers.items():
        if name.lower() in _DENIED or name.lower().startswith(_DENIED_PREFIXES):
            _invalid(f"origin customHeaders may not hold {name}")
        lines += [(key, raw(value, "")) for key, value in header_entries(name.lower(), entries)]
    return tuple(lines)


def _invalid(what: str) -> Never:
    raise function_invalid(
        "The Lambda function result failed validation: The function returned an invalid value.",
        f"ERROR Validation error: Lambda function result failed validation, {what}.",
    )
