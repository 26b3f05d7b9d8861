"""Rules about what a behavior forwards: the viewer's Host, and policies that do not belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
)
from edgewise.cdn.responseheaders import MANAGED_RESPONSE_HEADERS_POLICIES, ResponseHeadersPolicy
from edgewise.cdn.template.policies import NOT_IN_KEYS
from edgewise.check import limits
from edgewise.check.distribution import Behavior
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack

_ORIGIN_POLICY = "understanding-how-origin-request-policies-and-cache-policies-work-together"
_CACHE_KEY = "cache-key-understand-cache-policy"
_MANAGED = "using-managed-origin-request-policies"
_LEGACY = "DownloadDistValuesCacheBehavior"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MANAGED_POLICIES: dict[str, Mapping[str, CachePolicy | OriginRequestPolicy | ResponseHeadersPolicy]] = {
    "CachePolicy": MANAGED_CACHE_POLICIES,
    "OriginRequestPolicy": MANAGED_ORIGIN_REQUEST_POLICIES,
    "ResponseHeadersPolicy": MANAGED_RESPONSE_HEADERS_POLICIES,
}


@rule(
    401,
    "error",
    "the viewer's Host is forwarded to an origin that routes by Host",
    hint="forward all but Host: the policy AllViewerExceptHostHeader, and no Host in the cache key",
    source=_MANAGED,
)
def host_forwarded(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        if "origin-request" not in behavior.triggers:
            for message, part in _host_problems(behavior):
                yield Problem(part, f"{message}: it answers 403")


@rule(
    402,
    "warning",
    "the viewer's Host is forwarded to an origin that routes by Host, unless the function sets another",
    hint="let the origin-request function set `host` to the origin's domain, or do not forward Host",
    source=_MANAGED,
)
def host_forwarded_past_function(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        if "origin-request" in behavior.triggers:
            for message, part in _host_problems(behavior):
                yield Problem(part, f"{message}: it answers 403 unless the origin-request function sets Host")


def _host_problems(behavior: Behavior) -> Iterator[tuple[str, Part]]:
    part = _host_part(behavior)
    if part is None:
        return
    for origin in behavior.origins:
        if origin.routes_by_host:
            yield f"{behavior.name} sends the viewer's Host to {origin.id} ({origin.kind})", part


def _host_part(behavior: Behavior) -> Part | None:
    """The part that has the viewer's Host forwarded."""
    legacy = behavior.part.at("ForwardedValues")
    if behavior.cache is not None and "host" in behavior.cache.headers:
        return legacy.at("Headers") if legacy.is_set else behavior.part.at("CachePolicyId")
    if behavior.forward is not None and behavior.forward.takes_header("host"):
        return legacy.at("Headers") if legacy.is_set else behavior.part.at("OriginRequestPolicyId")
    return None


