"""The request that goes to the origin, assembled from the viewer's by the behavior's policies; and what of the
origin's answer may come back.

Source: Developer Guide, "Control origin requests with a policy", "Understand how origin request policies and cache
policies work together", "Request and response behavior for custom origins". The rules for one pair of policies are
worked out once, as a `_Plan`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.cdn import cookies
from edgewise.cdn.cachekey import accept_encoding, query_parts
from edgewise.cdn.distribution import Behavior, Origin
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.policies import CachePolicy, OriginRequestPolicy, Selection, merged
from edgewise.cdn.viewerfacts import SPELLING, ViewerFacts

# Passed on whatever the policies say. The guide gives no full list. These describe the body, or ask for a part or a
# state of the object; without them uploads, ranges and conditional requests could not work.
_ALWAYS = frozenset(
    {
        *("content-type", "content-length", "content-md5", "content-encoding", "content-language"),
        *("content-range", "transfer-encoding", "range", "cache-control", "pragma"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"),
    }
)
# Never passed on, even by a policy that forwards everything: of one connection only, or CloudFront's own.
_NEVER = frozenset(
    {
        *("connection", "expect", "keep-alive", "te", "trailer", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("x-forwarded-proto", "x-real-ip"),
    }
)
_NEVER_PREFIXES = ("cloudfront-", "x-amz-cf-", "x-edge-")
# Made by rules of their own, below.
_BY_RULE = frozenset({"accept-encoding", "cookie", "host", "user-agent", "via", "x-forwarded-for"})

# The older `ForwardedValues` takes these off unless they are listed; every other header passes.
_LEGACY_REMOVED = frozenset(
    {"accept", "accept-charset", "accept-language", "referer", "x-http-method-override"}
)

# Not of the object but of the connection to the origin. `Transfer-Encoding` stays: functions see it, and
# `http/wire.py` writes it anew.
_RESPONSE_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"})
# Named in `Vary` by origins that look at the device; CloudFront then lets `User-Agent` stand for it.
_DEVICE_HEADERS = frozenset(
    f"cloudfront-is-{kind}-viewer" for kind in ("android", "desktop", "ios", "mobile", "smarttv", "tablet")
)


@dataclass(frozen=True, slots=True)
class _Names:
    """A set of header names in lower case: the `listed` ones, or all `others`."""

    listed: frozenset[str]
    others: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.listed) is not self.others


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one pair of policies does to the headers of requests and responses.

    `passes` are the viewer's headers that are copied; `added` are CloudFront's own, as it spells them and in lower
    case. `agent`, `host` and `encoding` say whether the policies themselves speak of these headers of the viewer.
    `varies` are the names that an origin's `Vary` may hold; `removed` are dropped from its answer.
    """

    passes: _Names
    agent: bool
    host: bool
    encoding: bool
    added: tuple[tuple[str, str], ...]
    identity: bool
    cookies: Selection
    queries: Selection
    varies: _Names
    removed: frozenset[str]


def _plan(cache: CachePolicy, forward: OriginRequestPolicy, cacheable: bool) -> _Plan:
    """`cacheable` says whether the request's method is one whose answers may be cached."""
    named = _named(cache, forward)
    added = cache.viewer_headers
    if forward.headers in ("whitelist", "allViewerAndWhitelistCloudFront"):
        added |= {name for name in forward.header_names if name.startswith("cloudfront-")}
    chosen = merged(cache.cookies, forward.cookies)
    return _Plan(
        passes=_passes(named, forward, cacheable),
        agent="user-agent" in named,
        host="host" in named,
        encoding="accept-encoding" in named,
        added=tuple((SPELLING.get(name, name), name) for name in sorted(added)),
        identity=forward.headers != "legacy",
        cookies=chosen,
        queries=merged(cache.queries, forward.queries),
        varies=_varies(named, added, cache),
        removed=_RESPONSE_HOP if chosen.kind != "none" else _RESPONSE_HOP | {"set-cookie"},
    )


def _named(cache: CachePolicy, forward: OriginRequestPolicy) -> _Names:
    in_key = frozenset(cache.headers)
    match forward.headers:
        case "allViewer" | "allViewerAndWhitelistCloudFront":
            return _Names(frozenset(), others=True)
        case "allExcept":
            return _Names(forward.header_names - in_key, others=True)
        case "whitelist":
            return _Names(in_key | forward.header_names)
    return _Names(in_key)


