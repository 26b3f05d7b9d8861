"""The cache key. Source: Developer Guide, "Understand the cache key" and "Cache compressed objects"."""

from __future__ import annotations

from edgewise.cdn import cookies
from edgewise.cdn.message import Request
from edgewise.cdn.policies import CachePolicy, Selection

CacheKey = tuple[str, ...]


def query_parts(query: str, *selections: Selection) -> str:
    """The parameters that any of the selections takes, in the viewer's order and spelling."""
    if not query or any(selection.kind == "all" for selection in selections):
        return query
    parts = query.split("&")
    return "&".join(p for p in parts if any(s.takes(p.partition("=")[0]) for s in selections))


def accept_encoding(request: Request, policy: CachePolicy) -> str:
    """The normalised `Accept-Encoding`: `br,gzip`, `br`, `gzip`, or empty when the viewer takes none of them."""
    if not (policy.gzip or policy.brotli) or request.http_version == "1.0":
        return ""
    offered = set()
    for item in request.headers.joined("accept-encoding").lower().split(","):
        coding, _, quality = item.strip().partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            offered.add(coding.strip())
    supported = (("br", policy.brotli), ("gzip", policy.gzip))
    return ",".join(coding for coding, enabled in supported if enabled and coding in offered)


def cache_key(request: Request, policy: CachePolicy, domain: str) -> CacheKey:
    """What an object is stored under: the request as the viewer-request function left it.

    `domain` is the distribution's. GET and HEAD share an object; OPTIONS has its own.
    """
    headers = (f"{name}: {request.headers.joined(name)}" for name in policy.headers)
    return (
        "OPTIONS" if request.method == "OPTIONS" else "GET",
        domain,
        request.uri,
        query_parts(request.query, policy.queries),
        cookies.selected(request.headers, policy.cookies),
        accept_encoding(request, policy),
        *headers,
    )
