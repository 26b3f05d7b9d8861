"""Cache and origin request policies: the managed ones, those of a template, how two merge, and the cache key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.cachekey import CacheKey, accept_encoding, cache_key, spelled
from edgewise.cdn.cookies import selected
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    Selection,
    merged,
)
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.policies import cache_policy, forwarded_values, origin_request_policy
from edgewise.cdn.viewerfacts import SPELLING, viewer_facts

ALL = Selection("all")


def request(
    query: str = "", *, method: str = "GET", path: str = "/p", http_version: str = "1.1", **headers: str
) -> Request:
    lines = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    return Request(method, path, query, lines, viewer="127.0.0.1", http_version=http_version)


def key(of: Request, policy: CachePolicy, domain: str = "d.example") -> CacheKey:
    facts = viewer_facts(of)
    return cache_key(of, policy, domain, facts)


def node(value: dict[str, Any]) -> Node:
    return Node(value, Path("template.yaml"), "Resources.Policy")


def whitelist(*names: str) -> Selection:
    return Selection("whitelist", frozenset(names))


def but(*names: str) -> Selection:
    return Selection("allExcept", frozenset(names))


# Managed policies. Contents: Developer Guide, "Use managed cache policies" and "Use managed origin request policies".

YEAR, DAY = 31_536_000, 86_400


_BY_ORIGIN = "host origin x-http-method-override x-http-method x-method-override"


@pytest.mark.parametrize(
    ("policy_id", "ttls", "headers", "rest"),
    [
        ("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", (0, 0, 0), "", "CachingDisabled none none"),
        ("658327ea-f89d-4fab-a63d-7e88639e58f6", (1, DAY, YEAR), "", "CachingOptimized none none gzip br"),
        (
            *("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", (1, DAY, YEAR), ""),
            "CachingOptimizedForUncompressedObjects none none",
        ),
        (
            *("83da9c7e-98b4-4e11-a168-04f0df8e2c65", (0, 0, YEAR), _BY_ORIGIN),
            "UseOriginCacheControlHeaders all none gzip br",
        ),
        (
            *("4cc15a8a-d715-48a4-82b8-cc0b614638fe", (0, 0, YEAR), _BY_ORIGIN),
            "UseOriginCacheControlHeaders-QueryStrings all all gzip br",
        ),
        (
            *("2e54312d-136d-493c-8eb9-b001f22f67d2", (2, 2, 600)),
            *("authorization cloudfront-viewer-country host", "Amplify all all gzip br"),
        ),
        (
            *("08627262-05a9-4f76-9ded-b50ca2e3a84f", (0, DAY, YEAR)),
            *("origin", "Elemental-MediaPackage none whitelist gzip"),
        ),
    ],
)
def test_a_managed_cache_policy_has_the_guides_contents(
    policy_id: str, ttls: tuple[int, int, int], headers: str, rest: str
) -> None:
    policy = MANAGED_CACHE_POLICIES[policy_id]
    assert (policy.min_ttl, policy.default_ttl, policy.max_ttl) == ttls
    assert set(policy.headers) == set(headers.split())
    codings = [name for name, on in (("gzip", policy.gzip), ("br", policy.brotli)) if on]
    assert [policy.name, policy.cookies.kind, policy.queries.kind, *codings] == rest.split()


def test_there_are_seven_managed_cache_policies_and_eight_for_origin_requests() -> None:
    assert (len(MANAGED_CACHE_POLICIES), len(MANAGED_ORIGIN_REQUEST_POLICIES)) == (7, 8)


@pytest.mark.parametrize(
    ("policy_id", "name", "kind", "headers", "cookies", "queries"),
    [
        ("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", "allViewer", "", "all", "all"),
        (
            *("b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"),
            *("allExcept", "host", "all", "all"),
        ),
        (
            *("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", "whitelist"),
            *("origin access-control-request-headers access-control-request-method", "none", "none"),
        ),
        (
            *("59781a5b-3903-41f3-afcb-af62929ccde1", "CORS-CustomOrigin"),
            *("whitelist", "origin", "none", "none"),
        ),
        (
            *("acba4595-bd28-49b8-b9fe-13317c0390fa", "UserAgentRefererHeaders", "whitelist"),
            *("user-agent referer", "none", "none"),
        ),
        ("bf0718e1-ba1e-49d1-88b1-f726733018ae", "HostHeaderOnly", "whitelist", "host", "none", "none"),
        (
            *(
                "775133bc-15f2-49f9-abea-afb2e0bf67d2",
                "Elemental-MediaTailor-PersonalizedManifests",
                "whitelist",
            ),
            "origin access-control-request-headers access-control-request-method user-agent x-forwarded-for",
            *("none", "all"),
        ),
    ],
)
def test_a_managed_origin_request_policy_has_the_guides_contents(
    policy_id: str, name: str, kind: str, headers: str, cookies: str, queries: str
) -> None:
    policy = MANAGED_ORIGIN_REQUEST_POLICIES[policy_id]
    assert (policy.name, policy.headers) == (name, kind)
    assert policy.header_names == set(headers.split())
    assert (policy.cookies.kind, policy.queries.kind) == (cookies, queries)


def test_the_policy_of_2022_adds_the_twenty_one_headers_of_its_time() -> None:
    policy = MANAGED_ORIGIN_REQUEST_POLICIES["33f36d7e-f396-46d9-90e0-52428a34d9dc"]
    assert policy.headers == "allViewerAndWhitelistCloudFront"
    assert len(policy.header_names) == 21
    assert policy.header_names <= SPELLING.keys()
    assert not any("ja3" in name or "ja4" in name for name in policy.header_names)


# Merging.


@pytest.mark.parametrize(
    ("in_key", "more", "sent", "not_sent"),
    [
        (Selection(), Selection(), "", "a b c"),
        (whitelist("a"), Selection(), "a", "b c"),
        (Selection(), whitelist("b"), "b", "a c"),
        (whitelist("a"), whitelist("b"), "a b", "c"),
        (whitelist("a"), ALL, "a b c", ""),
        (ALL, whitelist("b"), "a b c", ""),
        (ALL, but("a"), "a b c", ""),
        (whitelist("a"), but("a", "b"), "a c", "b"),
        (but("a"), whitelist("a"), "a b c", ""),
        (but("a", "b"), whitelist("b"), "b c", "a"),
        (but("a"), ALL, "a b c", ""),
        (but("a"), Selection(), "b c", "a"),
        (Selection(), but("a"), "b c", "a"),
        (but("a"), but("b"), "c", "a b"),
    ],
)
def test_two_policies_merge_as_in_the_guides_table(
    in_key: Selection, more: Selection, sent: str, not_sent: str
) -> None:
    both = merged(in_key, more)
    assert all(both.takes(name) for name in sent.split())
    assert not any(both.takes(name) for name in not_sent.split())


def test_a_wildcard_is_a_literal_in_a_policy_and_a_wildcard_in_forwarded_values() -> None:
    assert whitelist("a*").takes("a*") and not whitelist("a*").takes("ab")
    patterns = Selection("patterns", frozenset({"wp_*", "s?"}))
    assert [name for name in ("wp_1", "wp_", "s1", "s", "xwp_") if patterns.takes(name)] == [
        *("wp_1", "wp_", "s1"),
    ]


# Policies of a template.


def test_a_cache_policy_of_a_template() -> None:
    policy = cache_policy(
        node(
            {
                "Name": "mine",
                "MinTTL": 1,
                "MaxTTL": "60",
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingGzip": True,
                    "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["X-A", "x-a", "X-B"]},
                    "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": ["c"]},
                    "QueryStringsConfig": {"QueryStringBehavior": "all", "QueryStrings": ["ignored"]},
                },
            }
        )
    )
    assert policy == CachePolicy("mine", 1, DAY, 60, ("x-a", "x-b"), but("c"), ALL, gzip=True)


@pytest.mark.parametrize("name", ["Address", "ASN", "TLS", "JA3-Fingerprint", "JA4-Fingerprint"])
def test_what_differs_for_every_connection_cannot_be_in_a_cache_policy(name: str) -> None:
    headers = {"HeaderBehavior": "whitelist", "Headers": [f"CloudFront-Viewer-{name}"]}
    settings = {"ParametersInCacheKeyAndForwardedToOrigin": {"HeadersConfig": headers}}
    with pytest.raises(TemplateError) as raised:
        cache_policy(node(settings))
    assert name.lower() in raised.value.message
    assert (
        raised.value.key == "Resources.Policy.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers"
    )
    assert "origin request policy" in str(raised.value.hint)


def test_authorization_cannot_be_named_in_an_origin_request_policy() -> None:
    headers = {"HeaderBehavior": "whitelist", "Headers": ["Authorization"]}
    with pytest.raises(TemplateError, match="Authorization"):
        origin_request_policy(node({"HeadersConfig": headers}))


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        (
            cache_policy,
            {"ParametersInCacheKeyAndForwardedToOrigin": {"HeadersConfig": {"HeaderBehavior": "all"}}},
        ),
        (origin_request_policy, {"HeadersConfig": {"HeaderBehavior": "legacy"}}),
        (
            origin_request_policy,
            {"HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "patterns"}},
        ),
    ],
)
def test_a_kind_that_cloudfront_does_not_have_is_an_error(part: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match="unknown value"):
        part(node(settings))


def test_forwarded_values_put_what_they_name_in_the_key() -> None:
    cache, forward = forwarded_values(
        node(
            {
                "MinTTL": 5,
                "ForwardedValues": {
                    "QueryString": True,
                    "QueryStringCacheKeys": ["page"],
                    "Headers": ["Accept-Language", "CloudFront-Viewer-Country"],
                    "Cookies": {"Forward": "whitelist", "WhitelistedNames": ["session", "wp_*"]},
                },
            }
        )
    )
    assert (cache.min_ttl, cache.default_ttl, cache.max_ttl) == (5, DAY, YEAR)
    assert cache.headers == ("accept-language", "cloudfront-viewer-country")
    assert cache.queries == whitelist("page") and forward.queries == ALL
    assert cache.cookies.takes("wp_1") and not cache.cookies.takes("other")
    assert (cache.gzip, cache.brotli, forward.headers) == (True, False, "legacy")


def test_forwarding_all_headers_the_older_way_turns_caching_off() -> None:
    cache, forward = forwarded_values(node({"ForwardedValues": {"QueryString": False, "Headers": ["*"]}}))
    assert not cache.caches and forward.headers == "allViewer" and forward.queries.kind == "none"


# The cache key.


def test_the_key_holds_what_the_policy_names_and_nothing_else() -> None:
    policy = CachePolicy(headers=("x-version",), cookies=whitelist("session"), queries=but("utm"))
    one = request("a=1&utm=x", X_Version="2", Cookie="session=s; other=1", User_Agent="one")
    same = request("a=1&utm=y", x_version="2", Cookie="other=2; session=s", User_Agent="two")
    assert key(one, policy) == key(same, policy)
    for other in (
        request("a=2&utm=x", X_Version="2", Cookie="session=s"),
        request("a=1", X_Version="3", Cookie="session=s"),
        request("a=1", X_Version="2", Cookie="session=S"),
        request("A=1", X_Version="2", Cookie="session=s"),
        request("a=1", X_Version="2", Cookie="session=s", path="/P"),
        request("a=1", X_Version="2", Cookie="session=s", method="OPTIONS"),
    ):
        assert key(other, policy) != key(one, policy)
    assert key(one, policy) != key(one, policy, "other.example")


def test_the_order_of_query_parameters_matters_and_that_of_cookies_does_not() -> None:
    everything = CachePolicy(queries=ALL, cookies=ALL)
    assert key(request("a=1&b=2"), everything) != key(request("b=2&a=1"), everything)
    assert key(request(Cookie="a=1; b=2"), everything) == key(request(Cookie="b=2;a=1"), everything)
    two_lines = Request("GET", "/p", headers=Headers([("cookie", "b=2"), ("cookie", "a=1")]))
    assert key(two_lines, everything) == key(request(Cookie="a=1; b=2"), everything)
    only_queries = CachePolicy(queries=ALL)
    assert key(request("a=1"), only_queries) != key(request("a=2"), only_queries)


def test_get_and_head_share_an_object_whatever_the_scheme() -> None:
    get, head = request(), request(method="HEAD")
    head.scheme = "https"
    assert key(get, CachePolicy()) == key(head, CachePolicy())
    proto = CachePolicy(headers=("cloudfront-forwarded-proto",))
    assert key(get, proto) != key(head, proto)


def test_cloudfronts_own_headers_in_a_key_are_not_the_viewers() -> None:
    policy = CachePolicy(headers=("cloudfront-viewer-country",))
    assert key(request(CloudFront_Viewer_Country="XX"), policy) == key(request(), policy)
    assert key(request(Edgewise_Viewer_Country="JP"), policy) != key(request(), policy)


def test_a_key_is_spelled_out_for_people() -> None:
    policy = CachePolicy(headers=("x-a", "cloudfront-viewer-country"), cookies=ALL, gzip=True)
    shown = request("q=1", X_A="1", Cookie="c=1", Accept_Encoding="br, gzip", Edgewise_Viewer_Country="fr")
    assert spelled(key(shown, policy), policy) == [
        ("method", "GET"),
        ("distribution", "d.example"),
        ("path", "/p"),
        ("cookies", "c=1"),
        ("accept-encoding", "gzip"),
        ("header x-a", "1"),
        ("header cloudfront-viewer-country", "FR"),
    ]
    plain = CachePolicy()
    assert [name for name, _ in spelled(key(shown, plain), plain)] == ["method", "distribution", "path"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip, deflate, br", "br,gzip"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "br,gzip"),
        ("gzip", "gzip"),
        ("BR", "br"),
        ("gzip;q=0, br", "br"),
        ("gzip; Q=0.000 ,br ; q=0", ""),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=nonsense", "gzip"),
        ("x-gzip, brotli", ""),
        ("*", ""),
        ("identity", ""),
        (",;,=", ""),
        ("", ""),
    ],
)
def test_accept_encoding_is_normalised(header: str, expected: str) -> None:
    policy = CachePolicy(gzip=True, brotli=True)
    assert accept_encoding(header, "1.1", policy) == expected
    assert accept_encoding(header, "1.0", policy) == ""
    assert accept_encoding(header, "1.1", CachePolicy()) == ""
    assert "br" not in accept_encoding(header, "1.1", CachePolicy(gzip=True))


_headers = st.lists(
    st.tuples(
        st.sampled_from(["X-A", "x-b", "Cookie", "User-Agent", "Accept-Encoding", "Referer"]),
        st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12),
    ),
    max_size=6,
)
_queries = st.text("ab=&%;", max_size=12)


@given(_headers, _headers, _queries, st.text("xyz=&", max_size=5))
def test_viewers_that_differ_only_in_what_the_policy_ignores_share_a_key(
    headers: list[tuple[str, str]], others: list[tuple[str, str]], query: str, ignored: str
) -> None:
    policy = CachePolicy(headers=("x-a",), cookies=whitelist("s"), queries=but("x", "y", "z", ""))
    kept = [line for line in headers if line[0].lower() in ("x-a", "cookie")]
    noise = [line for line in others if line[0].lower() not in ("x-a", "cookie")]
    one = Request("GET", "/p", query, Headers(kept))
    parts = [part for part in ignored.split("&") if policy.queries.takes(part.partition("=")[0])]
    other = Request("HEAD", "/p", f"{query}&{ignored}" if not parts else query, Headers(noise + kept))
    assert key(one, policy) == key(other, policy)


@given(_headers, _headers, _queries, _queries)
def test_two_requests_share_a_key_only_when_every_named_value_is_the_same(
    one: list[tuple[str, str]], two: list[tuple[str, str]], query_one: str, query_two: str
) -> None:
    """No value of one part can be taken for another part, whatever separators it holds."""
    policy = CachePolicy(headers=("x-a", "x-b"), queries=ALL)
    first = Request("GET", "/p", query_one, Headers(one))
    second = Request("GET", "/p", query_two, Headers(two))
    same = query_one == query_two and all(
        first.headers.joined(name) == second.headers.joined(name) for name in ("x-a", "x-b")
    )
    assert (key(first, policy) == key(second, policy)) is same


# Cookies.

_names = st.text(
    st.characters(codec="latin-1", exclude_characters='=;, "$\\', exclude_categories=["Cc", "Zs"]), min_size=1
)


@given(st.lists(st.tuples(_names, _names), max_size=8))
def test_cookies_are_sorted_by_name_and_none_is_lost(pairs: list[tuple[str, str]]) -> None:
    result = selected("; ".join(f"{name}={value}" for name, value in pairs), ALL)
    kept = [tuple(part.split("=", 1)) for part in result.split("; ")] if result else []
    assert sorted(kept) == sorted(pairs)
    assert [name for name, _ in kept] == sorted(name for name, _ in kept)


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("$Version=1; a=1; $Path=/", "a=1"),
        ("b; a=", "a=; b"),
        ("a=1=2;;  ; b=", "a=1=2; b="),
        ("b=2; a=2; a=1", "a=2; a=1; b=2"),
        ("n=caf\xc3\xa0", "n=caf\xc3\xa0"),
    ],
)
def test_cookies_are_forwarded_as_they_were_written(cookie: str, expected: str) -> None:
    assert selected(cookie, ALL) == expected


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_cookie_header_is_too_strange(cookie: str) -> None:
    once = selected(cookie, but("x"))
    assert selected(once, but("x")) == once
