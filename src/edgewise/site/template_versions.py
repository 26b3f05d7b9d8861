"""The policies of steered behaviors: CloudFront's own ones, with the version's header added.

A cache must keep the versions apart, so the header is in its key, and with that it goes to the function that chooses
the origin. A policy that keeps nothing can have nothing in its key: there the header is forwarded. The least time is 0
in all of them: pages of an app with sessions bring cookies, and what it says not to store must not be kept.
"""

from __future__ import annotations

from typing import Any

from edgewise.site.model import Behavior, Rollout, Site
from edgewise.site.policies import (
    CACHE_POLICIES,
    ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
    Selection,
)

# What a policy must say at most: a behavior without an origin request policy.
_NOTHING = OriginRequestPolicy("none", "")


def behavior_policies(site: Site, behavior: Behavior) -> dict[str, Any]:
    """The properties that name a behavior's two policies."""
    steered = site.steers(behavior)
    properties: dict[str, Any] = {"CachePolicyId": behavior.cache.id}
    if steered and behavior.cache.caches:
        properties["CachePolicyId"] = {"Ref": _cache_id(behavior.cache)}
    elif steered and _needs_header(behavior.forward):
        return {**properties, "OriginRequestPolicyId": {"Ref": _forward_id(behavior.forward)}}
    if behavior.forward:
        properties["OriginRequestPolicyId"] = behavior.forward.id
    return properties


def policy_resources(site: Site) -> dict[str, Any]:
    """The policies that the steered behaviors use, each once."""
    rollout = site.rollout
    resources: dict[str, Any] = {}
    for behavior in site.all_behaviors if rollout else ():
        if rollout is None or not site.steers(behavior):
            continue
        if behavior.cache.caches:
            resources[_cache_id(behavior.cache)] = _cache_policy(site, rollout, behavior.cache)
        elif _needs_header(behavior.forward):
            resources[_forward_id(behavior.forward)] = _forward_policy(
                site, rollout, behavior.forward or _NOTHING
            )
    return resources


def _needs_header(forward: OriginRequestPolicy | None) -> bool:
    return forward is None or not forward.all_headers


def _cache_policy(site: Site, rollout: Rollout, policy: CachePolicy) -> dict[str, Any]:
    _, usual, most = policy.ttl
    parameters = {
        "EnableAcceptEncodingGzip": "gzip" in policy.encodings,
        "EnableAcceptEncodingBrotli": "brotli" in policy.encodings,
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": [*policy.headers, rollout.header]},
        **_selections(policy.cookies, policy.queries),
    }
    config = {
        "Name": f"{site.name}-{_short_name(policy)}-by-version",
        "Comment": f"{policy.name}, with the version in the key",
        "MinTTL": 0,
        "DefaultTTL": usual,
        "MaxTTL": most,
        "ParametersInCacheKeyAndForwardedToOrigin": parameters,
    }
    return {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": config}}


def _forward_policy(site: Site, rollout: Rollout, policy: OriginRequestPolicy) -> dict[str, Any]:
    config = {
        "Name": f"{site.name}-{_short_name(policy)}-with-version",
        "Comment": f"{policy.name}, and the version",
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": [*policy.header_names, rollout.header]},
        **_selections(policy.cookies, policy.queries),
    }
    return {
        "Type": "AWS::CloudFront::OriginRequestPolicy",
        "Properties": {"OriginRequestPolicyConfig": config},
    }


def _selections(cookies: Selection, queries: Selection) -> dict[str, Any]:
    return {
        "CookiesConfig": _selection(cookies, "CookieBehavior", "Cookies"),
        "QueryStringsConfig": _selection(queries, "QueryStringBehavior", "QueryStrings"),
    }


def _selection(selection: Selection, behavior: str, names: str) -> dict[str, Any]:
    if isinstance(selection, str):
        return {behavior: selection}
    return {behavior: "whitelist", names: list(selection)}


def _short_name(policy: CachePolicy | OriginRequestPolicy) -> str:
    catalogue = {**CACHE_POLICIES, **ORIGIN_REQUEST_POLICIES}
    return next((name for name, one in catalogue.items() if one is policy), policy.name)


def _cache_id(policy: CachePolicy) -> str:
    return _capitalised(_short_name(policy)) + "CachePolicy"


def _forward_id(policy: OriginRequestPolicy | None) -> str:
    return _capitalised(_short_name(policy or _NOTHING)) + "RequestPolicy"


def _capitalised(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
