"""Cache and origin request policies as a template writes them, and the older `ForwardedValues`.

Source: CloudFormation reference, `AWS::CloudFront::CachePolicy`, `AWS::CloudFront::OriginRequestPolicy` and
`ForwardedValues` of `AWS::CloudFront::Distribution`. Response headers policies are in `responseheaders.py`.
"""

from __future__ import annotations

from typing import cast

from edgewise.cdn.policies import CachePolicy, HeaderKind, OriginRequestPolicy, Selection, SelectionKind
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.responseheaders import response_headers_policy

__all__ = ["cache_policy", "forwarded_values", "origin_request_policy", "response_headers_policy"]

_DAY = 86_400
_YEAR = 31_536_000

_SELECTIONS = ("none", "all", "whitelist", "allExcept")
_KEY_HEADERS = ("none", "whitelist")
_FORWARDED_HEADERS = ("none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept")

# Developer Guide, "Add CloudFront request headers": these differ for every connection and cannot be in a key.
NOT_IN_KEYS = frozenset(
    f"cloudfront-viewer-{name}" for name in ("address", "asn", "tls", "ja3-fingerprint", "ja4-fingerprint")
)


def cache_policy(settings: Node) -> CachePolicy:
    """A `CachePolicyConfig`. Raises `TemplateError`."""
    forwarded = settings.required("ParametersInCacheKeyAndForwardedToOrigin")
    return CachePolicy(
        name=settings.text("Name", "custom"),
        min_ttl=settings.integer("MinTTL", 0),
        default_ttl=settings.integer("DefaultTTL", _DAY),
        max_ttl=settings.integer("MaxTTL", _YEAR),
        headers=_key_headers(forwarded.child("HeadersConfig")),
        cookies=_selection(forwarded.child("CookiesConfig"), "CookieBehavior", "Cookies"),
        queries=_selection(forwarded.child("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
        gzip=forwarded.flag("EnableAcceptEncodingGzip"),
        brotli=forwarded.flag("EnableAcceptEncodingBrotli"),
    )


def _key_headers(config: Node | None) -> tuple[str, ...]:
    if config is None or config.choice("HeaderBehavior", _KEY_HEADERS, "none") == "none":
        return ()
    names = _lower(config)
    for name in names:
        if name in NOT_IN_KEYS:
            hint = "name it in an origin request policy: it goes to the origin and stays out of the key"
            raise config.error(f"CloudFront does not take {name} in a cache policy", "Headers", hint)
    return names


def _lower(config: Node) -> tuple[str, ...]:
    """The names of headers, in lower case, each once."""
    return tuple(dict.fromkeys(name.lower() for name in config.names("Headers")))


def origin_request_policy(settings: Node) -> OriginRequestPolicy:
    """An `OriginRequestPolicyConfig`. Raises `TemplateError`."""
    config = settings.required("HeadersConfig")
    kind = cast(HeaderKind, config.choice("HeaderBehavior", _FORWARDED_HEADERS, "none"))
    names = frozenset(_lower(config))
    if kind == "whitelist" and "authorization" in names:
        hint = "put it in the cache policy, or forward all viewer headers"
        raise config.error(
            "CloudFront does not take Authorization in an origin request policy", "Headers", hint
        )
    return OriginRequestPolicy(
        name=settings.text("Name", "custom"),
        headers=kind,
        header_names=frozenset() if kind in ("none", "allViewer") else names,
        cookies=_selection(settings.child("CookiesConfig"), "CookieBehavior", "Cookies"),
        queries=_selection(settings.child("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
    )


def _selection(part: Node | None, behavior: str, names: str) -> Selection:
    if part is None:
        return Selection()
    kind = cast(SelectionKind, part.choice(behavior, _SELECTIONS, "none"))
    return Selection(kind, frozenset() if kind in ("none", "all") else frozenset(part.names(names)))


def forwarded_values(behavior: Node) -> tuple[CachePolicy, OriginRequestPolicy]:
    """The older way of saying both policies at once: what is forwarded by name is in the cache key.

    Query strings are the exception: all go to the origin, `QueryStringCacheKeys` says which are in the key.
    """
    values = behavior.required("ForwardedValues")
    headers = _lower(values)
    everything = "*" in headers
    query = values.flag("QueryString")
    keys = frozenset(values.names("QueryStringCacheKeys"))
    cache = CachePolicy(
        name="ForwardedValues",
        # With every header in the key nothing is ever the same twice: CloudFront does not cache at all.
        min_ttl=0 if everything else behavior.integer("MinTTL", 0),
        default_ttl=0 if everything else behavior.integer("DefaultTTL", _DAY),
        max_ttl=0 if everything else behavior.integer("MaxTTL", _YEAR),
        headers=() if everything else headers,
        cookies=_forwarded_cookies(values.child("Cookies")),
        queries=Selection("whitelist" if keys else "all", keys) if query else Selection(),
        # The guide's table: normalised whether or not `Compress` is on. Brotli is for cache policies only.
        gzip=not everything,
    )
    forward = OriginRequestPolicy(
        "ForwardedValues",
        "allViewer" if everything else "legacy",
        queries=Selection("all") if query else Selection(),
    )
    return cache, forward


def _forwarded_cookies(cookies: Node | None) -> Selection:
    kind = "none" if cookies is None else cookies.choice("Forward", ("none", "all", "whitelist"), "none")
    if cookies is None or kind != "whitelist":
        return Selection("all") if kind == "all" else Selection()
    names = frozenset(cookies.names("WhitelistedNames"))
    # Names with wildcards, which policies do not know: "Values that you specify", allowlist cookies.
    return Selection("patterns" if any("*" in name or "?" in name for name in names) else "whitelist", names)
