"""The cache key: what an object is stored under.

Source: Developer Guide, "Understand the cache key" and "Control the cache key with a policy". `forward.py` sends to
the origin what is in the key; it shares the rules for query strings and `Accept-Encoding` that are here.
"""

from __future__ import annotations

from functools import lru_cache

from edgewise.cdn import cookies
from edgewise.cdn.message import Request
from edgewise.cdn.policies import CachePolicy, Selection
from edgewise.cdn.viewerfacts import ViewerFacts

CacheKey = tuple[str, ...]

# What the parts of a key are, in their order. The headers that the policy names follow.
_PARTS = ("method", "distribution", "path", "query string", "cookies", "accept-encoding")

# Whether `Accept-Encoding: *` offers gzip and Brotli. The guide speaks of headers that "contain" the two names; what
# CloudFront does with a wildcard is not documented.
_WILDCARD_OFFERS = False


def cache_key(request: Request, policy: CachePolicy, domain: str, facts: ViewerFacts) -> CacheKey:
    """What an object is stored under: the request as the viewer-request function left it.

    `domain` is the distribution's. GET and HEAD share an object; OPTIONS has its own. The scheme is not in the key.
    """
    method = "OPTIONS" if request.method == "OPTIONS" else "GET"
    if policy.plain:
        return (method, domain, request.uri, "", "", "")
    values = _headers(request, policy)
    return (
        method,
        domain,
        request.uri,
        query_parts(request.query, policy.queries),
        cookies.selected(values.get("cookie", ""), policy.cookies),
        accept_encoding(values.get("accept-encoding", ""), request.http_version, policy),
        *[
            facts.header(name) if name in policy.viewer_headers else values.get(name, "")
            for name in policy.headers
        ],
    )


def spelled(key: CacheKey, policy: CachePolicy) -> list[tuple[str, str]]:
    """The parts of a key for people: the name of each and its value. What the policy leaves out is left out."""
    in_key = (
        *(True, True, True),
        policy.queries.kind != "none",
        policy.cookies.kind != "none",
        policy.gzip or policy.brotli,
    )
    parts = [(name, value) for name, value, present in zip(_PARTS, key, in_key, strict=False) if present]
    return parts + [
        (f"header {name}", value) for name, value in zip(policy.headers, key[len(_PARTS) :], strict=True)
    ]


def _headers(request: Request, policy: CachePolicy) -> dict[str, str]:
    """The viewer's headers that the key may need, by name; several lines of one name are joined."""
    wanted = policy.read_headers
    values: dict[str, str] = {}
    for key, value in request.headers.lines:
        name = key.lower()
        if name in wanted:
            if name in values:
                value = f"{values[name]}{'; ' if name == 'cookie' else ', '}{value}"
            values[name] = value
    return values


def query_parts(query: str, selection: Selection) -> str:
    """The parameters that the selection takes, in the viewer's order and spelling."""
    if not query or selection.kind == "all":
        return query
    if selection.kind == "none":
        return ""
    return "&".join([part for part in query.split("&") if selection.takes(part.partition("=")[0])])


def accept_encoding(offered: str, http_version: str, policy: CachePolicy) -> str:
    """The normalised `Accept-Encoding`: `br,gzip`, `br`, `gzip`, or empty when the viewer takes none of them."""
    if not offered or not (policy.gzip or policy.brotli) or http_version == "1.0":
        return ""
    return _normalised(offered, policy.gzip, policy.brotli)


@lru_cache(maxsize=128)
def _normalised(offered: str, gzip: bool, brotli: bool) -> str:
    taken: dict[str, bool] = {}
    for item in offered.lower().split(","):
        coding, _, parameters = item.partition(";")
        taken[coding.strip()] = not _refuses(parameters)
    others = _WILDCARD_OFFERS and taken.get("*", False)
    supported = (("br", brotli), ("gzip", gzip))
    return ",".join(coding for coding, enabled in supported if enabled and taken.get(coding, others))


def _refuses(parameters: str) -> bool:
    """Whether the parameters of a coding say `q=0`, RFC 9110 section 12.4.2."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return value.strip() in ("0", "0.", "0.0", "0.00", "0.000")
    return False
