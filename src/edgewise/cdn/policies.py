"""Cache policies and origin request policies: their shape, how two of them merge, and the managed ones by id.

Source of ids and contents: CloudFront Developer Guide, "Use managed cache policies" and "Use managed origin
request policies". What the policies do is in `cachekey.py` and `forward.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from edgewise.cdn import wildcards

# `patterns` is the older `ForwardedValues` alone: names with the wildcards `*` and `?`. In policies they are literal.
SelectionKind = Literal["none", "all", "whitelist", "allExcept", "patterns"]
# `legacy` is the older `ForwardedValues` alone: the guide's table per header, and every header that is not in it.
HeaderKind = Literal[
    "none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept", "legacy"
]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cookies or query strings: none, all, the named ones, or all but the named ones (case matters)."""

    kind: SelectionKind = "none"
    names: frozenset[str] = frozenset()

    def takes(self, name: str) -> bool:
        match self.kind:
            case "all":
                return True
            case "whitelist":
                return name in self.names
            case "allExcept":
                return name not in self.names
            case "patterns":
                return wildcards.any_of(self.names).fullmatch(name) is not None
        return False


def merged(key: Selection, more: Selection) -> Selection:
    """What is forwarded: `key` is of the cache policy, `more` of the origin request policy.

    Developer Guide, "Understand how origin request policies and cache policies work together": what either policy
    allows by name is sent, also against the other's block list; two block lists block what either of them names.
    """
    if more.kind == "none" or key.kind == "all":
        return key
    if key.kind == "none" or more.kind == "all":
        return more
    match key.kind, more.kind:
        case "whitelist", "whitelist":
            return Selection("whitelist", key.names | more.names)
        case "whitelist", _:
            return Selection("allExcept", more.names - key.names)
        case _, "whitelist":
            return Selection("allExcept", key.names - more.names)
    return Selection("allExcept", key.names | more.names)


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is in the cache key, and how long an object stays, in seconds. The default caches nothing.

    Header names are in lower case. `plain` says that nothing but the path is in the key; `viewer_headers` are the
    `CloudFront-*` headers in it, `read_headers` those that must be looked up in a request.
    """

    name: str = "CachingDisabled"
    min_ttl: int = 0
    default_ttl: int = 0
    max_ttl: int = 0
    headers: tuple[str, ...] = ()
    cookies: Selection = Selection()
    queries: Selection = Selection()
    gzip: bool = False
    brotli: bool = False
    plain: bool = field(init=False, repr=False, compare=False)
    viewer_headers: frozenset[str] = field(init=False, repr=False, compare=False)
    read_headers: frozenset[str] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        viewer = frozenset(name for name in self.headers if name.startswith("cloudfront-"))
        read = set(self.headers) - viewer
        if self.cookies.kind != "none":
            read.add("cookie")
        if self.gzip or self.brotli:
            read.add("accept-encoding")
        _set(self, "plain", not (self.headers or read or self.queries.kind != "none"))
        _set(self, "viewer_headers", viewer)
        _set(self, "read_headers", frozenset(read))
        _set(self, "_hash", hash((self.name, self.headers, self.cookies, self.queries)))

    def __hash__(self) -> int:
        # Every request looks its pair of policies up: the hash is made once.
        return self._hash

    @property
    def caches(self) -> bool:
        """Whether anything can be kept at all. With a maximum of 0 nothing can."""
        return self.max_ttl > 0


@dataclass(frozen=True, slots=True)
class OriginRequestPolicy:
    """What goes to the origin besides what is in the cache key. Header names are in lower case."""

    name: str = "none"
    headers: HeaderKind = "none"
    header_names: frozenset[str] = frozenset()
    cookies: Selection = Selection()
    queries: Selection = Selection()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _set(self, "_hash", hash((self.name, self.headers, self.header_names, self.cookies, self.queries)))

    def __hash__(self) -> int:
        return self._hash

    def takes_header(self, name: str) -> bool:
        """Whether the policy names a viewer's header (its name in lower case) for the origin."""
        match self.headers:
            case "allViewer" | "allViewerAndWhitelistCloudFront":
                return True
            case "whitelist":
                return name in self.header_names
            case "allExcept":
                return name not in self.header_names
        return False


