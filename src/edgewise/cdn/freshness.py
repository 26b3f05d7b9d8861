"""How long a response may be kept, and for how long it may be used after that.

Source: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)" and "How CloudFront
processes and caches HTTP 4xx and 5xx status codes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.cdn import httpdate
from edgewise.cdn.message import Headers, Response
from edgewise.cdn.policies import CachePolicy

# Errors that are cached by default, and those that are only cached when the origin says for how long.
_ERRORS = frozenset({404, 414, 500, 501, 502, 503, 504})
_ERRORS_THAT_MAY_FORBID = frozenset({404, 410, 414, 501})
_ERRORS_IF_ASKED = frozenset({400, 403, 405, 412, 415})
_NOT_BY_DEFAULT = frozenset({307, 308})
_FORBIDDING = ("no-store", "no-cache", "private")
_BLANKS = " \t"  # of HTTP (RFC 9110, 5.6.3); Latin-1 has others, which are part of a name


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds of freshness and why; `stored` says whether the response is kept at all.

    One without freshness is kept when the origin can be asked about it. `stale_while_revalidate` and `stale_if_error`
    are seconds beyond freshness; None for the latter is "as long as the origin fails".
    """

    stored: bool
    ttl: float
    reason: str
    stale_while_revalidate: float = 0.0
    stale_if_error: float | None = None


def cache_control(headers: Headers) -> Mapping[str, str]:
    """The directives of `Cache-Control`, names in lower case, values without quotes."""
    directives: dict[str, str] = {}
    for part in headers.joined("cache-control").split(","):
        name, _, value = part.strip(_BLANKS).partition("=")
        if name:
            directives.setdefault(name.lower(), value.strip(_BLANKS).strip('"'))
    return directives


def lifetime(response: Response, policy: CachePolicy, now: float, error_min_ttl: float) -> Lifetime:
    """What may be done with a response; `now` is in seconds since the epoch, `error_min_ttl` for its status."""
    directives = cache_control(response.headers)
    stated = _stated(response.headers, directives, now)
    forbidding = next((name for name in _FORBIDDING if name in directives), "")
    if response.status >= 400:
        return _of_error(response.status, stated, forbidding, error_min_ttl)
    if response.status == 304:
        return _no("the viewer's own condition was answered by the origin")
    if stated is None and response.status in _NOT_BY_DEFAULT:
        return _no(f"a {response.status} is kept only if the origin says for how long")
    if "*" in response.headers.joined("vary") and policy.min_ttl == 0:
        return _no("Vary: * and a minimum of 0")
    longest = float(policy.max_ttl)
    if_error = _seconds(directives.get("stale-if-error", ""))
    if_error = None if if_error is None else min(if_error, longest)
    # With a minimum above zero CloudFront keeps even what the origin forbids to keep, for that long.
    if forbidding:
        if policy.min_ttl == 0:
            return _no(f"Cache-Control: {forbidding} and a minimum of 0")
        why = f"the minimum, in spite of Cache-Control: {forbidding}"
        return Lifetime(True, policy.min_ttl, why, stale_if_error=if_error)
    value, why = stated if stated is not None else (float(policy.default_ttl), "the policy's default")
    ttl = min(max(value, policy.min_ttl), policy.max_ttl)
    if ttl != value:
        why = f"{why}, held within {policy.min_ttl} to {policy.max_ttl} s"
    while_revalidate = _seconds(directives.get("stale-while-revalidate", ""))
    return Lifetime(
        ttl > 0 or _can_be_asked_about(response.headers),
        ttl,
        why,
        min(while_revalidate or 0.0, longest),
        if_error,
    )


def _can_be_asked_about(headers: Headers) -> bool:
    return "etag" in headers or "last-modified" in headers


def _of_error(status: int, stated: tuple[float, str] | None, forbidding: str, min_ttl: float) -> Lifetime:
    if stated is not None and not stated[1].startswith("Cache-Control"):
        stated = None  # of errors only Cache-Control counts
    if status in _ERRORS_IF_ASKED and stated is None:
        return _no(f"a {status} is kept only with Cache-Control: max-age or s-maxage")
    if status not in _ERRORS and status not in _ERRORS_IF_ASKED:
        return _no(f"a {status} is never kept")
    if forbidding and status in _ERRORS_THAT_MAY_FORBID:
        return _no(f"Cache-Control: {forbidding}")
    value, why = stated or (0.0, "")
    if value <= min_ttl:
        value, why = min_ttl, "the minimum for errors"
    return Lifetime(value > 0, value, why)


def _no(reason: str) -> Lifetime:
    return Lifetime(False, 0.0, reason)


def _stated(headers: Headers, directives: Mapping[str, str], now: float) -> tuple[float, str] | None:
    """The lifetime that the origin states, and where: s-maxage, else max-age, else Expires."""
    for name in ("s-maxage", "max-age"):
        value = _seconds(directives.get(name, ""))
        if value is not None:
            return value, f"Cache-Control: {name}={directives[name]}"
    expires = headers.get("expires")
    if not expires:
        return None
    until = httpdate.parsed(expires)
    # RFC 9111 section 5.3: an invalid date means already expired.
    return (
        (0.0, "an Expires that is no date")
        if until is None
        else (max(0.0, until - now), f"Expires: {expires}")
    )


def _seconds(value: str) -> float | None:
    # Beyond that many digits it is for ever all the same.
    return float(value[:18]) if value.isascii() and value.isdigit() else None
