"""What the origin is sent of a viewer's request, and what of its answer may come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.distribution import Behavior, CustomOrigin
from edgewise.cdn.forward import Forwarding
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
    Selection,
)
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.policies import forwarded_values
from edgewise.cdn.viewerfacts import viewer_facts

ALL = Selection("all")
ORIGIN = CustomOrigin("app", "app.example.com")
VIA = "abc.cloudfront.net (CloudFront)"


def request(query: str = "", *, method: str = "GET", http_version: str = "1.1", **headers: str) -> Request:
    lines = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    return Request(method, "/p", query, lines, viewer="127.0.0.1", http_version=http_version)


def managed(name: str) -> Any:
    policies: list[Any] = [*MANAGED_CACHE_POLICIES.values(), *MANAGED_ORIGIN_REQUEST_POLICIES.values()]
    return next(policy for policy in policies if policy.name == name)


def sent(
    viewer: Request,
    cache: CachePolicy | None = None,
    forward: OriginRequestPolicy | None = None,
    **rules: Any,
) -> Request:
    behavior = Behavior(
        *("*", "app"),
        cache_policy=cache or CachePolicy(),
        origin_request_policy=forward or OriginRequestPolicy(),
        **rules,
    )
    facts = viewer_facts(viewer)
    return Forwarding(behavior).request(viewer, ORIGIN, VIA, facts)


def legacy(**values: Any) -> tuple[CachePolicy, OriginRequestPolicy]:
    settings = {"ForwardedValues": {"QueryString": False, **values}}
    return forwarded_values(Node(settings, Path("t.yaml"), "Behavior"))


def test_nothing_but_the_necessary_is_forwarded_by_default() -> None:
    viewer = request(
        "a=1", Host="www", User_Agent="ua", Accept="x", Cookie="c=1", Range="bytes=0-1", Origin="o", X_Any="1"
    )
    assert dict(sent(viewer).headers) == {
        "X-Forwarded-For": "127.0.0.1",
        "User-Agent": "Amazon CloudFront",
        "Via": "1.1 abc.cloudfront.net (CloudFront)",
        "Host": "app.example.com",
        "Range": "bytes=0-1",
    }
    assert sent(viewer).query == ""


@pytest.mark.parametrize(
    "name",
    [
        *("Content-Type", "Content-Length", "Content-MD5", "Content-Encoding", "Transfer-Encoding", "Range"),
        *("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"),
        *("Cache-Control", "Pragma"),
    ],
)
def test_what_describes_the_body_or_the_part_asked_for_always_passes(name: str) -> None:
    viewer = Request("POST", "/", headers=Headers([(name, "value")]))
    policies = (
        OriginRequestPolicy(),
        managed("AllViewer"),
        OriginRequestPolicy("x", "allExcept", frozenset({name.lower()})),
    )
    for policy in policies:
        assert (name, "value") in sent(viewer, None, policy).headers.lines


@pytest.mark.parametrize(
    "name",
    [
        *("Connection", "Expect", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Authenticate"),
        *("Proxy-Authorization", "Proxy-Connection", "X-Forwarded-Proto", "X-Real-IP"),
        *("X-Edge-Anything", "X-Amz-Cf-Id", "CloudFront-Viewer-Country", "CloudFront-Unheard-Of"),
    ],
)
def test_what_is_cloudfronts_own_or_of_the_connection_never_passes(name: str) -> None:
    viewer = Request("GET", "/", headers=Headers([(name, "fake")]))
    everything = OriginRequestPolicy("x", "allExcept", frozenset({"x"}))
    listed = OriginRequestPolicy("x", "whitelist", frozenset({name.lower()}))
    for cache, forward in ((None, managed("AllViewer")), (None, everything), (None, listed), legacy()):
        assert "fake" not in [value for _, value in sent(viewer, cache, forward).headers]


def test_all_viewer_forwards_the_host_and_all_but_host_does_not() -> None:
    viewer = request(
        "a=1",
        Host="www.example.com",
        User_Agent="ua",
        X_Any="1",
        Cookie="b=2; $Version=1; a=1",
        X_Forwarded_For="9.9.9.9",
        Authorization="Basic x",
    )
    with_host = sent(viewer, forward=managed("AllViewer"))
    without = sent(viewer, forward=managed("AllViewerExceptHostHeader"))
    assert with_host.headers.get("host") == "www.example.com"
    assert without.headers.get("host") == "app.example.com"
    for request_sent in (with_host, without):
        headers = request_sent.headers
        assert headers.get("user-agent") == "ua" and headers.get("x-any") == "1"
        assert headers.get("cookie") == "a=1; b=2" and headers.get("authorization") == "Basic x"
        assert headers.get("x-forwarded-for") == "9.9.9.9, 127.0.0.1"
        assert request_sent.query == "a=1"


def test_what_is_in_the_key_is_forwarded_too() -> None:
    cache = CachePolicy(headers=("x-a",), cookies=Selection("whitelist", frozenset({"c"})), queries=ALL)
    blocked = OriginRequestPolicy("x", "allExcept", frozenset({"x-a", "x-b"}))
    for forward in (None, blocked):
        headers = sent(request("q=1", X_A="1", X_B="2", Cookie="c=1; d=2"), cache, forward).headers
        assert (headers.get("x-a"), headers.get("x-b"), headers.get("cookie")) == ("1", "", "c=1")
    assert sent(request("q=1"), cache).query == "q=1"


def test_both_policies_together_choose_cookies_and_query_strings_in_the_viewers_order() -> None:
    cache = CachePolicy(queries=Selection("whitelist", frozenset({"page"})))
    forward = OriginRequestPolicy(
        cookies=Selection("whitelist", frozenset({"s"})),
        queries=Selection("allExcept", frozenset({"page", "x"})),
    )
    of_both = sent(request("x=1&z=1&page=%31&z=2&Page=3&", Cookie="s=1; t=2"), cache, forward)
    assert of_both.query == "z=1&page=%31&z=2&Page=3&"
    assert of_both.headers.get("cookie") == "s=1"


def test_a_user_agent_that_is_forwarded_but_absent_is_cloudfronts() -> None:
    assert sent(request(), forward=managed("AllViewer")).headers.get("user-agent") == "Amazon CloudFront"


def test_several_cookie_lines_become_one() -> None:
    viewer = Request("GET", "/", headers=Headers([("cookie", "b=2"), ("Cookie", "a=1")]))
    assert sent(viewer, forward=managed("AllViewer")).headers.get_all("cookie") == ["a=1; b=2"]


def test_a_via_of_the_viewer_is_kept_in_front() -> None:
    headers = sent(request(Via="1.0 fred", http_version="2")).headers
    assert headers.get_all("via") == ["1.0 fred, 2 abc.cloudfront.net (CloudFront)"]


@pytest.mark.parametrize(
    ("policy", "offered", "arrives"),
    [
        ("CachingOptimized", "deflate, br", "br"),
        ("CachingOptimized", "gzip, br;q=0.5", "br,gzip"),
        ("CachingOptimized", "deflate", "identity"),
        ("CachingOptimized", None, None),
        ("Elemental-MediaPackage", "gzip, br", "gzip"),
        ("Elemental-MediaPackage", "br", "identity"),
        ("CachingDisabled", "gzip, br", None),
    ],
)
def test_accept_encoding_towards_the_origin(policy: str, offered: str | None, arrives: str | None) -> None:
    viewer = request(**({} if offered is None else {"Accept_Encoding": offered}))
    assert sent(viewer, managed(policy)).headers.get_all("accept-encoding") == ([arrives] if arrives else [])
    viewer.http_version = "1.0"
    assert "accept-encoding" not in sent(viewer, managed(policy)).headers


def test_accept_encoding_without_compression_support_is_a_header_like_others() -> None:
    viewer = request(Accept_Encoding="zstd, gzip")
    assert sent(viewer, forward=managed("AllViewer")).headers.get("accept-encoding") == "zstd, gzip"
    named = CachePolicy(headers=("accept-encoding",))
    assert sent(viewer, named).headers.get_all("accept-encoding") == ["zstd, gzip"]
    # With it, a policy that names the header changes nothing.
    assert (
        sent(viewer, managed("CachingOptimized"), managed("AllViewer")).headers.get("accept-encoding")
        == "gzip"
    )


def test_cloudfronts_headers_are_added_where_a_policy_names_them() -> None:
    viewer = request(
        CloudFront_Viewer_Country="XX",
        Edgewise_Viewer_Country="jp",
        Edgewise_Is_Mobile_Viewer="true",
        User_Agent="curl/8",
    )
    policy = managed("AllViewerAndCloudFrontHeaders-2022-06")
    headers = sent(viewer, forward=policy).headers
    assert headers.get_all("cloudfront-viewer-country") == ["JP"]
    assert ("CloudFront-Viewer-City", "Tokyo") in headers.lines
    assert ("CloudFront-Is-Mobile-Viewer", "true") in headers.lines
    assert ("CloudFront-Is-IOS-Viewer", "false") in headers.lines
    assert not any(name.startswith("cloudfront-viewer-tls") for name, _ in headers)
    in_key = CachePolicy(headers=("cloudfront-is-desktop-viewer",))
    assert ("CloudFront-Is-Desktop-Viewer", "true") in sent(request(), in_key).headers.lines
    named = OriginRequestPolicy("x", "whitelist", frozenset({"cloudfront-viewer-http-version"}))
    assert ("CloudFront-Viewer-Http-Version", "1.1") in sent(request(), None, named).headers.lines
    for policy in (managed("AllViewer"), managed("AllViewerExceptHostHeader")):
        assert "cloudfront-viewer-country" not in sent(request(), forward=policy).headers


# The older `ForwardedValues`. Source: Developer Guide, "Request and response behavior for custom origins", table
# "HTTP request headers and CloudFront behavior".


@pytest.mark.parametrize(
    "name",
    ["Accept", "Accept-Charset", "Accept-Language", "Referer", "X-HTTP-Method-Override", "Authorization"],
)
def test_the_older_way_removes_these_unless_they_are_listed(name: str) -> None:
    viewer = Request("GET", "/", headers=Headers([(name, "value")]))
    assert name.lower() not in sent(viewer, *legacy()).headers
    assert sent(viewer, *legacy(Headers=[name])).headers.get(name.lower()) == "value"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Cache-Control",
            "Content-Type",
            "Content-MD5",
            "Date",
            "From",
            "If-Match",
            "Max-Forwards",
            "Origin",
        ),
        *("Pragma", "Range", "Request-Range", "Warning", "X-Anything"),
    ],
)
def test_the_older_way_passes_these_and_every_unknown_header(name: str) -> None:
    viewer = Request("GET", "/", headers=Headers([(name, "value")]))
    assert (name, "value") in sent(viewer, *legacy()).headers.lines


@pytest.mark.parametrize(
    ("method", "cached", "arrives"),
    [
        ("GET", "GET HEAD", False),
        ("HEAD", "GET HEAD", False),
        ("OPTIONS", "GET HEAD", True),
        ("OPTIONS", "GET HEAD OPTIONS", False),
        ("POST", "GET HEAD OPTIONS", True),
        ("DELETE", "GET HEAD", True),
    ],
)
def test_the_older_way_passes_authorization_where_nothing_is_cached(
    method: str, cached: str, arrives: bool
) -> None:
    viewer = request(method=method, Authorization="Basic x")
    headers = sent(viewer, *legacy(), cached_methods=frozenset(cached.split())).headers
    assert ("authorization" in headers) is arrives


def test_the_older_way_with_host_agent_cookies_and_encodings() -> None:
    viewer = request("a=1&b=2", Host="www", User_Agent="ua", Cookie="b=1; a=1", Accept_Encoding="br, deflate")
    headers = sent(viewer, *legacy()).headers
    assert (headers.get("host"), headers.get("user-agent")) == ("app.example.com", "Amazon CloudFront")
    assert "cookie" not in headers and "accept-encoding" not in headers
    everything = sent(viewer, *legacy(Headers=["*"], Cookies={"Forward": "all"}, QueryString=True))
    assert (everything.headers.get("host"), everything.headers.get("user-agent")) == ("www", "ua")
    assert everything.headers.get("cookie") == "a=1; b=1" and everything.query == "a=1&b=2"
    assert everything.headers.get("accept-encoding") == "br, deflate"
    # Only what is in the key is chosen; all of the query string is sent.
    assert sent(viewer, *legacy(QueryString=True, QueryStringCacheKeys=["a"])).query == "a=1&b=2"
    gzip = request(Accept_Encoding="br, gzip, deflate")
    assert sent(gzip, *legacy()).headers.get("accept-encoding") == "gzip"


# Answers.


def answer(*lines: tuple[str, str], **policies: Any) -> Headers:
    response = Response(200, Headers(lines))
    Forwarding(Behavior("*", "app", **policies)).answer(response)
    return response.headers


def test_an_origin_that_gets_no_cookies_can_set_none() -> None:
    line = ("Set-Cookie", "a=1")
    assert line not in answer(line).lines
    assert line in answer(line, cache_policy=CachePolicy(cookies=ALL)).lines
    some = OriginRequestPolicy(cookies=Selection("whitelist", frozenset({"other"})))
    assert line in answer(line, origin_request_policy=some).lines


def test_headers_of_the_origins_connection_are_taken_off() -> None:
    lines = [
        (name, "x") for name in ("Connection", "Keep-Alive", "Trailer", "Upgrade", "X-Kept", "Content-Length")
    ]
    assert [name for name, _ in answer(*lines)] == ["X-Kept", "Content-Length"]


_DEVICE = OriginRequestPolicy("x", "whitelist", frozenset({"cloudfront-is-mobile-viewer"}))


@pytest.mark.parametrize(
    ("vary", "policies", "kept"),
    [
        ("Accept-Encoding, Origin", {}, "Accept-Encoding"),
        ("cookie", {}, "cookie"),
        ("Origin, X-Other", {"cache_policy": CachePolicy(headers=("origin",))}, "Origin"),
        ("Origin", {"origin_request_policy": managed("CORS-CustomOrigin")}, "Origin"),
        ("User-Agent, X-A", {"origin_request_policy": _DEVICE}, "User-Agent"),
        ("User-Agent", {}, None),
        ("Host, X-A", {"origin_request_policy": managed("AllViewerExceptHostHeader")}, "X-A"),
        ("X-A", {"origin_request_policy": managed("AllViewer")}, "X-A"),
        ("*", {"cache_policy": CachePolicy(min_ttl=0)}, "*"),
        ("*", {"cache_policy": CachePolicy(min_ttl=1)}, None),
        ("*", {"cache_policy": CachePolicy(min_ttl=1), "origin_request_policy": managed("AllViewer")}, None),
        ("X-A", {"origin_request_policy": legacy()[1]}, None),
    ],
)
def test_vary_keeps_what_the_origin_was_sent(vary: str, policies: dict[str, Any], kept: str | None) -> None:
    assert answer(("Vary", vary), **policies).get_all("vary") == ([] if kept is None else [kept])


_kinds = st.sampled_from(
    ["none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept", "legacy"]
)
_names = st.sampled_from(
    [
        *("host", "user-agent", "x-a", "x-b", "cookie", "accept-encoding", "via", "connection", "x-edge-y"),
        *(
            "cloudfront-viewer-country",
            "cloudfront-unknown",
            "authorization",
            "content-length",
            "x-forwarded-for",
        ),
    ]
)


@given(
    st.lists(st.tuples(_names, st.text("ab,;= ", max_size=6)), max_size=10),
    st.sets(_names, max_size=4),
    st.sets(_names, max_size=4),
    _kinds,
)
def test_whatever_is_asked_the_origin_gets_one_of_each_and_nothing_forged(
    lines: list[tuple[str, str]], in_key: set[str], named: set[str], kind: Any
) -> None:
    viewer = Request("GET", "/", "q=1", Headers(lines), viewer="127.0.0.1")
    cache = CachePolicy(headers=tuple(sorted(in_key)), cookies=ALL)
    headers = sent(viewer, cache, OriginRequestPolicy("x", kind, frozenset(named))).headers
    for name in ("host", "user-agent", "via", "x-forwarded-for"):
        assert len(headers.get_all(name)) == 1
    for name in ("accept-encoding", "cookie", "cloudfront-viewer-country"):
        assert len(headers.get_all(name)) <= 1
    assert not {"connection", "x-edge-y", "cloudfront-unknown"} & {name.lower() for name, _ in headers}
    assert headers.get("via").endswith(VIA) and headers.get("x-forwarded-for").endswith("127.0.0.1")
    for name in in_key & {"x-a", "x-b", "authorization"}:
        assert headers.get_all(name) == viewer.headers.get_all(name)
