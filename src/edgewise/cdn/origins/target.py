"""The origin that a request goes to, after an origin-request function had its say.

Source: CloudFront Developer Guide, "Lambda@Edge event structure", origin object. What may be left out is not
documented: only the domain name, and the protocol of a custom origin, have to be there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Origin
from edgewise.cdn.event import origin_object, raw
from edgewise.cdn.headermap import header_entries
from edgewise.cdn.origins.custom_headers import is_denied
from edgewise.cdn.rules import broken

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_ADDRESS = re.compile(r"[0-9.]+")
_MAX_BUCKET_DOMAIN = 128
# URL-encoded: printable ASCII without blanks, ? and #; it starts with a slash and does not end with one.
_PATH = re.compile(r"(?=.{0,255}\Z)(/[!-\"$->@-~]*[!-\"$-.0->@-~])?")
_TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")
_MAX_TIMEOUT = 120  # seconds, for reading and for keeping alive

Settings = Mapping[str, Any]


def changed_origin(result: Mapping[str, Any], origin: Origin, scheme: str = "http") -> Origin:
    """The origin as the function left it in `request.origin`; left out or untouched it stays what it was.

    `result` is the request that the function returned, `scheme` how the viewer came.
    """
    given = result.get("origin")
    if given is None or given == origin_object(origin, scheme):
        return origin
    if not isinstance(given, dict) or len(given) != 1:
        raise broken("origin-object", "origin", "origin must have exactly one of custom and s3")
    kind, settings = next(iter(given.items()))
    if kind not in ("custom", "s3") or not isinstance(settings, dict):
        raise broken("origin-object", "origin", "origin must have exactly one of custom and s3")
    domain = _domain(kind, settings)
    path = settings.get("path", "")
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        what = f"origin.{kind}.path must be empty, or start with / and not end with it, it is {path!r}"
        raise broken("origin-path", f"origin.{kind}.path", what)
    headers = _custom_headers(settings.get("customHeaders") or {}, result.get("headers"), origin)
    read_timeout = _seconds(kind, settings, "readTimeout", origin.read_timeout)
    _completion_timeout(kind, settings, read_timeout)
    if kind == "s3":
        return BucketOrigin(
            origin.id,
            domain,
            path,
            headers,
            region=_access(settings),
            read_timeout=read_timeout,
            connect_timeout=origin.connect_timeout,
            connect_attempts=origin.connect_attempts,
            access_identity=settings.get("authMethod") == "origin-access-identity",
        )
    connecting = origin if isinstance(origin, CustomOrigin) else CustomOrigin(origin.id, domain)
    moved = replace(connecting, domain=domain, path=path, custom_headers=headers, read_timeout=read_timeout)
    return _custom(settings, moved)


def is_origin_port(port: int) -> bool:
    """Whether CloudFront asks origins at that port. Developer Guide, "Origin settings", HTTP port."""
    return port in (80, 443) or 1024 <= port <= 65535


def _domain(kind: str, settings: Settings) -> str:
    domain = settings.get("domainName")
    what = f"origin.{kind}.domainName must be a domain name, it is {domain!r}"
    if not isinstance(domain, str) or not _NAME.fullmatch(domain) or _ADDRESS.fullmatch(domain):
        raise broken("origin-domain", f"origin.{kind}.domainName", what)
    if kind == "s3" and (len(domain) > _MAX_BUCKET_DOMAIN or domain != domain.lower()):
        what = f"origin.s3.domainName must be in lower case and at most {_MAX_BUCKET_DOMAIN} characters long"
        raise broken("origin-domain", "origin.s3.domainName", what)
    return domain


def _custom(settings: Settings, origin: CustomOrigin) -> CustomOrigin:
    protocol = settings.get("protocol")
    if protocol not in ("http", "https"):
        what = f"origin.custom.protocol must be http or https, it is {protocol!r}"
        raise broken("origin-protocol", "origin.custom.protocol", what)
    port = settings.get("port", 443 if protocol == "https" else 80)
    if not _is_number(port) or not is_origin_port(port):
        what = f"origin.custom.port must be 80, 443 or 1024 to 65535, it is {port!r}"
        raise broken("origin-port", "origin.custom.port", what)
    versions = settings.get("sslProtocols", list(origin.ssl_protocols))
    if not isinstance(versions, list) or any(version not in _TLS_VERSIONS for version in versions):
        what = f"origin.custom.sslProtocols must be some of {', '.join(_TLS_VERSIONS)}, it is {versions!r}"
        raise broken("origin-ssl-protocols", "origin.custom.sslProtocols", what)
    return replace(
        origin,
        protocol="https-only" if protocol == "https" else "http-only",
        http_port=port,
        https_port=port,
        ssl_protocols=tuple(versions),
        keepalive_timeout=_seconds("custom", settings, "keepaliveTimeout", origin.keepalive_timeout),
    )


def _access(settings: Settings) -> str:
    """Check how CloudFront identifies itself to the bucket; returns the bucket's region.

    There is no value for origin access control, and whether a bucket that was moved is still signed for is not
    documented: here it is.
    """
    method, region = settings.get("authMethod", "none"), settings.get("region") or ""
    if method not in ("none", "origin-access-identity"):
        what = f"origin.s3.authMethod must be none or origin-access-identity, it is {method!r}"
        raise broken("origin-access", "origin.s3.authMethod", what)
    # One of AWS's own examples leaves the region empty here; the guide says that it is needed.
    if not isinstance(region, str) or (method == "origin-access-identity" and not region):
        what = "origin.s3.region must be the bucket's region when authMethod is origin-access-identity"
        raise broken("origin-access", "origin.s3.region", what)
    return region


def _seconds(kind: str, settings: Settings, name: str, default: int) -> int:
    value = settings.get(name, default)
    if not _is_number(value) or not 1 <= value <= _MAX_TIMEOUT:
        what = f"origin.{kind}.{name} must be from 1 to {_MAX_TIMEOUT} seconds, it is {value!r}"
        raise broken("origin-timeout", f"origin.{kind}.{name}", what)
    return int(value)


def _completion_timeout(kind: str, settings: Settings, read_timeout: int) -> None:
    """Check the limit of the whole answer; 0 or nothing is no limit. It is not simulated."""
    name = "responseCompletionTimeout"
    value = settings.get(name) or 0
    if not _is_number(value) or (value and value < read_timeout):
        what = f"origin.{kind}.{name} must be 0 or at least readTimeout ({read_timeout}), it is {value!r}"
        raise broken("origin-timeout", f"origin.{kind}.{name}", what)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _custom_headers(headers: Any, beside: Any, origin: Origin) -> tuple[tuple[str, str], ...]:
    """The origin's own headers as lines; `beside` is the header map of the request itself."""
    if not isinstance(headers, dict):
        raise broken("origin-custom-header", "customHeaders", "origin customHeaders must be a header map")
    taken = {name.lower() for name in beside} if isinstance(beside, dict) else set()
    # A viewer who sends a name that the template sets is no mistake of the function.
    taken -= {name.lower() for name, _ in origin.custom_headers}
    lines: list[tuple[str, str]] = []
    for name, entries in headers.items():
        if is_denied(name):
            what = f"origin customHeaders may not hold {name}"
            raise broken("origin-custom-header", name, what)
        if name.lower() in taken:
            what = f"{name} is in both request.headers and origin customHeaders"
            raise broken("origin-custom-header", name, what)
        lines += [(key, raw(value, "")) for key, value in header_entries(name.lower(), entries)]
    return tuple(lines)
