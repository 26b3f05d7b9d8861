"""Cache and origin request policies as a template writes them, and the older `ForwardedValues`.

Source: CloudFormation reference, `AWS::CloudFront::CachePolicy`, `AWS::CloudFront::OriginRequestPolicy` and
`ForwardedValues` of `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.cdn.policies import CachePolicy, OriginRequestPolicy, Selection


def cache_policy(settings: Mapping[str, Any]) -> CachePolicy:
    """A `CachePolicyConfig`."""
    forwarded = settings.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
    return CachePolicy(
        name=str(settings.get("Name", "custom")),
        min_ttl=int(settings.get("MinTTL", 0)),
        default_ttl=int(settings.get("DefaultTTL", 86_400)),
        max_ttl=int(settings.get("MaxTTL", 31_536_000)),
        headers=tuple(name.lower() for name in (forwarded.get("HeadersConfig") or {}).get("Headers") or ()),
        cookies=_selection(forwarded, "CookiesConfig", "CookieBehavior", "Cookies"),
        queries=_selection(forwarded, "QueryStringsConfig", "QueryStringBehavior", "QueryStrings"),
        gzip=bool(forwarded.get("EnableAcceptEncodingGzip")),
        brotli=bool(forwarded.get("EnableAcceptEncodingBrotli")),
    )


def origin_request_policy(settings: Mapping[str, Any]) -> OriginRequestPolicy:
    """An `OriginRequestPolicyConfig`."""
    headers = settings.get("HeadersConfig") or {}
    return OriginRequestPolicy(
        name=str(settings.get("Name", "custom")),
        headers=headers.get("HeaderBehavior", "none"),
        header_names=frozenset(name.lower() for name in headers.get("Headers") or ()),
        cookies=_selection(settings, "CookiesConfig", "CookieBehavior", "Cookies"),
        queries=_selection(settings, "QueryStringsConfig", "QueryStringBehavior", "QueryStrings"),
    )


def _selection(settings: Mapping[str, Any], config: str, behavior: str, names: str) -> Selection:
    part = settings.get(config) or {}
    return Selection(part.get(behavior, "none"), frozenset(part.get(names) or ()))


def forwarded_values(behavior: Mapping[str, Any]) -> tuple[CachePolicy, OriginRequestPolicy]:
    """The older way of saying both policies at once: all that is forwarded is in the cache key."""
    values = behavior["ForwardedValues"]
    headers = tuple(name.lower() for name in values.get("Headers") or ())
    everything = "*" in headers
    cookies = values.get("Cookies") or {}
    kind = cookies.get("Forward", "none")
    names = frozenset(values.get("QueryStringCacheKeys") or ())
    cache = CachePolicy(
        name="ForwardedValues",
        min_ttl=int(behavior.get("MinTTL", 0)),
        # With every header in the key nothing is ever the same twice: CloudFront does not cache at all.
        default_ttl=0 if everything else int(behavior.get("DefaultTTL", 86_400)),
        max_ttl=0 if everything else int(behavior.get("MaxTTL", 31_536_000)),
        headers=() if everything else headers,
        cookies=Selection(kind, frozenset(cookies.get("WhitelistedNames") or ())),
        queries=Selection("whitelist" if names else "all", names)
        if values.get("QueryString")
        else Selection(),
        gzip=bool(behavior.get("Compress")),
    )
    queries = Selection("all") if values.get("QueryString") else Selection()
    return cache, OriginRequestPolicy(
        "ForwardedValues", "allViewer" if everything else "none", queries=queries
    )
