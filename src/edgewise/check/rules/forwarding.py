"""Rules about what a behavior forwards: the viewer's Host, policies that do not belong together or are not known."""

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
from edgewise.check.distribution import Behavior
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack

_ORIGIN_POLICY = "understanding-how-origin-request-policies-and-cache-policies-work-together"
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
    part = host_part(behavior)
    if part is None:
        return
    for origin in behavior.origins:
        if origin.routes_by_host:
            yield f"{behavior.name} sends the viewer's Host to {origin.id} ({origin.kind})", part


def host_part(behavior: Behavior) -> Part | None:
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
            if problem and _is_of_elsewhere(stack, part, kind):
                yield Problem(part, problem)


@rule(
    410,
    "note",
    "a behavior's policy is neither a managed one nor made by this template",
    hint="put the policy into the template if `edgewise up` is to run it, or use a managed one",
    source="controlling-the-cache-key",
)
def policy_of_the_account(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        for kind in _MANAGED_POLICIES:
            part = behavior.part.at(f"{kind}Id")
            if not _not_a_policy(part.text or "", kind) and _is_of_elsewhere(stack, part, kind):
                message = f"this machine cannot know whether {part.text} is a {kind} of the account"
                yield Problem(part, message)


def _is_of_elsewhere(stack: Stack, part: Part, kind: str) -> bool:
    """Whether an id is written out, and is that of no managed policy and of none that the template makes."""
    if not part.text or part.is_guess or part.text in _MANAGED_POLICIES[kind]:
        return False
    return stack.named(part.text, f"AWS::CloudFront::{kind}") is None


def _not_a_policy(policy: str, kind: str) -> str:
    """Why an id cannot be that of a policy of a kind; empty if it can."""
    if policy in _MANAGED_POLICIES[kind]:
        return ""
    for other, managed in _MANAGED_POLICIES.items():
        if policy in managed:
            return f"{policy} is {managed[policy].name}, of the kind {other}"
    return "" if _UUID.fullmatch(policy) else f"{policy!r} is no policy's id"
