"""CloudFront's managed policies: our short names, AWS's names and ids, and what each says.

The short name is AWS's name in lower-case words, without a leading "Caching". Sources: "Use managed cache
policies" and "Use managed origin request policies" in the CloudFront developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

# CloudFront tells it to origins that a policy names it for, and to no function at a viewer's trigger.
COUNTRY = "CloudFront-Viewer-Country"

POLICY_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


# A selection of cookies or query strings: all, none, or the names of some.
Selection = Literal["all", "none"] | tuple[str, ...]
HeaderKind = Literal["none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept"]


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is in the cache key, and how long an object stays: `ttl` is the least, the usual, the most, in seconds."""

    name: str
    id: str
    ttl: tuple[int, int, int] = (0, 0, 0)
    headers: tuple[str, ...] = ()
    cookies: Selection = "none"
    queries: Selection = "none"
    encodings: tuple[str, ...] = ()

    @property
    def host(self) -> bool:
        """Whether the viewer's `Host` is in the key, and so goes to the origin, which a bucket refuses."""
        return "Host" in self.headers

    @property
    def country(self) -> bool:
        """Whether the visitor's country is in the key, and so goes to the origin, or may be."""
        return COUNTRY in self.headers or self.own

    @property
    def caches(self) -> bool:
        """Whether anything is kept at all: a policy that keeps nothing cannot have anything in its key."""
        return self.ttl[2] > 0

    @property
    def compresses(self) -> bool:
        """Whether it keeps gzip and brotli forms apart, so that `Compress` has an effect."""
        return bool(self.encodings) or self.own

    @property
    def own(self) -> bool:
        """Whether it is the user's, given by its id, and what it says is not known here."""
        return self.name == _OWN


@dataclass(frozen=True, slots=True)
class OriginRequestPolicy:
    """What goes to the origin besides what is in the cache key."""

    name: str
    id: str
    headers: HeaderKind = "none"
    header_names: tuple[str, ...] = ()
    cookies: Selection = "none"
    queries: Selection = "none"

    @property
    def host(self) -> bool:
        """Whether the viewer's `Host` goes to the origin, which a bucket refuses."""
        return self.headers.startswith("allViewer") or (
            self.headers == "whitelist" and "Host" in self.header_names
        )

    @property
    def country(self) -> bool:
        """Whether the visitor's country goes to the origin, or may."""
        return self.headers == "allViewerAndWhitelistCloudFront" or self.own

    @property
    def all_headers(self) -> bool:
        """Whether a header that a function has added goes to the origin without being named."""
        return self.headers.startswith("all")

    @property
    def own(self) -> bool:
        """Whether it is the user's, given by its id, and what it says is not known here."""
        return self.name == _OWN


_OWN = "custom"
_DAY, _YEAR = 86_400, 31_536_000
_BOTH = ("gzip", "brotli")
_ORIGIN_CONTROLLED = ("Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

CACHE_POLICIES = {
    "disabled": CachePolicy("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
    "optimized": CachePolicy(
        "CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6", (1, _DAY, _YEAR), encodings=_BOTH
    ),
    "optimized-for-uncompressed-objects": CachePolicy(
        "CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d", (1, _DAY, _YEAR)
    ),
    "use-origin-cache-control-headers": CachePolicy(
        "UseOriginCacheControlHeaders",
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        (0, 0, _YEAR),
        _ORIGIN_CONTROLLED,
        cookies="all",
        encodings=_BOTH,
    ),
    "use-origin-cache-control-headers-query-strings": CachePolicy(
        "UseOriginCacheControlHeaders-QueryStrings",
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        (0, 0, _YEAR),
        _ORIGIN_CONTROLLED,
        cookies="all",
        queries="all",
        encodings=_BOTH,
    ),
    "amplify": CachePolicy(
        "Amplify",
        "2e54312d-136d-493c-8eb9-b001f22f67d2",
        (2, 2, 600),
        ("Authorization", COUNTRY, "Host"),
        cookies="all",
        queries="all",
        encodings=_BOTH,
    ),
    "elemental-media-package": CachePolicy(
        "Elemental-MediaPackage",
        "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        (0, _DAY, _YEAR),
        ("Origin",),
        queries=("aws.manifestfilter", "start", "end", "m"),
        encodings=("gzip",),
    ),
}

# A behavior without an origin request policy sends the origin what is in the cache key, and no more.
NO_FORWARDING = "none"

_CORS = ("Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method")

ORIGIN_REQUEST_POLICIES = {
    "all-viewer": OriginRequestPolicy(
        "AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", "allViewer", cookies="all", queries="all"
    ),
    "all-viewer-except-host-header": OriginRequestPolicy(
        "AllViewerExceptHostHeader",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        "allExcept",
        ("Host",),
        cookies="all",
        queries="all",
    ),
    # With a list of CloudFront's headers that nothing here asks for.
    "all-viewer-and-cloudfront-headers-2022-06": OriginRequestPolicy(
        "AllViewerAndCloudFrontHeaders-2022-06",
        "33f36d7e-f396-46d9-90e0-52428a34d9dc",
        "allViewerAndWhitelistCloudFront",
        cookies="all",
        queries="all",
    ),
    "cors-s3-origin": OriginRequestPolicy(
        "CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "whitelist", _CORS
    ),
    "cors-custom-origin": OriginRequestPolicy(
        "CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1", "whitelist", ("Origin",)
    ),
    "user-agent-referer-headers": OriginRequestPolicy(
        "UserAgentRefererHeaders",
        "acba4595-bd28-49b8-b9fe-13317c0390fa",
        "whitelist",
        ("User-Agent", "Referer"),
    ),
    "host-header-only": OriginRequestPolicy(
        "HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae", "whitelist", ("Host",)
    ),
    "elemental-media-tailor-personalized-manifests": OriginRequestPolicy(
        "Elemental-MediaTailor-PersonalizedManifests",
        "775133bc-15f2-49f9-abea-afb2e0bf67d2",
        "whitelist",
        (*_CORS, "User-Agent", "X-Forwarded-For"),
        queries="all",
    ),
}


def cache_policy(given: str) -> CachePolicy | None:
    """The policy that a short name or an id stands for; an id outside the catalogue is the user's own policy.

    None when `given` is neither a name of the catalogue nor shaped like an id.
    """
    return _found(CACHE_POLICIES, given) or (CachePolicy(_OWN, given) if POLICY_ID.fullmatch(given) else None)


def origin_request_policy(given: str) -> OriginRequestPolicy | None:
    """The same for the other kind of policy."""
    found = _found(ORIGIN_REQUEST_POLICIES, given)
    return found or (OriginRequestPolicy(_OWN, given) if POLICY_ID.fullmatch(given) else None)


Policy = TypeVar("Policy", CachePolicy, OriginRequestPolicy)


def _found(catalogue: Mapping[str, Policy], given: str) -> Policy | None:
    return next((policy for name, policy in catalogue.items() if given in (name, policy.id)), None)
