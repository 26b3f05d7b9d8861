"""The rules about page views: templates that count well, and what each loss is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from check.samples import ALL_BUT_HOST, CODE, DISABLED, OPTIMIZED, cache_key, check, policy, triggers
from edgewise.cdn import parse_template
from edgewise.check import Finding, check_template
from edgewise.site import Bundle, bundle_settings, compile_template, load_site, render_yaml

CLOUDFRONT_HEADERS = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
AT_VIEWER = {"counts_at": "viewer-response", "countries": False}
AT_ORIGIN = {"counts_at": "origin-response", "countries": False}


def forward(*headers: str) -> dict[str, Any]:
    return policy(
        "OriginRequestPolicy",
        Name="own",
        HeadersConfig={"HeaderBehavior": "whitelist", "Headers": list(headers)},
    )


def keyed(*headers: str) -> dict[str, Any]:
    """In the cache key, and with that sent to the origin."""
    headers_config = {"HeaderBehavior": "whitelist", "Headers": list(headers)}
    parts = {
        "EnableAcceptEncodingGzip": False,
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
        "HeadersConfig": headers_config,
    }
    ttl = {"MinTTL": 1, "DefaultTTL": 60, "MaxTTL": 60}
    return policy("CachePolicy", Name="own", **ttl, **cache_key(**parts))


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """What the rules find in a template with changes; the second argument is baked into its functions."""

    def find(changes: dict[str, Any], statistics: Any) -> list[Finding]:
        (tmp_path / "code").mkdir(exist_ok=True)
        (tmp_path / "code/index.py").write_text(CODE)
        (tmp_path / "code/edgewise_settings.json").write_text(json.dumps({"statistics": statistics}))
        counting = {"Function.Code": "code", **triggers(str(dict(statistics).get("counts_at"))), **changes}
        return check(counting, file=tmp_path / "t.yaml")

    return find


def ids(findings: list[Finding]) -> list[str]:
    return [one.rule.id for one in findings]


ALL = ("User-Agent", "CloudFront-Viewer-Country")
DEVICES = tuple(f"CloudFront-Is-{one}-Viewer" for one in ("Mobile", "Tablet", "SmartTV"))


@pytest.mark.parametrize(
    ("changes", "statistics"),
    [
        ({}, {**AT_VIEWER, "countries": True}),
        ({"Behavior.CachePolicyId": OPTIMIZED}, {**AT_VIEWER, "countries": True}),
        (forward("CloudFront-Viewer-Country"), AT_VIEWER),
        (forward(*ALL, *DEVICES), AT_ORIGIN),
        ({"Behavior.OriginRequestPolicyId": "00000000-0000-0000-0000-000000000000"}, AT_ORIGIN),
    ],
    ids=["a database", "a database and a cache", "country by origin", "all forwarded", "unknown policy"],
)
def test_views_of_which_all_is_known_are_not_spoken_of(
    found: Any, changes: dict[str, Any], statistics: Any
) -> None:
    assert [
        one for one in ids(found(changes, statistics)) if one.startswith("EDGE8") or one == "EDGE209"
    ] == []


@pytest.mark.parametrize(
    ("changes", "statistics", "rules", "says"),
    [
        (triggers("viewer-request"), AT_VIEWER, {"EDGE801", "EDGE804"}, "viewer-response"),
        ({"Behavior.CachePolicyId": OPTIMIZED, **forward(*ALL, *DEVICES)}, AT_ORIGIN, {"EDGE802"}, "caches"),
        (forward(*DEVICES, ALL[1]), AT_ORIGIN, {"EDGE803"}, "user-agent"),
        ({"Behavior.OriginRequestPolicyId": ALL_BUT_HOST}, AT_VIEWER, {"EDGE804"}, "country"),
        ({"Behavior.CachePolicyId": OPTIMIZED, **forward(*ALL)}, AT_VIEWER, {"EDGE805"}, "an origin answers"),
        (keyed("CloudFront-Viewer-Country"), AT_VIEWER, {"EDGE805"}, "an origin answers"),
        (forward(*ALL, *DEVICES[:2]), AT_ORIGIN, {"EDGE806"}, "device"),
        (
            {"Behavior.CachePolicyId": DISABLED, "Behavior.OriginRequestPolicyId": None},
            AT_ORIGIN,
            {"EDGE803", "EDGE804", "EDGE806"},
            "default behavior",
        ),
    ],
)
def test_what_is_not_counted_or_not_known_is_said(
    found: Any, changes: dict[str, Any], statistics: Any, rules: set[str], says: str
) -> None:
    findings = [one for one in found(changes, statistics) if one.rule.id.startswith("EDGE8")]
    assert set(ids(findings)) == rules
    assert any(says in one.message for one in findings)


@pytest.mark.parametrize("statistics", [[], {"counts_at": "lunch"}, {"counts_at": ["viewer-response"]}, {}])
def test_settings_that_the_runtime_would_refuse_are_none(found: Any, statistics: Any) -> None:
    assert not [one for one in ids(found({}, statistics)) if one.startswith("EDGE8")]


SITE = """
name = "shop"
[origins.files]
folder = "."
[default]
origin = "files"
{behavior}
[statistics]
"""
FUNCTION = 'viewer_function = "arn:aws:cloudfront::111122223333:function/rewrite"'


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [
        ("", {"EDGE805": "note"}),
        (FUNCTION, {"EDGE802": "warning"}),
        (f'{FUNCTION}\ncache = "disabled"', {}),
    ],
)
def test_a_site_is_told_what_its_cloudfront_function_costs(
    tmp_path: Path, behavior: str, expected: dict[str, str]
) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE.format(behavior=behavior))
    site = load_site(tmp_path)
    Bundle(site, tmp_path / "build/functions/edge", bundle_settings(site)).refresh()
    text = render_yaml(compile_template(site, code_hash="0"))
    findings = check_template(parse_template(text, tmp_path / "build/template.yaml"))
    assert {one.rule.id: one.rule.level for one in findings} == expected
