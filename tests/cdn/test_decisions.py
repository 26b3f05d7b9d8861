"""The rules that need no network: which behavior, which key, how long, what is forwarded."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.behavior import matches, normalise, select
from edgewise.cdn.cache import Cache
from edgewise.cdn.cachekey import accept_encoding, cache_key
from edgewise.cdn.cookies import selected
from edgewise.cdn.distribution import Behavior, CustomOrigin
from edgewise.cdn.forward import origin_request
from edgewise.cdn.freshness import time_to_live
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
    Selection,
)

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/images/*.jpg", "/images/a/b.jpg", True),
        ("images/*.jpg", "/images/a.jpg", True),
        ("/Images/*", "/images/a", False),
        ("/a?", "/ab", True),
        ("/a?", "/a", False),
        ("*.php", "/x/y.php", True),
        ("/a.c", "/abc", False),
        ("/api/*", "/api", False),
        ("*", "/", True),
    ],
)
def test_path_patterns(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/a/b/..", "/a/"),
        ("/a//b", "/a/b"),
        ("/a/./b/", "/a/b/"),
        ("/../a", "/a"),
        ("/a/../../b", "/b"),
        ("/..", "/"),
        ("/.hidden", "/.hidden"),
        ("/a..b", "/a..b"),
        ("/", "/"),
    ],
)
def test_paths_are_normalised_for_the_match(path: str, normal: str) -> None:
    assert normalise(path) == normal


@given(st.text("/.ab%2e", max_size=20).map(lambda text: f"/{text}"))
def test_a_normal_path_has_no_dot_segments_and_stays_as_it_is(path: str) -> None:
    normal = normalise(path)
    assert normal.startswith("/") and "//" not in normal
    assert not {".", ".."} & set(normal.split("/"))
    assert normalise(normal) == normal


def test_the_guides_example_of_dot_segments() -> None:
    behaviors = [Behavior("/a/b*", "o"), Behavior("/a*", "o"), Behavior("*", "o")]
    assert select(behaviors, "/a/b/..").pattern == "/a*"
    assert select(behaviors, "/a/bc").pattern == "/a/b*"
    assert select(behaviors, "/x").pattern == "*"


def response(status: int = 200, **headers: str) -> Response:
    return Response(status, Headers([(name.replace("_", "-"), value) for name, value in headers.items()]))


CLAMPED = CachePolicy(min_ttl=10, default_ttl=100, max_ttl=1000)
FREE = CachePolicy(min_ttl=0, default_ttl=100, max_ttl=1000)


@pytest.mark.parametrize(
    ("answer", "policy", "seconds"),
    [
        (response(), FREE, 100),
        (response(cache_control="max-age=50"), FREE, 50),
        (response(cache_control="max-age=5000"), FREE, 1000),
        (response(cache_control="max-age=50, s-maxage=60"), FREE, 60),
        (response(expires="Fri, 15 Jan 2027 08:00:20 GMT"), FREE, 20),
        (response(cache_control="max-age=5", expires="Fri, 15 Jan 2027 08:00:20 GMT"), FREE, 5),
        (response(expires="0"), FREE, 0),
        (response(cache_control="max-age=²"), FREE, 100),
        (response(cache_control="no-store"), FREE, 0),
        (response(cache_control="no-store"), CLAMPED, 10),
        (response(cache_control="private, max-age=500"), CLAMPED, 10),
        (response(cache_control="max-age=1"), CLAMPED, 10),
        (response(), CachePolicy(min_ttl=200, default_ttl=100, max_ttl=1000), 200),
        (response(), CachePolicy(), 0),
        (response(404), FREE, 10),
        (response(404, cache_control="max-age=60"), FREE, 60),
        (response(404, cache_control="no-store"), FREE, 0),
        (response(500, cache_control="no-store"), FREE, 10),
        (response(403), FREE, 0),
        (response(403, cache_control="max-age=60"), FREE, 60),
        (response(503), FREE, 10),
        (response(418), FREE, 0),
        (response(302), FREE, 0),
        (response(301), FREE, 100),
        (response(307, cache_control="max-age=60"), FREE, 60),
        (response(206), FREE, 0),
        (response(304, cache_control="max-age=60"), FREE, 0),
    ],
)
def test_how_long_a_response_is_kept(answer: Response, policy: CachePolicy, seconds: float) -> None:
    assert time_to_live(answer, policy, NOW) == seconds


def test_the_cache_is_bounded_by_what_its_entries_take_in_memory() -> None:
    cache = Cache(max_bytes=100_000)
    for number in range(100):
        long_key = ("GET", "d", "/", f"{number}" + "q" * 8000)
        cache.store(long_key, response(404, x="h" * 2000), b"", NOW, 10)
    assert 1 < len(cache) < 10


def test_what_is_no_longer_fresh_leaves_the_cache() -> None:
    cache = Cache()
    cache.store(("k",), response(), b"x", NOW, 10)
    assert cache.fresh(("k",), NOW + 9) is not None
    assert cache.fresh(("k",), NOW + 10) is None and len(cache) == 0


def request(query: str = "", http_version: str = "1.1", **headers: str) -> Request:
    lines = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    return Request("GET", "/p", query, lines, viewer="203.0.113.9", http_version=http_version)


def key(of: Request, policy: CachePolicy) -> tuple[str, ...]:
    return cache_key(of, policy, "d.example")


def test_the_key_holds_what_the_policy_names_and_nothing_else() -> None:
    policy = CachePolicy(
        headers=("x-version",),
        cookies=Selection("whitelist", frozenset({"session"})),
        queries=Selection("allExcept", frozenset({"utm"})),
    )
    one = request("a=1&utm=x", X_Version="2", Cookie="session=s; other=1", User_Agent="one")
    same = request("a=1&utm=y", X_Version="2", Cookie="other=2; session=s", User_Agent="two")
    assert key(one, policy) == key(same, policy)
    for other in (
        request("a=2&utm=x", X_Version="2", Cookie="session=s"),
        request("a=1", X_Version="3", Cookie="session=s"),
        request("a=1", X_Version="2", Cookie="session=t"),
        request("A=1", X_Version="2", Cookie="session=s"),
    ):
        assert key(other, policy) != key(one, policy)


def test_the_order_of_query_parameters_matters() -> None:
    everything = CachePolicy(queries=Selection("all"))
    assert key(request("a=1&b=2"), everything) != key(request("b=2&a=1"), everything)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip, deflate, br", "br,gzip"),
        ("gzip", "gzip"),
        ("BR", "br"),
        ("gzip;q=0, br", "br"),
        ("identity", ""),
        ("", ""),
    ],
)
def test_accept_encoding_is_normalised(header: str, expected: str) -> None:
    policy = CachePolicy(gzip=True, brotli=True)
    assert accept_encoding(request(Accept_Encoding=header), policy) == expected
    assert accept_encoding(request(http_version="1.0", Accept_Encoding=header), policy) == ""
    assert accept_encoding(request(Accept_Encoding=header), CachePolicy()) == ""


_names = st.text(
    st.characters(codec="ascii", exclude_characters='=;, "$\\', exclude_categories=["Cc", "Zs"]), min_size=1
)


@given(st.lists(st.tuples(_names, _names), max_size=8))
def test_cookies_are_sorted_by_name_and_none_is_lost(pairs: list[tuple[str, str]]) -> None:
    header = "; ".join(f"{name}={value}" for name, value in pairs)
    result = selected(Headers([("Cookie", header)]), Selection("all"))
    kept = [tuple(part.split("=", 1)) for part in result.split("; ")] if result else []
    assert sorted(kept) == sorted(pairs)
    assert [name for name, _ in kept] == sorted(name for name, _ in kept)


def test_cookies_with_a_dollar_name_are_dropped() -> None:
    assert selected(Headers([("Cookie", "$Version=1; a=1")]), Selection("all")) == "a=1"


ORIGIN = CustomOrigin("app", "app.example.com")


def forwarded(
    of: Request, cache: CachePolicy | None = None, forward: OriginRequestPolicy | None = None
) -> Request:
    rules = Behavior(
        "*",
        "app",
        cache_policy=cache or CachePolicy(),
        origin_request_policy=forward or OriginRequestPolicy(),
    )
    return origin_request(of, rules, ORIGIN, "abc.cloudfront.net (CloudFront)")


def test_nothing_but_the_necessary_is_forwarded_by_default() -> None:
    sent = forwarded(request("a=1", Host="www", User_Agent="ua", Accept="x", Cookie="c=1", Range="bytes=0-1"))
    assert dict(sent.headers) == {
        "X-Forwarded-For": "203.0.113.9",
        "User-Agent": "Amazon CloudFront",
        "Via": "1.1 abc.cloudfront.net (CloudFront)",
        "Host": "app.example.com",
        "Range": "bytes=0-1",
    }
    assert sent.query == ""


def managed(name: str) -> OriginRequestPolicy:
    return next(policy for policy in MANAGED_ORIGIN_REQUEST_POLICIES.values() if policy.name == name)


def test_all_viewer_forwards_the_host_and_all_but_host_does_not() -> None:
    viewer = request(
        "a=1",
        Host="www.example.com",
        User_Agent="ua",
        X_Any="1",
        Cookie="b=2; a=1",
        X_Forwarded_For="9.9.9.9",
    )
    with_host = forwarded(viewer, forward=managed("AllViewer"))
    without = forwarded(viewer, forward=managed("AllViewerExceptHostHeader"))
    assert with_host.headers.get("host") == "www.example.com"
    assert without.headers.get("host") == "app.example.com"
    for sent in (with_host, without):
        assert sent.headers.get("user-agent") == "ua" and sent.headers.get("x-any") == "1"
        assert sent.headers.get("cookie") == "a=1; b=2"
        assert sent.headers.get("x-forwarded-for") == "9.9.9.9, 203.0.113.9"
        assert sent.query == "a=1"


def test_what_is_in_the_key_is_forwarded_too() -> None:
    cache = CachePolicy(
        headers=("x-a",), cookies=Selection("whitelist", frozenset({"c"})), queries=Selection("all")
    )
    sent = forwarded(request("q=1", X_A="1", X_B="2", Cookie="c=1; d=2"), cache)
    assert (sent.headers.get("x-a"), sent.headers.get("x-b"), sent.headers.get("cookie")) == ("1", "", "c=1")
    assert sent.query == "q=1"


def test_accept_encoding_towards_the_origin() -> None:
    optimized = next(
        policy for policy in MANAGED_CACHE_POLICIES.values() if policy.name == "CachingOptimized"
    )
    assert forwarded(request(Accept_Encoding="br"), optimized).headers.get("accept-encoding") == "br"
    assert forwarded(request(Accept_Encoding="x"), optimized).headers.get("accept-encoding") == "identity"
    assert "accept-encoding" not in forwarded(request(Accept_Encoding="br")).headers
    assert "accept-encoding" not in forwarded(request(), optimized).headers


def test_a_viewers_own_cloudfront_headers_are_not_forwarded() -> None:
    sent = forwarded(request(CloudFront_Viewer_Country="XX"), forward=managed("AllViewer"))
    assert "cloudfront-viewer-country" not in sent.headers


def test_managed_policies_have_the_ids_that_aws_documents() -> None:
    assert {policy.name for policy in MANAGED_CACHE_POLICIES.values()} >= {
        "CachingDisabled",
        "CachingOptimized",
        "Amplify",
    }
    for policy_id in (*MANAGED_CACHE_POLICIES, *MANAGED_ORIGIN_REQUEST_POLICIES):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", policy_id)