_set = object.__setattr__  # a frozen dataclass sets what it derives from its own fields this way

_ALL = Selection("all")
_YEAR = 31_536_000
_DAY = 86_400
_ORIGIN_CONTROLLED = ("host", "origin", "x-http-method-override", "x-http-method", "x-method-override")
_MEDIA_QUERIES = Selection("whitelist", frozenset({"aws.manifestfilter", "start", "end", "m"}))

MANAGED_CACHE_POLICIES: dict[str, CachePolicy] = {
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy("CachingDisabled"),
    "658327ea-f89d-4fab-a63d-7e88639e58f6": CachePolicy(
        "CachingOptimized", 1, _DAY, _YEAR, gzip=True, brotli=True
    ),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": CachePolicy(
        "CachingOptimizedForUncompressedObjects", 1, _DAY, _YEAR
    ),
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": CachePolicy(
        "UseOriginCacheControlHeaders", 0, 0, _YEAR, _ORIGIN_CONTROLLED, _ALL, gzip=True, brotli=True
    ),
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": CachePolicy(
        "UseOriginCacheControlHeaders-QueryStrings", 0, 0, _YEAR, _ORIGIN_CONTROLLED, _ALL, _ALL, True, True
    ),
    "2e54312d-136d-493c-8eb9-b001f22f67d2": CachePolicy(
        "Amplify", 2, 2, 600, ("authorization", "cloudfront-viewer-country", "host"), _ALL, _ALL, True, True
    ),
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": CachePolicy(
        "Elemental-MediaPackage", 0, _DAY, _YEAR, ("origin",), queries=_MEDIA_QUERIES, gzip=True
    ),
}

_CORS = frozenset({"origin", "access-control-request-headers", "access-control-request-method"})
_HEADERS_OF_2022 = frozenset(
    f"cloudfront-{name}"
    for name in (
        *("forwarded-proto", "is-android-viewer", "is-desktop-viewer", "is-ios-viewer", "is-mobile-viewer"),
        *("is-smarttv-viewer", "is-tablet-viewer", "viewer-address", "viewer-asn", "viewer-city"),
        *("viewer-country", "viewer-country-name", "viewer-country-region", "viewer-country-region-name"),
        *("viewer-http-version", "viewer-latitude", "viewer-longitude", "viewer-metro-code"),
        *("viewer-postal-code", "viewer-time-zone", "viewer-tls"),
    )
)

MANAGED_ORIGIN_REQUEST_POLICIES: dict[str, OriginRequestPolicy] = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": OriginRequestPolicy(
        "AllViewer", "allViewer", cookies=_ALL, queries=_ALL
    ),
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": OriginRequestPolicy(
        "AllViewerExceptHostHeader", "allExcept", frozenset({"host"}), _ALL, _ALL
    ),
    "33f36d7e-f396-46d9-90e0-52428a34d9dc": OriginRequestPolicy(
        "AllViewerAndCloudFrontHeaders-2022-06",
        "allViewerAndWhitelistCloudFront",
        _HEADERS_OF_2022,
        _ALL,
        _ALL,
    ),
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": OriginRequestPolicy("CORS-S3Origin", "whitelist", _CORS),
    "59781a5b-3903-41f3-afcb-af62929ccde1": OriginRequestPolicy(
        "CORS-CustomOrigin", "whitelist", frozenset({"origin"})
    ),
    "acba4595-bd28-49b8-b9fe-13317c0390fa": OriginRequestPolicy(
        "UserAgentRefererHeaders", "whitelist", frozenset({"user-agent", "referer"})
    ),
    "bf0718e1-ba1e-49d1-88b1-f726733018ae": OriginRequestPolicy(
        "HostHeaderOnly", "whitelist", frozenset({"host"})
    ),
    "775133bc-15f2-49f9-abea-afb2e0bf67d2": OriginRequestPolicy(
        "Elemental-MediaTailor-PersonalizedManifests",
        "whitelist",
        _CORS | {"user-agent", "x-forwarded-for"},
        queries=_ALL,
    ),
}
