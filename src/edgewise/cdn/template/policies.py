"""Cache and origin request policies as a template writes them, and the older `ForwardedValues`.

Source: CloudFormation reference, `AWS::CloudFront::CachePolicy`, `AWS::CloudFront::OriginRequestPolicy` and
`ForwardedValues` of `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from typing import cast, get_args

from edgewise.cdn.policies import CachePolicy, HeaderKind, OriginRequestPolicy, Selection, SelectionKind
from edgewise.cdn.responseheaders import ResponseHeadersPolicy
from edgewise.cdn.template.node import Node

_DAY = 86_400
_YEAR = 31_536_000


def cache_policy(settings: Node) -> CachePolicy:
    """A `CachePolicyConfig`."""
    forwarded = settings.required("ParametersInCacheKeyAndForwardedToOrigin")
    headers = forwarded.child("HeadersConfig")
    return CachePolicy(
        name=settings.text("Name", "custom"),
        min_ttl=settings.integer("MinTTL", 0),
        default_ttl=settings.integer("DefaultTTL", _DAY),
        max_ttl=settings.integer("MaxTTL", _YEAR),
        headers=tuple(name.lower() for name in headers.names("Headers")) if headers else (),
        cookies=_selection(forwarded.child("CookiesConfig"), "CookieBehavior", "Cookies"),
        queries=_selection(forwarded.child("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
        gzip=forwarded.flag("EnableAcceptEncodingGzip"),
        brotli=forwarded.flag("EnableAcceptEncodingBrotli"),
    )


def origin_request_policy(settings: Node) -> OriginRequestPolicy:
    """An `OriginRequestPolicyConfig`."""
    headers = settings.required("HeadersConfig")
    return OriginRequestPolicy(
        name=settings.text("Name", "custom"),
        headers=cast(HeaderKind, headers.choice("HeaderBehavior", get_args(HeaderKind), "none")),
        header_names=frozenset(name.lower() for name in headers.names("Headers")),
        cookies=_selection(settings.child("CookiesConfig"), "CookieBehavior", "Cookies"),
        queries=_selection(settings.child("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
    )


def response_headers_policy(settings: Node) -> ResponseHeadersPolicy:
    """A `ResponseHeadersPolicyConfig`."""
    return ResponseHeadersPolicy(settings.text("Name", "custom"))


def _selection(part: Node | None, behavior: str, names: str) -> Selection:
    if part is None:
        return Selection()
    kind = part.choice(behavior, get_args(SelectionKind), "none")
    return Selection(cast(SelectionKind, kind), frozenset(part.names(names)))


def forwarded_values(behavior: Node) -> tuple[CachePolicy, OriginRequestPolicy]:
    """The older way of saying both policies at once: all that is forwarded is in the cache key."""
    values = behavior.required("ForwardedValues")
    headers = tuple(name.lower() for name in values.names("Headers"))
    everything = "*" in headers
    query = values.flag("QueryString")
    keys = frozenset(values.names("QueryStringCacheKeys"))
    cache = CachePolicy(
        name="ForwardedValues",
        min_ttl=behavior.integer("MinTTL", 0),
        # With every header in the key nothing is ever the same twice: CloudFront does not cache at all.
        default_ttl=0 if everything else behavior.integer("DefaultTTL", _DAY),
        max_ttl=0 if everything else behavior.integer("MaxTTL", _YEAR),
        headers=() if everything else headers,
        cookies=_forwarded_cookies(values.child("Cookies")),
        queries=Selection("whitelist" if keys else "all", keys) if query else Selection(),
        gzip=behavior.flag("Compress"),
    )
    forward = OriginRequestPolicy(
        "ForwardedValues",
        "allViewer" if everything else "none",
        queries=Selection("all") if query else Selection(),
    )
    return cache, forward


def _forwarded_cookies(cookies: Node | None) -> Selection:
    if cookies is None:
        return Selection()
    kind = cookies.choice("Forward", ("none", "all", "whitelist"), "none")
    return Selection(cast(SelectionKind, kind), frozenset(cookies.names("WhitelistedNames")))
