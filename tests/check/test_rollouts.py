"""The rules about rollouts: a template that steers well, and one thing wrong in it at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from check.samples import ALL_BUT_HOST, ALL_VIEWER, CODE, OPTIMIZED, cache_key, check, policy, triggers
from edgewise.check import Finding

STABLE, NEW = "app.my-shop.com", "new.my-shop.com"
ROLLOUT: dict[str, Any] = {
    "stable": "v1",
    "new": "v2",
    "origins": {"v1": {"domain": STABLE}, "v2": {"domain": NEW}},
    "header": "X-App-Version",
    "state": {"from": "dynamodb", "table": "shop-release"},
    "sessions": None,
    "replicas": {"us-east-1": "us-east-1", "eu-central-1": "eu-west-1"},
}
LOG = {"delivery": "stdout"}
ORIGINS = [
    {"Id": name, "DomainName": domain, "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}
    for name, domain in (("app", STABLE), ("new", NEW))
]
STEERING = ("viewer-request", "origin-request", "origin-response", "viewer-response")


def table(*regions: str) -> dict[str, Any]:
    properties = {"TableName": "shop-release", "Replicas": [{"Region": region} for region in regions]}
    return {"Resources.Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties}}


def key(*headers: str, least: int = 0) -> dict[str, Any]:
    """A cache policy of the template with headers in its key, and a minimum TTL."""
    config = (
        {"HeaderBehavior": "whitelist", "Headers": list(headers)} if headers else {"HeaderBehavior": "none"}
    )
    times = {"MinTTL": least, "DefaultTTL": 60, "MaxTTL": 60}
    return policy("CachePolicy", Name="own", **times, **cache_key(HeadersConfig=config))


def forward(*headers: str) -> dict[str, Any]:
    config = {"HeaderBehavior": "whitelist", "Headers": list(headers)}
    return policy("OriginRequestPolicy", Name="own", HeadersConfig=config)


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """What the rules find in the steering template with changes; `rollout` is what is baked into its functions."""

    def find(changes: dict[str, Any], rollout: Any = ROLLOUT, log: Any = LOG) -> list[Finding]:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "index.py").write_text(CODE)
        (code / "edgewise_settings.json").write_text(json.dumps({"rollout": rollout, "log": log}))
        steering = {"Function.Code": "code", "Config.Origins": ORIGINS, **triggers(*STEERING), **changes}
        return check(steering, file=tmp_path / "t.yaml")

    return find


@pytest.mark.parametrize(
    "changes",
    [
        {},
        key("X-App-Version"),
        key("x-app-version", "Accept-Language"),
        {**forward("X-App-Version")},
        table("us-east-1", "eu-west-1"),
    ],
    ids=["nothing cached", "in the key", "in another case", "forwarded", "replicas"],
)
def test_a_rollout_that_works_is_not_spoken_of(found: Any, changes: dict[str, Any]) -> None:
    assert [finding.rule.id for finding in found(changes)] == []


@pytest.mark.parametrize(
    ("changes", "rule", "place", "says"),
    [
        (key("Accept-Language"), "EDGE701", "CachePolicyId", "both versions"),
        ({"Behavior.CachePolicyId": OPTIMIZED}, "EDGE701", "CachePolicyId", "x-app-version"),
        (forward("Accept-Language"), "EDGE702", "OriginRequestPolicyId", "the stable version"),
        ({"Config.Origins": ORIGINS[:1]}, "EDGE703", "Origins", NEW),
        (triggers("viewer-request", "viewer-response"), "EDGE704", "Associations", "origin-request"),
        (triggers("viewer-request", "origin-request"), "EDGE704", "Associations", "viewer-response"),
        (table("us-east-1"), "EDGE705", "Replicas", "eu-west-1"),
    ],
)
def test_what_breaks_a_rollout_is_found(
    found: Any, changes: dict[str, Any], rule: str, place: str, says: str
) -> None:
    findings = [finding for finding in found(changes) if finding.rule.id == rule]
    assert len(findings) == 1
    assert place in findings[0].key and says in findings[0].message


def test_a_new_version_that_routes_by_host_must_not_get_the_viewers(found: Any) -> None:
    url = "abc.lambda-url.us-east-1.on.aws"
    signed = {"DomainName": url, "OriginAccessControlId": "E2QWRUHAPOMQZL"}
    origins = [ORIGINS[0], {**ORIGINS[1], **signed}]
    rollout = {**ROLLOUT, "origins": {"v1": {"domain": STABLE}, "v2": {"domain": url}}}
    assert found({"Config.Origins": origins}, rollout) == []
    findings = found({"Config.Origins": origins, "Behavior.OriginRequestPolicyId": ALL_VIEWER}, rollout)
    assert [(finding.rule.id, "function URL" in finding.message) for finding in findings] == [
        ("EDGE706", True)
    ]


@pytest.mark.parametrize(
    ("least", "forwards", "found_there"), [(1, ALL_BUT_HOST, 1), (1, None, 0), (0, ALL_BUT_HOST, 0)]
)
def test_a_session_cookie_must_not_be_kept_in_the_cache(
    found: Any, least: int, forwards: str | None, found_there: int
) -> None:
    findings = found(
        {**key("X-App-Version", least=least), "Behavior.OriginRequestPolicyId": forwards},
    )
    assert [one.rule.id for one in findings].count("EDGE707") == found_there


@pytest.mark.parametrize(
    ("protocol", "count"), [("allow-all", 1), ("redirect-to-https", 0), ("https-only", 0)]
)
def test_a_cookie_that_browsers_do_not_keep_is_warned_of(found: Any, protocol: str, count: int) -> None:
    findings = found({"Behavior.ViewerProtocolPolicy": protocol})
    assert [(one.rule.id, one.rule.level) for one in findings] == [("EDGE708", "warning")] * count


@pytest.mark.parametrize(
    ("changes", "log", "says"),
    [
        ({}, LOG, None),
        ({}, None, "viewer-request and origin-response"),
        (triggers("viewer-request", "origin-request", "viewer-response"), LOG, "its origin-response:"),
    ],
    ids=["log", "no log", "no answers"],
)
def test_a_rollout_that_nobody_can_judge_is_warned_of(
    found: Any, changes: dict[str, Any], log: Any, says: str | None
) -> None:
    findings = found(changes, log=log)
    assert [(one.rule.id, one.rule.level) for one in findings] == [("EDGE709", "warning")] * bool(says)
    assert all(says in one.message for one in findings)


def test_a_behavior_without_any_policy_does_not_forward_the_version(found: Any) -> None:
    findings = found({"Behavior.OriginRequestPolicyId": None})
    assert "EDGE702" in {finding.rule.id for finding in findings}


def test_behaviors_of_other_origins_are_not_steered(found: Any) -> None:
    other = {
        "PathPattern": "/other/*",
        "TargetOriginId": "new",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": OPTIMIZED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
    }
    assert not [one for one in found({"Config.CacheBehaviors": [other]}) if one.rule.id.startswith("EDGE7")]


def test_a_steered_behavior_without_functions_is_found(found: Any) -> None:
    bare = {
        "PathPattern": "/bare/*",
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "OriginRequestPolicyId": ALL_BUT_HOST,
    }
    findings = [one for one in found({"Config.CacheBehaviors": [bare]}) if one.rule.id == "EDGE704"]
    assert ["/bare/*" in one.message for one in findings] == [True]


@pytest.mark.parametrize(
    "rollout",
    [None, [], 7, {}, {**ROLLOUT, "origins": {}}, {**ROLLOUT, "header": 7}, {**ROLLOUT, "state": "dynamodb"}],
    ids=str,
)
def test_settings_of_another_shape_are_no_rollout(found: Any, rollout: Any) -> None:
    assert not [
        one
        for one in found({"Behavior.CachePolicyId": OPTIMIZED}, rollout)
        if one.rule.id.startswith("EDGE7")
    ]