@rule(
    403,
    "error",
    "a behavior's policies do not belong together",
    hint="give a CachePolicyId (and an OriginRequestPolicyId if you like), or ForwardedValues alone",
    source=_ORIGIN_POLICY,
)
def policies_together(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        cache, forward = behavior.part.at("CachePolicyId"), behavior.part.at("OriginRequestPolicyId")
        legacy = behavior.part.at("ForwardedValues")
        if cache.is_set and legacy.is_set:
            yield Problem(
                legacy, "ForwardedValues cannot be used beside a cache policy: CloudFront refuses both"
            )
        elif forward.is_set and cache.is_absent:
            yield Problem(forward, "an origin request policy needs a cache policy beside it")
        elif cache.is_absent and legacy.is_absent:
            yield Problem(behavior.part, f"{behavior.name} has neither a cache policy nor ForwardedValues")


@rule(
    404,
    "error",
    "ForwardedValues takes all headers with a minimum TTL above 0",
    hint="set MinTTL to 0: with all headers in the key CloudFront caches nothing",
    source=_LEGACY,
)
def all_headers_cached(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        headers, least = behavior.part.at("ForwardedValues", "Headers"), behavior.part.at("MinTTL")
        if "*" in headers.texts() and (least.number or 0) > 0:
            yield Problem(least, f"MinTTL is {least.number}; with all headers forwarded it has to be 0")


@rule(
    405,
    "error",
    "an origin request policy lists Authorization",
    hint="put Authorization into the cache policy, or send all viewer headers (AllViewerExceptHostHeader)",
    source="add-origin-custom-headers",
)
def authorization_listed(stack: Stack) -> Iterator[Problem]:
    for headers in _origin_policy_headers(stack):
        for header in headers.items():
            if (header.text or "").lower() == "authorization":
                yield Problem(header, "CloudFront refuses an origin request policy that lists Authorization")


@rule(
    406,
    "error",
    "a policy names too many headers, cookies or query strings",
    hint="name fewer, or take all of them",
    source="cloudfront-limits",
)
def policy_names(stack: Stack) -> Iterator[Problem]:
    for _, what, listed in _policy_lists(stack):
        names = listed.texts()
        length = sum(map(len, names))
        if len(names) > limits.POLICY_NAMES:
            yield Problem(listed, f"{len(names)} {what}; a policy names {limits.POLICY_NAMES} at most")
        elif length > limits.POLICY_NAMES_LENGTH:
            message = f"the names of {what} have {length} characters together; {limits.POLICY_NAMES_LENGTH} is the most"
            yield Problem(listed, message)


@rule(
    407,
    "error",
    "a cache policy lists a header that only an origin request policy may",
    hint="ask for it in the origin request policy",
    source="adding-cloudfront-headers",
)
def origin_request_only(stack: Stack) -> Iterator[Problem]:
    for kind, what, listed in _policy_lists(stack):
        for item in listed.items() if (kind, what) == ("CachePolicy", "headers") else ():
            if (item.text or "").lower() in NOT_IN_KEYS:
                yield Problem(item, f"{item.text} cannot be in a cache key")


@rule(
    408,
    "error",
    "a cache policy that caches nothing has something in its key",
    hint="move the names to an origin request policy and switch compression off, or let MaxTTL be above 0",
    source=_CACHE_KEY,
)
def key_without_cache(stack: Stack) -> Iterator[Problem]:
    for name in stack.of_type("AWS::CloudFront::CachePolicy"):
        config = stack.properties(name).at("CachePolicyConfig")
        if config.at("MaxTTL").number != 0:
            continue
        key = config.at("ParametersInCacheKeyAndForwardedToOrigin")
        for part in (key.at("EnableAcceptEncodingGzip"), key.at("EnableAcceptEncodingBrotli")):
            if part.flag:
                yield Problem(part, f"{name} caches nothing (MaxTTL 0), so that it cannot compress")
        for what, behavior in (("Headers", "Header"), ("Cookies", "Cookie"), ("QueryStrings", "QueryString")):
            part = key.at(f"{what}Config", f"{behavior}Behavior")
            if part.text and part.text != "none":
                yield Problem(part, f"{name} caches nothing (MaxTTL 0), so that it has no key to add to")


@rule(
    409,
    "error",
    "a behavior's policy is none of that kind",
    hint="give the id of a managed policy or of one of your own (a UUID), or `!Ref` one that this template makes",
    source="controlling-the-cache-key",
)
def policy_id(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        for kind in _MANAGED_POLICIES:
            part = behavior.part.at(f"{kind}Id")
            problem = _not_a_policy(part.text or "", kind)
            is_made_here = stack.named(part.text, f"AWS::CloudFront::{kind}") is not None
            if part.text and problem and not is_made_here and not part.is_guess:
                yield Problem(part, problem)


def _not_a_policy(policy: str, kind: str) -> str:
    """Why an id cannot be that of a policy of a kind; empty if it can."""
    if policy in _MANAGED_POLICIES[kind]:
        return ""
    for other, managed in _MANAGED_POLICIES.items():
        if policy in managed:
            return f"{policy} is {managed[policy].name}, of the kind {other}"
    return "" if _UUID.fullmatch(policy) else f"{policy!r} is no policy's id"


def _policy_lists(stack: Stack) -> Iterator[tuple[str, str, Part]]:
    """Every list of names of the template's policies: the policy's kind, what is named, and the list."""
    for kind, key in (
        ("CachePolicy", ("ParametersInCacheKeyAndForwardedToOrigin",)),
        ("OriginRequestPolicy", ()),
    ):
        for name in stack.of_type(f"AWS::CloudFront::{kind}"):
            config = stack.properties(name).at(f"{kind}Config", *key)
            yield kind, "headers", config.at("HeadersConfig", "Headers")
            yield kind, "cookies", config.at("CookiesConfig", "Cookies")
            yield kind, "query strings", config.at("QueryStringsConfig", "QueryStrings")


def _origin_policy_headers(stack: Stack) -> Iterator[Part]:
    for name in stack.of_type("AWS::CloudFront::OriginRequestPolicy"):
        headers = stack.properties(name).at("OriginRequestPolicyConfig", "HeadersConfig")
        # In a list of what is left out the name does no harm.
        if headers.at("HeaderBehavior").text != "allExcept":
            yield headers.at("Headers")
