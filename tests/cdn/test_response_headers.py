"""Response headers policies: the managed ones, those of a template, and what they do to an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.responseheaders import (
    MANAGED_RESPONSE_HEADERS_POLICIES,
    AddedHeader,
    CorsHeaders,
    ResponseHeadersPolicy,
    apply,
)
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.responseheaders import response_headers_policy
from support.running import APP_ID, OPTIMIZED, behavior, reply, running_cdn, running_origin, template

ORIGIN = "https://www.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}


def applied(
    policy: ResponseHeadersPolicy,
    asked: dict[str, str] | None = None,
    answered: dict[str, str] | None = None,
    *,
    method: str = "GET",
    metrics: str = "cdn-cache-miss",
    drawn: float = 0.5,
) -> dict[str, str]:
    """The headers of an answer after the policy, by name in lower case."""
    request = Request(method, "/", headers=Headers((asked or {}).items()))
    response = Response(200, Headers((answered or {}).items()))
    apply(policy, request, response, lambda: metrics, lambda: drawn)
    lines = {name.lower(): value for name, value in response.headers}
    assert len(lines) == len(response.headers), "no header is there twice"
    return lines


def managed(name: str) -> ResponseHeadersPolicy:
    return next(policy for policy in MANAGED_RESPONSE_HEADERS_POLICIES.values() if policy.name == name)


def read(**config: Any) -> ResponseHeadersPolicy:
    return response_headers_policy(Node(config, Path("template.yaml"), "Resources.Policy"))


# Managed. Contents: Developer Guide, "Use managed response headers policies".

SECURITY = {
    "x-xss-protection": "1; mode=block",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=31536000",
}
ANY_ORIGIN = {"access-control-allow-origin": "*"}
EXPOSED = {"access-control-expose-headers": "*"}
METHODS = {"access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}


@pytest.mark.parametrize(
    ("policy_id", "name", "plain", "cors", "preflight"),
    [
        ("60669652-455b-4ae9-85a4-c4c02393f86c", "SimpleCORS", {}, ANY_ORIGIN, ANY_ORIGIN),
        (
            *("5cc3b908-e619-4b99-88e5-2cf7f45965bd", "CORS-With-Preflight", {}),
            *(ANY_ORIGIN | EXPOSED, ANY_ORIGIN | EXPOSED | METHODS),
        ),
        ("67f7725c-6f97-4210-82d7-5512b31e9d03", "SecurityHeadersPolicy", SECURITY, SECURITY, SECURITY),
        (
            *("e61eb60c-9c35-4d20-a928-2b84e02af89c", "CORS-and-SecurityHeadersPolicy", SECURITY),
            *(SECURITY | ANY_ORIGIN, SECURITY | ANY_ORIGIN),
        ),
        (
            *(
                "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
                "CORS-with-preflight-and-SecurityHeadersPolicy",
                SECURITY,
            ),
            *(SECURITY | ANY_ORIGIN | EXPOSED, SECURITY | ANY_ORIGIN | EXPOSED | METHODS),
        ),
    ],
)
def test_a_managed_policy_adds_what_the_guide_says(
    policy_id: str, name: str, plain: dict[str, str], cors: dict[str, str], preflight: dict[str, str]
) -> None:
    policy = MANAGED_RESPONSE_HEADERS_POLICIES[policy_id]
    assert policy.name == name and len(MANAGED_RESPONSE_HEADERS_POLICIES) == 5
    assert applied(policy) == plain
    assert applied(policy, {"Origin": ORIGIN}) == cors
    assert applied(policy, PREFLIGHT, method="OPTIONS") == preflight


def test_of_the_managed_security_headers_one_overrides_the_origins() -> None:
    given_by_origin = {"X-Content-Type-Options": "none", "X-Frame-Options": "DENY"}
    after = applied(managed("SecurityHeadersPolicy"), answered=given_by_origin)
    assert (after["x-content-type-options"], after["x-frame-options"]) == ("nosniff", "DENY")


# CORS.


def test_without_override_any_cors_header_of_the_origin_keeps_the_policys_away() -> None:
    after = applied(
        managed("CORS-With-Preflight"), PREFLIGHT, {"Access-Control-Max-Age": "5"}, method="OPTIONS"
    )
    assert after == {"access-control-max-age": "5"}


def test_with_override_the_policys_headers_replace_the_origins() -> None:
    policy = ResponseHeadersPolicy("x", CorsHeaders((ORIGIN,), credentials=True, override=True))
    after = applied(
        policy, {"Origin": ORIGIN}, {"Access-Control-Allow-Origin": "null", "access-control-max-age": "5"}
    )
    assert after == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-credentials": "true",
        "access-control-max-age": "5",
    }


def test_what_only_a_preflight_is_told() -> None:
    cors = CorsHeaders((ORIGIN,), ("GET", "PUT"), ("X-A", "X-B"), ("X-C",), max_age=0)
    policy = ResponseHeadersPolicy("x", cors)
    only = {"access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"}
    told = applied(policy, PREFLIGHT, method="OPTIONS")
    assert told["access-control-allow-methods"] == "GET, PUT"
    assert told["access-control-allow-headers"] == "X-A, X-B"
    assert told["access-control-max-age"] == "0"
    for method, asked in (("GET", PREFLIGHT), ("OPTIONS", {"Origin": ORIGIN})):
        assert not only & applied(policy, asked, method=method).keys()


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        ("*", ORIGIN, "*"),
        ("*", "null", "*"),
        ("https://www.example.com", ORIGIN, ORIGIN),
        ("https://www.example.com", "https://WWW.example.com", "https://WWW.example.com"),
        ("https://www.example.com", "http://www.example.com", None),
        ("https://www.example.com", "https://www.example.com:8443", None),
        ("https://www.example.com", "https://wwwxexample.com", None),
        ("https://www.example.com:8443", "https://www.example.com:8443", "https://www.example.com:8443"),
        ("www.example.com", ORIGIN, ORIGIN),
        ("www.example.com", "http://www.example.com", "http://www.example.com"),
        ("*.example.com", ORIGIN, ORIGIN),
        ("*.example.com", "https://a.b.example.com", "https://a.b.example.com"),
        ("*.example.com", "https://example.com", None),
        ("*.example.com", "https://evil.com/.example.com", None),
        ("*.example.com", "https://example.com.evil.com", None),
        ("https://*.example.com", "http://www.example.com", None),
        ("http*://*.example.com", ORIGIN, ORIGIN),
        ("http://localhost:*", "http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:*", "http://localhost", "http://localhost"),
        ("http://localhost:*", "http://localhost:3000.evil.com", None),
    ],
)
def test_an_origin_is_held_against_the_allowed_ones(allowed: str, origin: str, answer: str | None) -> None:
    policy = ResponseHeadersPolicy("x", CorsHeaders(("https://first.example", allowed), override=True))
    assert applied(policy, {"Origin": origin}).get("access-control-allow-origin") == answer


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1, max_size=40))
def test_no_origin_but_those_of_the_domain_is_allowed(origin: str) -> None:
    policy = ResponseHeadersPolicy("x", CorsHeaders(("https://*.example.com",)))
    answer = applied(policy, {"Origin": origin}).get("access-control-allow-origin")
    assert answer is None or (
        origin.lower().startswith("https://") and origin.lower().endswith(".example.com")
    )


def test_without_an_origin_header_nothing_is_said_of_cors() -> None:
    assert (
        applied(managed("CORS-With-Preflight"), {"Access-Control-Request-Method": "PUT"}, method="OPTIONS")
        == {}
    )


# Adding and removing.


def test_headers_are_removed_first_and_then_added() -> None:
    added = (AddedHeader("X-Both", "mine"), AddedHeader("X-Kept", "mine"), AddedHeader("X-Empty", ""))
    policy = ResponseHeadersPolicy("x", added=added, removed=frozenset({"x-both", "x-powered-by", "vary"}))
    before = {"X-BOTH": "origin", "x-kept": "origin", "X-Powered-By": "php", "Vary": "Cookie", "X-Other": "o"}
    assert applied(policy, answered=before) == {
        "x-both": "mine",
        "x-kept": "origin",
        "x-empty": "",
        "x-other": "o",
    }


def test_a_removed_server_header_is_replaced_by_cloudfronts_own() -> None:
    removing = ResponseHeadersPolicy("x", removed=frozenset({"server"}))
    assert applied(removing, answered={"Server": "nginx"}) == {"server": "CloudFront"}
    naming = ResponseHeadersPolicy("x", added=(AddedHeader("server", "mine"),), removed=frozenset({"server"}))
    assert applied(naming, answered={"Server": "nginx"}) == {"server": "mine"}


# Server-Timing.


@pytest.mark.parametrize(
    ("rate", "drawn", "pragma", "there"),
    [
        (100.0, 0.999, "", True),
        (50.0, 0.499, "", True),
        (50.0, 0.5, "", False),
        (0.0, 0.0, "", False),
        (0.0, 0.5, "server-timing", True),
        (0.0, 0.5, "no-cache, Server-Timing", True),
        (0.0, 0.5, "no-cache", False),
        (None, 0.0, "server-timing", False),
    ],
)
def test_server_timing_is_sampled_or_asked_for(
    rate: float | None, drawn: float, pragma: str, there: bool
) -> None:
    policy = ResponseHeadersPolicy("x", server_timing=rate)
    after = applied(policy, {"Pragma": pragma}, drawn=drawn, metrics="cdn-cache-hit")
    assert after == ({"server-timing": "cdn-cache-hit"} if there else {})


def test_the_origins_metrics_stay_on_a_miss_and_go_on_a_hit() -> None:
    policy = ResponseHeadersPolicy("x", server_timing=100)
    origins = {"Server-Timing": "db;dur=53"}
    assert applied(policy, answered=origins)["server-timing"] == "cdn-cache-miss,db;dur=53"
    hit = applied(policy, answered=origins, metrics='cdn-cache-hit,cdn-pop;desc="FRA56-P2"')
    assert hit["server-timing"] == 'cdn-cache-hit,cdn-pop;desc="FRA56-P2"'


# Policies of a template.


def test_a_whole_policy_of_a_template() -> None:
    policy = read(
        Name="mine",
        CorsConfig={
            "AccessControlAllowCredentials": False,
            "AccessControlAllowHeaders": {"Items": ["*"]},
            "AccessControlAllowMethods": {"Items": ["ALL"]},
            "AccessControlAllowOrigins": {"Items": ["a.example", "*.b.example"]},
            "AccessControlExposeHeaders": {"Items": ["X-C"]},
            "AccessControlMaxAgeSec": 600,
            "OriginOverride": True,
        },
        CustomHeadersConfig={"Items": [{"Header": "X-Mine", "Value": "1", "Override": True}]},
        RemoveHeadersConfig={"Items": [{"Header": "X-Powered-By"}]},
        SecurityHeadersConfig={
            "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'self'", "Override": True},
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY", "Override": False},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": False},
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": 60,
                "IncludeSubdomains": True,
                "Preload": True,
                "Override": False,
            },
            "XSSProtection": {"Protection": True, "ReportUri": "https://r.example", "Override": False},
        },
        ServerTimingHeadersConfig={"Enabled": True, "SamplingRate": "12.5"},
    )
    assert policy.server_timing == 12.5
    after = applied(
        policy, {**PREFLIGHT, "Origin": "http://a.example"}, {"X-Powered-By": "php"}, method="OPTIONS"
    )
    assert after == {
        "access-control-allow-origin": "http://a.example",
        "access-control-allow-headers": "*",
        "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
        "access-control-expose-headers": "X-C",
        "access-control-max-age": "600",
        "content-security-policy": "default-src 'self'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=60; includeSubDomains; preload",
        "x-xss-protection": "1; report=https://r.example",
        "x-mine": "1",
    }


@pytest.mark.parametrize(("config", "value"), [({}, None), ({"AccessControlMaxAgeSec": 0}, "0")])
def test_a_max_age_of_zero_is_not_the_same_as_none(config: dict[str, Any], value: str | None) -> None:
    policy = read(CorsConfig={"AccessControlAllowOrigins": {"Items": ["*"]}, **config})
    assert applied(policy, PREFLIGHT, method="OPTIONS").get("access-control-max-age") == value


def test_an_empty_policy_changes_nothing() -> None:
    assert applied(read(Name="x", ServerTimingHeadersConfig={"Enabled": False}), {"Origin": ORIGIN}) == {}


@pytest.mark.parametrize(
    ("protection", "value"),
    [
        ({"Protection": False, "ModeBlock": True}, "0"),
        ({"Protection": True}, "1"),
        ({"Protection": True, "ModeBlock": True}, "1; mode=block"),
    ],
)
def test_the_forms_of_xss_protection(protection: dict[str, Any], value: str) -> None:
    policy = read(SecurityHeadersConfig={"XSSProtection": {**protection, "Override": True}})
    assert applied(policy) == {"x-xss-protection": value}


@pytest.mark.parametrize(
    ("config", "key", "message"),
    [
        (
            {"RemoveHeadersConfig": {"Items": [{"Header": "Via"}]}},
            "RemoveHeadersConfig.Items[0].Header",
            "Via",
        ),
        (
            {"RemoveHeadersConfig": {"Items": [{"Header": "X-Amz-Cf-Pop"}]}},
            *("RemoveHeadersConfig.Items[0].Header", "X-Amz-Cf-Pop"),
        ),
        (
            {"CorsConfig": {"AccessControlAllowMethods": {"Items": ["TRACE"]}}},
            *("CorsConfig.AccessControlAllowMethods", "TRACE"),
        ),
        (
            {"SecurityHeadersConfig": {"FrameOptions": {"FrameOption": "ALLOW"}}},
            *("SecurityHeadersConfig.FrameOptions.FrameOption", "ALLOW"),
        ),
        (
            {
                "SecurityHeadersConfig": {
                    "XSSProtection": {"Protection": True, "ModeBlock": True, "ReportUri": "https://r.example"}
                }
            },
            *("SecurityHeadersConfig.XSSProtection.ReportUri", "together"),
        ),
        (
            {"ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 101}},
            *("ServerTimingHeadersConfig.SamplingRate", "0 to 100"),
        ),
        (
            {"ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": "all"}},
            *("ServerTimingHeadersConfig.SamplingRate", "number"),
        ),
        (
            {"CustomHeadersConfig": {"Items": [{"Value": "1"}]}},
            "CustomHeadersConfig.Items[0].Header",
            "missing",
        ),
    ],
)
def test_what_cloudfront_would_refuse_is_an_error_that_says_where(
    config: dict[str, Any], key: str, message: str
) -> None:
    with pytest.raises(TemplateError) as raised:
        read(**config)
    assert raised.value.key == f"Resources.Policy.{key}"
    assert message in raised.value.message


def test_a_policy_of_the_template_is_applied_to_misses_and_hits_and_not_stored(tmp_path: Path) -> None:
    place = behavior(CachePolicyId=OPTIMIZED, ResponseHeadersPolicyId={"Ref": "Policy"})
    text = json.loads(template(place))
    config = {
        "Name": "mine",
        "CorsConfig": {"AccessControlAllowOrigins": {"Items": ["*.example.com"]}},
        "CustomHeadersConfig": {"Items": [{"Header": "X-Mine", "Value": "1"}]},
        "RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
        "ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 0},
    }
    text["Resources"]["Policy"] = {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {"ResponseHeadersPolicyConfig": config},
    }
    with (
        running_origin(lambda handler: reply(handler, 200, b"x", {"X-Of-Origin": "1"})) as origin,
        running_cdn(tmp_path, json.dumps(text), origins={APP_ID: origin.url}) as cdn,
    ):
        miss = cdn.request("/", headers={"Origin": ORIGIN, "Pragma": "server-timing"})
        hit = cdn.request("/", headers={"Origin": "https://other.example"})
        timed = cdn.request("/", headers={"Pragma": "server-timing"})
    assert (miss.cache, hit.cache, timed.cache) == ("Miss", "Hit", "Hit")
    for answer in (miss, hit, timed):
        assert (answer.headers["X-Mine"], answer.headers["Server"]) == ("1", "CloudFront")
        assert answer.headers["X-Of-Origin"] == "1"
    assert miss.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert hit.headers["Access-Control-Allow-Origin"] is None and hit.headers["Server-Timing"] is None
    assert "cdn-cache-miss" in miss.headers["Server-Timing"]
    assert "cdn-cache-hit" in timed.headers["Server-Timing"]
