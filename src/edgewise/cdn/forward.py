"""The request that goes to the origin, assembled from the viewer's by the behavior's policies.

Source: Developer Guide, "Control origin requests", "How origin request policies and cache policies work
together", "Request and response behavior for custom origins". The guide does not list which headers always
pass when policies are used; `_ALWAYS` is this project's reading, and the one place to change it.
"""

from __future__ import annotations

from edgewise.cdn import cookies
from edgewise.cdn.cachekey import accept_encoding, query_parts
from edgewise.cdn.distribution import Behavior, Origin
from edgewise.cdn.message import Headers, Request

_ALWAYS = frozenset(
    {
        *("content-type", "content-md5", "content-encoding", "content-language", "content-range"),
        *("cache-control", "pragma", "range", "if-range", "date", "max-forwards", "warning"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    }
)
# Written anew for the hop to the origin, or never sent there at all.
_NEVER = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "cookie", "expect", "host", "keep-alive"),
        *(
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
        ),
        *("upgrade", "user-agent", "via", "x-amz-cf-id", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"),
    }
)


def origin_request(request: Request, behavior: Behavior, origin: Origin, via: str) -> Request:
    """What an origin-request function sees and the origin is sent; `via` names this CloudFront server."""
    cache, forward = behavior.cache_policy, behavior.origin_request_policy

    def takes(name: str) -> bool:
        return name in cache.headers or forward.takes_header(name)

    headers = Headers([("X-Forwarded-For", _forwarded_for(request))])
    agent = request.headers.get("user-agent")
    headers.add("User-Agent", agent if agent and takes("user-agent") else "Amazon CloudFront")
    headers.add("Via", f"{request.http_version} {via}")
    host = request.headers.get("host")
    headers.add("Host", host if host and takes("host") else origin.domain)
    for name, value in request.headers:
        lower = name.lower()
        # CloudFront-* headers are CloudFront's to make: a viewer's own never reach the origin.
        if lower in _NEVER or lower.startswith("cloudfront-"):
            continue
        if lower in _ALWAYS or takes(lower):
            headers.add(name, value)
    encoding = accept_encoding(request, cache)
    if cache.gzip or cache.brotli:
        # A viewer that takes no coding of ours, as against one that says nothing.
        if not encoding and "accept-encoding" in request.headers and request.http_version != "1.0":
            encoding = "identity"
    elif takes("accept-encoding"):
        encoding = request.headers.joined("accept-encoding")
    if encoding:
        headers.add("Accept-Encoding", encoding)
    cookie = cookies.selected(request.headers, cache.cookies, forward.cookies)
    if cookie:
        headers.add("Cookie", cookie)
    copy = request.copy()
    copy.headers = headers
    copy.query = query_parts(request.query, cache.queries, forward.queries)
    return copy


def _forwarded_for(request: Request) -> str:
    given = request.headers.joined("x-forwarded-for")
    return f"{given}, {request.viewer}" if given else request.viewer