def _passes(named: _Names, forward: OriginRequestPolicy, cacheable: bool) -> _Names:
    if named.others:
        return _Names(named.listed - _ALWAYS | _NEVER, others=True)
    if forward.headers == "legacy":
        # An answer that may be kept for others must not depend on who asked.
        removed = _LEGACY_REMOVED | {"authorization"} if cacheable else _LEGACY_REMOVED
        return _Names(removed - named.listed | _NEVER, others=True)
    listed = named.listed | _ALWAYS
    return _Names(frozenset(name for name in listed - _NEVER if not name.startswith(_NEVER_PREFIXES)))


def _varies(named: _Names, added: frozenset[str], cache: CachePolicy) -> _Names:
    extra = {"accept-encoding", "cookie"}
    if added & _DEVICE_HEADERS:
        extra.add("user-agent")
    # With a minimum TTL of 0 `Vary: *` has a meaning: the object is asked for anew each time.
    if cache.min_ttl == 0:
        extra.add("*")
    if named.others:
        return _Names(named.listed | ({"*"} - extra), others=True)
    return _Names(named.listed | extra)


class Forwarding:
    """What the policies of one behavior do to requests for its origins, and to what these answer."""

    def __init__(self, behavior: Behavior) -> None:
        self._cache = behavior.cache_policy
        self._cached_methods = behavior.cached_methods
        self._of_cached = _plan(self._cache, behavior.origin_request_policy, True)
        self._of_others = _plan(self._cache, behavior.origin_request_policy, False)

    def request(self, request: Request, origin: Origin, via: str, facts: ViewerFacts) -> Request:
        """What an origin-request function sees and the origin is sent; `via` names this CloudFront server.

        The origin's custom headers come last, in `origins/router.py`: functions see them with the origin.
        """
        plan = self._of_cached if request.method in self._cached_methods else self._of_others
        given, copied = _sorted_out(request.headers, plan.passes)
        agent = given.get("user-agent") if plan.agent else None
        host = given.get("host") if plan.host else None
        lines = [
            ("X-Forwarded-For", _appended(given, "x-forwarded-for", request.viewer)),
            ("User-Agent", agent or "Amazon CloudFront"),
            ("Via", _appended(given, "via", f"{request.http_version} {via}")),
            ("Host", host or origin.domain),
            *copied,
        ]
        for spelling, name in plan.added:
            value = facts.header(name)
            if value:
                lines.append((spelling, value))
        if "accept-encoding" in given:
            encoding = _accept_encoding(given["accept-encoding"], request, self._cache, plan)
            if encoding:
                lines.append(("Accept-Encoding", encoding))
        if "cookie" in given:
            cookie = cookies.selected(given["cookie"], plan.cookies)
            if cookie:
                lines.append(("Cookie", cookie))
        sent = request.copy(Headers(lines))
        sent.query = query_parts(request.query, plan.queries)
        return sent

    def answer(self, response: Response) -> None:
        """Takes off an origin's answer what belongs to the connection or to what was not forwarded.

        An origin that gets no cookies can set none; `Vary` keeps what the origin was sent. Developer Guide, "Request
        and response behavior for custom origins", headers that CloudFront removes or replaces.
        """
        plan = self._of_cached
        kept = []
        for line in response.headers.lines:
            name = line[0].lower()
            if name == "vary":
                value = _vary(line[1], plan.varies)
                if value:
                    kept.append((line[0], value))
            elif name not in plan.removed:
                kept.append(line)
        # Others of their own: what the origin said is in the request's record.
        response.headers = Headers(kept)


def _sorted_out(headers: Headers, passes: _Names) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The headers that have rules of their own, by name, and the lines that are copied."""
    listed, others = passes.listed, passes.others
    given: dict[str, str] = {}
    copied = []
    for line in headers.lines:
        name = line[0].lower()
        if name in _BY_RULE:
            separator = "; " if name == "cookie" else ", "
            given[name] = f"{given[name]}{separator}{line[1]}" if name in given else line[1]
        elif (name in listed) is not others and not (others and name.startswith(_NEVER_PREFIXES)):
            copied.append(line)
    return given, copied


def _appended(given: dict[str, str], name: str, value: str) -> str:
    return f"{given[name]}, {value}" if name in given else value


def _accept_encoding(given: str, request: Request, cache: CachePolicy, plan: _Plan) -> str:
    if not (cache.gzip or cache.brotli):
        return given if plan.encoding else ""
    encoding = accept_encoding(given, request.http_version, cache)
    # A viewer that takes no coding of ours, as against one that says nothing.
    if not encoding and given and plan.identity and request.http_version != "1.0":
        return "identity"
    return encoding


def _vary(value: str, varies: _Names) -> str:
    tokens = [token.strip() for token in value.split(",")]
    return ", ".join([token for token in tokens if token and token.lower() in varies])
