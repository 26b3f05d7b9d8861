"""How long a response may be kept. Source: Developer Guide, "Manage how long content stays in the cache"
(expiration), and "How CloudFront processes and caches HTTP 4xx and 5xx status codes"."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from edgewise.cdn.message import Headers, Response
from edgewise.cdn.policies import CachePolicy

ERROR_CACHING_MIN_TTL = 10.0

# Errors that are cached by default, and those that are only cached when the origin says for how long.
_ERRORS = frozenset({404, 414, 500, 501, 502, 503, 504})
_ERRORS_THAT_MAY_FORBID = frozenset({404, 414, 501})
_ERRORS_IF_ASKED = frozenset({400, 403, 405, 412, 415})
_NOT_BY_DEFAULT = frozenset({206, 302, 303, 304, 307, 308, 416})


def cache_control(headers: Headers) -> Mapping[str, str]:
    """The directives of `Cache-Control`, names in lower case, values without quotes."""
    directives: dict[str, str] = {}
    for part in headers.joined("cache-control").split(","):
        name, _, value = part.strip().partition("=")
        if name:
            directives.setdefault(name.lower(), value.strip().strip('"'))
    return directives


def time_to_live(response: Response, policy: CachePolicy, now: float) -> float:
    """Seconds to keep a response, 0 for not at all. `now` is in seconds since the epoch."""
    if not policy.caches:
        return 0.0
    directives = cache_control(response.headers)
    stated = _stated(response.headers, directives, now)
    forbidden = directives.keys() & {"no-cache", "no-store", "private"}
    if response.status in _ERRORS:
        if forbidden and response.status in _ERRORS_THAT_MAY_FORBID:
            return 0.0
        return max(ERROR_CACHING_MIN_TTL, stated or 0.0)
    if response.status in _ERRORS_IF_ASKED:
        return 0.0 if stated is None else max(ERROR_CACHING_MIN_TTL, stated)
    if response.status >= 400 or (response.status in _NOT_BY_DEFAULT and stated is None):
        return 0.0
    if response.status in (206, 304):
        return 0.0
    # With a minimum above zero CloudFront keeps even what the origin forbids to keep, for that long.
    if forbidden:
        return float(policy.min_ttl)
    wanted = float(policy.default_ttl) if stated is None else stated
    return min(max(wanted, policy.min_ttl), policy.max_ttl)


def _stated(headers: Headers, directives: Mapping[str, str], now: float) -> float | None:
    """The lifetime that the origin states: s-maxage, else max-age, else Expires."""
    for name in ("s-maxage", "max-age"):
        value = directives.get(name, "")
        if value.isascii() and value.isdigit():
            return float(value)
    expires = headers.get("expires")
    if not expires:
        return None
    try:
        return max(0.0, parsedate_to_datetime(expires).timestamp() - now)
    except (ValueError, OverflowError):
        # RFC 9111 section 5.3: an invalid date means already expired.
        return 0.0
