"""Rules about what a policy says: names that it may not have, TTLs out of order, lists that name nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edgewise.cdn.template.policies import NOT_IN_KEYS
from edgewise.check import limits
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack

_CACHE_KEY = "cache-key-understand-cache-policy"

# "HTTP request headers and CloudFront behavior": those by which it cannot cache, and all that begin with x-edge-.
_NOT_CACHED_BY = frozenset(
    {
        *("cache-control", "connection", "content-length", "cookie", "max-forwards", "pragma"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection", "request-range", "te", "trailer"),
        *("transfer-encoding", "upgrade", "x-amz-cf-id", "x-forwarded-proto", "x-real-ip"),
    }
)
# A list of names counts with these.
_BY_NAME = frozenset({"whitelist", "allExcept", "allViewerAndWhitelistCloudFront"})
# How a policy's parts are called: `CookiesConfig` has `CookieBehavior` and `Cookies`.
_SELECTIONS = (("Header", "Headers"), ("Cookie", "Cookies"), ("QueryString", "QueryStrings"))


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
        for one, all_of_them in _SELECTIONS:
            part = key.at(f"{all_of_them}Config", f"{one}Behavior")
            if part.text and part.text != "none":
                yield Problem(part, f"{name} caches nothing (MaxTTL 0), so that it has no key to add to")


@rule(
    411,
    "error",
    "the TTLs are not in the order minimum, default, maximum",
    hint="let MinTTL be the least and MaxTTL the most; they may be equal",
    source="https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html",
)
def ttl_order(stack: Stack) -> Iterator[Problem]:
    for settings in _with_ttls(stack):
        known = [
            (name, settings.at(name), number)
            for name in ("MinTTL", "DefaultTTL", "MaxTTL")
            if (number := settings.at(name).number) is not None
        ]
        for (name, part, number), (later, _, most) in pairwise(known):
            if number > most:
                yield Problem(
                    part, f"{name} is {number} and {later} is {most}: CloudFront refuses this order"
                )


def _with_ttls(stack: Stack) -> Iterator[Part]:
    """The cache policies, and the behaviors that have the older settings."""
    for name in stack.of_type("AWS::CloudFront::CachePolicy"):
        yield stack.properties(name).at("CachePolicyConfig")
    for behavior in stack.behaviors:
        if behavior.part.at("ForwardedValues").is_set:
            yield behavior.part


@rule(
    412,
    "warning",
    "headers, cookies or query strings are taken by name, and none is named",
    hint="name them, or say `none` or `all`",
    source="controlling-the-cache-key",
)
def names_missing(stack: Stack) -> Iterator[Problem]:
    for chosen, listed in _choices(stack):
        is_empty = listed.is_absent or (isinstance(listed.value, list) and not listed.items())
        if chosen.text in _BY_NAME and is_empty:
            yield Problem(chosen, f"{chosen.path[-1]} is {chosen.text}, and there are no {listed.path[-1]}")


def _choices(stack: Stack) -> Iterator[tuple[Part, Part]]:
    """What says whether names count, and the list of names."""
    for _, config in _policies(stack):
        for one, all_of_them in _SELECTIONS:
            part = config.at(f"{all_of_them}Config")
            yield part.at(f"{one}Behavior"), part.at(all_of_them)
    for behavior in stack.behaviors:
        cookies = behavior.part.at("ForwardedValues", "Cookies")
        yield cookies.at("Forward"), cookies.at("WhitelistedNames")


@rule(
    413,
    "warning",
    "a header is listed for the cache key that CloudFront does not cache by",
    hint="take it off the list; cookies are named in CookiesConfig, or in Cookies of ForwardedValues",
    source="RequestAndResponseBehaviorCustomOrigin",
)
def header_not_cached_by(stack: Stack) -> Iterator[Problem]:
    lists = [one for kind, what, one in _policy_lists(stack) if (kind, what) == ("CachePolicy", "headers")]
    lists += [behavior.part.at("ForwardedValues", "Headers") for behavior in stack.behaviors]
    for item in (item for listed in lists for item in listed.items()):
        name = (item.text or "").lower()
        if name in _NOT_CACHED_BY or name.startswith("x-edge-"):
            yield Problem(item, f"CloudFront does not cache by {item.text}: the deployment may be refused")


def _policies(stack: Stack) -> Iterator[tuple[str, Part]]:
    """What each of the template's policies takes, with the policy's kind."""
    for kind, key in (
        ("CachePolicy", ("ParametersInCacheKeyAndForwardedToOrigin",)),
        ("OriginRequestPolicy", ()),
    ):
        for name in stack.of_type(f"AWS::CloudFront::{kind}"):
            yield kind, stack.properties(name).at(f"{kind}Config", *key)


def _policy_lists(stack: Stack) -> Iterator[tuple[str, str, Part]]:
    """Every list of names of the template's policies: the policy's kind, what is named, and the list."""
    for kind, config in _policies(stack):
        yield kind, "headers", config.at("HeadersConfig", "Headers")
        yield kind, "cookies", config.at("CookiesConfig", "Cookies")
        yield kind, "query strings", config.at("QueryStringsConfig", "QueryStrings")


def _origin_policy_headers(stack: Stack) -> Iterator[Part]:
    for name in stack.of_type("AWS::CloudFront::OriginRequestPolicy"):
        headers = stack.properties(name).at("OriginRequestPolicyConfig", "HeadersConfig")
        # In a list of what is left out the name does no harm.
        if headers.at("HeaderBehavior").text != "allExcept":
            yield headers.at("Headers")
