"""Rules about what the cache does to answers: what is kept in spite of no-store, and for whom."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.policies import CachePolicy, OriginRequestPolicy
from edgewise.check.distribution import Behavior
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.rules.sources import strings
from edgewise.check.stack import EdgeFunction, Stack


def _serves_pages(behavior: Behavior) -> bool:
    return any(origin.runs_a_program for origin in behavior.origins)


@rule(
    421,
    "warning",
    "a minimum TTL above 0 keeps what an application says not to store",
    hint="use a cache policy with a minimum TTL of 0, such as UseOriginCacheControlHeaders",
    source="Expiration",
)
def no_store_is_ignored(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        cache = behavior.cache
        if cache is not None and cache.caches and cache.min_ttl > 0 and _serves_pages(behavior):
            yield Problem(
                _cache_part(behavior, "MinTTL"),
                f"{behavior.name} keeps every answer for {cache.min_ttl} s at least, also those with no-store, "
                "no-cache or private",
            )


@rule(
    422,
    "warning",
    "an application behind CachingDisabled gets no query, cookies or headers",
    hint="add an origin request policy, such as AllViewerExceptHostHeader",
    source="understanding-how-origin-request-policies-and-cache-policies-work-together",
)
def nothing_forwarded(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        part, forward = behavior.part.at("CachePolicyId"), behavior.part.at("OriginRequestPolicyId")
        caches = behavior.cache is None or behavior.cache.caches
        if part.is_set and not caches and forward.is_absent and _serves_pages(behavior):
            message = f"{behavior.name} forwards no query string, no cookie and hardly any header"
            yield Problem(part, message)


@rule(
    423,
    "warning",
    "an origin-request function can see what is not in the cache key",
    hint="put what the function decides by into the cache policy; copy it to a header of its own at viewer-request",
    source="understanding-the-cache-key",
)
def decided_outside_the_key(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        cache, forward = behavior.cache, behavior.forward
        if "origin-request" not in behavior.triggers or cache is None or forward is None or not cache.caches:
            continue
        functions = stack.functions_at(behavior, "origin-request")
        seen = [*_cookies(cache, forward), *_headers(cache, forward)]
        used = [what for what, words in seen if _may_use(functions, words)]
        if used:
            yield Problem(
                behavior.part.at("OriginRequestPolicyId"),
                f"{behavior.name} caches, and its origin-request function sees {' and '.join(used)} outside the "
                "cache key: what it decides for one visitor is cached for all",
            )


def _cookies(cache: CachePolicy, forward: OriginRequestPolicy) -> Iterator[tuple[str, tuple[str, ...]]]:
    if cache.cookies.kind == "all":
        return
    if forward.cookies.kind == "whitelist":
        for name in sorted(forward.cookies.names):
            if not cache.cookies.takes(name):
                # A function that reads cookies names the header; it may find the cookie in many ways.
                yield f"the cookie {name}", ("cookie", name.lower())
    elif forward.cookies.kind != "none":
        yield "cookies", ("cookie",)


def _headers(cache: CachePolicy, forward: OriginRequestPolicy) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Headers that a site made up for itself: those are what versions and experiments travel in."""
    if forward.headers == "whitelist":
        for name in sorted(forward.header_names):
            if name.startswith("x-") and name != "x-forwarded-for" and name not in cache.headers:
                yield f"the header {name}", (name,)


def _may_use(functions: list[EdgeFunction], words: tuple[str, ...]) -> bool:
    """Whether a function may read one of these; where the source is at hand it has to name one."""
    known = [function for function in functions if function.modules]
    if not known:
        return True
    return any(strings(function) & set(words) for function in known)


def _cache_part(behavior: Behavior, legacy: str) -> Part:
    return behavior.part.at(legacy if behavior.part.at("ForwardedValues").is_set else "CachePolicyId")
