"""What `edgewise up` refuses is a finding with a place, and what no one can read is one clear error."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check.samples import ALL_METHODS, VERSION, Changes, changed, check, rules
from edgewise.cdn import Template, parse_template
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template import read_distribution
from edgewise.cdn.template.errors import NotHereError, ShapeError
from edgewise.check import check_template

FILE = Path("t.yaml")
# One of everything that the local CDN reads.
EVERYTHING = changed(
    {
        "Function.Timeout": 5,
        "Conditions.Live": {"Fn::Not": [{"Condition": "Never"}]},
        "Conditions.Never": {
            "Fn::And": [{"Fn::Equals": ["a", "b"]}, {"Fn::Or": [{"Fn::Equals": ["b", "c"]}] * 2}]
        },
        "Resources.Site.Condition": "Live",
        "Config.Logging": {"Bucket": "logs.s3.amazonaws.com", "Prefix": "a/"},
        "Config.Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist", "Locations": ["DE"]}},
        "Config.Aliases": ["a.my-shop.com"],
        "Config.ViewerCertificate": {
            "AcmCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/1",
            "SslSupportMethod": "sni-only",
        },
        "Config.CustomErrorResponses": [{"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/a"}],
        "Config.OriginGroups": {
            "Items": [
                {
                    "Id": "both",
                    "Members": {"Items": [{"OriginId": "app"}, {"OriginId": "files"}]},
                    "FailoverCriteria": {"StatusCodes": {"Items": [500, 503, 504]}},
                }
            ]
        },
        "Origin.OriginCustomHeaders": [{"HeaderName": "X-A", "HeaderValue": "b"}],
        "Behavior.AllowedMethods": ALL_METHODS,
        "Behavior.ResponseHeadersPolicyId": {"Ref": "Headers"},
        "Resources.Headers": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {
                "ResponseHeadersPolicyConfig": {
                    "CorsConfig": {"AccessControlAllowMethods": {"Items": ["GET"]}},
                    "SecurityHeadersConfig": {"FrameOptions": {"FrameOption": "DENY"}},
                    "ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 5},
                    "RemoveHeadersConfig": {"Items": [{"Header": "X-A"}]},
                }
            },
        },
        "Behavior.RealtimeLogConfigArn": {"Ref": "Log"},
        "Resources.Log": {
            "Type": "AWS::CloudFront::RealtimeLogConfig",
            "Properties": {
                "Fields": ["timestamp"],
                "SamplingRate": 5,
                "EndPoints": [{"KinesisStreamConfig": {"StreamArn": "arn:aws:kinesis:us-east-1:1:stream/a"}}],
            },
        },
    }
)
WRONG: list[Any] = [
    *(True, -1, 10**20, float("inf"), float("nan"), "", "x", "9" * 5000, "\0", 1.5, [], [[]], [{}], {}),
    *(
        {"a": "b"},
        {1: 2},
        {"Ref": "Nobody"},
        {"Ref": ["a"]},
        {"Fn::If": "x"},
        {"Fn::If": ["Nowhere", "a", "b"]},
    ),
    *({"Fn::Sub": "${Nobody}"}, {"Fn::Sub": "${}"}, {"Fn::GetAtt": 3}, {"Fn::Join": [1, 2]}),
    *({"Fn::FindInMap": ["a", "b", "c"]}, [{"Ref": "Nobody"}], None, [None]),
]
# What they say is known at the deployment only; that each is a text is certain.
STAND_INS: list[Any] = [
    *({"Ref": "AWS::StackName"}, {"Ref": "Function"}, {"Fn::GetAtt": ["Function", "Arn"]}, {"Ref": "Empty"}),
    {"Fn::Sub": "${AWS::AccountId}"},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every value inside the properties of resources and inside conditions."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    inner = [found for key, item in members for found in places(item, (*path, key))]
    return [path, *inner] if {"Properties", "Condition", "Conditions"} & {*path} else inner


def refusal(document: dict[str, Any]) -> TemplateError | None:
    """Why the local CDN does not run a template that is wrong, None if it does or if only this machine cannot."""
    try:
        read_distribution(Template(document, FILE))
    except NotHereError:
        return None
    except TemplateError as error:
        return error
    return None


def test_the_template_with_everything_is_sound() -> None:
    assert refusal(EVERYTHING) is None
    findings = check_template(Template(EVERYTHING, FILE))
    assert [one.message for one in findings if one.rule.level == "error"] == []


PLACES = places({name: EVERYTHING[name] for name in ("Resources", "Conditions")})


def with_value(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The template with everything, and something else at one place."""
    document = copy.deepcopy(EVERYTHING)
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return document


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(WRONG))
def test_whatever_the_local_cdn_refuses_is_an_error_with_a_place(path: tuple[Any, ...], value: Any) -> None:
    document = with_value(path, value)
    error = refusal(document)
    findings = check_template(Template(document, FILE))
    # YAML's `yes` where a name belongs is the one thing that rules pass over.
    if error is not None and value is not True:
        found = [one for one in findings if one.rule.level == "error"]
        assert found, error
        assert all(one.key.startswith(("Resources.", "Conditions.")) for one in found)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(STAND_INS))
def test_a_text_that_is_not_known_is_an_error_where_no_text_belongs(
    path: tuple[Any, ...], value: Any
) -> None:
    document = with_value(path, value) | {"Parameters": {"Empty": {"Type": "String", "Default": ""}}}
    if isinstance(refusal(document), ShapeError):
        assert [one for one in check_template(Template(document, FILE)) if one.rule.level == "error"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Config.Origins": [None]}, "Origins[0] must be a mapping"),
        ({"Behavior.LambdaFunctionAssociations": [None]}, "LambdaFunctionAssociations[0] must be a mapping"),
        (
            {"Config.DefaultCacheBehavior": {"Ref": "AWS::StackName"}},
            "DefaultCacheBehavior must be a mapping",
        ),
        ({"Config.CacheBehaviors": {"Ref": "Function"}}, "CacheBehaviors must be a list"),
    ],
    ids=str,
)
def test_a_shape_that_is_wrong_whatever_the_deployment_says(change: Changes, message: str) -> None:
    assert message in [one.message for one in check(change) if one.rule.id == "EDGE524"]


def test_what_is_no_value_is_not_there() -> None:
    nothing = {"Ref": "AWS::NoValue"}
    associations = [nothing, {"EventType": "origin-request", "LambdaFunctionARN": VERSION}]
    assert rules({"Behavior.LambdaFunctionAssociations": associations, "Config.Aliases": nothing}) == set()


@pytest.mark.parametrize(
    ("conditions", "used", "key", "message"),
    [
        ({}, "IsPord", "Resources.Site.Condition", "the condition 'IsPord' is not defined"),
        ({}, {"Fn::Not": ["X"]}, "Resources.Site.Condition", "a condition's name belongs here"),
        ({"A": {"Fn::Equals": [{"Ref": "Nope"}, "b"]}}, "A", "Conditions.A", "Ref to 'Nope'"),
        ({"A": {"Fn::Not": [{"Condition": "B"}]}}, "A", "Conditions.A", "the condition 'B' is not defined"),
        ({"A": {"Fn::Equals": "a"}}, "A", "Conditions.A", "Fn::Equals cannot take 'a'"),
        ({"A": {"Fn::Not": 1}}, "A", "Conditions.A", "Fn::Not cannot take 1"),
        ({"A": {"Fn::And": []}}, "A", "Conditions.A", "Fn::And cannot take []"),
        (["A"], "A", "Resources.Site.Condition", "the condition 'A' is not defined"),
    ],
    ids=str,
)
def test_a_resources_condition_that_is_neither_true_nor_false(
    conditions: Any, used: Any, key: str, message: str
) -> None:
    document = changed({"Resources.Site.Condition": used, "Resources.Version.Condition": used})
    document["Conditions"] = conditions
    error = refusal(document)
    found = check_template(Template(document, FILE))
    keys = [one.key for one in found if one.message.startswith(message)]
    assert {one.rule.id for one in found} == {"EDGE523"}
    assert error is not None and error.message.startswith(message) and error.key == key
    assert keys.count(key) == 1


def test_a_condition_that_the_deployment_decides_is_no_mistake() -> None:
    document = changed({"Resources.Site.Condition": "Open"})
    document["Conditions"] = {"Open": {"Fn::Equals": [{"Ref": "Stage"}, {"Ref": "AWS::StackName"}]}}
    document["Parameters"] = {"Stage": {"Type": "String"}}
    assert check_template(Template(document, FILE)) == []


def test_one_mistake_hides_no_other_and_neither_does_an_unknown_value() -> None:
    document = copy.deepcopy(EVERYTHING)
    document["Parameters"] = {"Open": {"Type": "Number"}}
    config = document["Resources"]["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    config["ServerTimingHeadersConfig"]["SamplingRate"] = {"Ref": "Open"}
    config["RemoveHeadersConfig"]["Items"][0]["Header"] = "Via"
    document["Resources"]["Log"]["Properties"].update(SamplingRate={"Ref": "Open"}, Fields=["nothing"])
    behavior = document["Resources"]["Site"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    behavior["ViewerProtocolPolicy"] = "https"
    behavior["OriginRequestPolicyId"] = {"Ref": "Nobody"}
    findings = check_template(Template(document, FILE))
    errors = {one.key.rpartition(".")[2]: one.rule.id for one in findings if one.rule.level == "error"}
    assert errors == {
        "Header": "EDGE524",
        "Fields": "EDGE524",
        "ViewerProtocolPolicy": "EDGE524",
        "OriginRequestPolicyId": "EDGE523",
    }


def test_a_rule_of_its_own_says_it_alone() -> None:
    assert rules({"Origin.ConnectionAttempts": 4}) == {"EDGE307"}
    assert rules({"Function.Timeout": 31}) == {"EDGE113"}


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ({"Fn::Join": ["", ["a.", {"Ref": "Nobody"}]]}, "DomainName.Fn::Join[1][1]"),
        ({"Fn::Sub": "${Nobody.Arn}"}, "DomainName"),
        ({"Fn::Sub": ["${a}", {"a": {"Ref": "Nobody"}}]}, "DomainName.Fn::Sub[1].a"),
        ({"Fn::If": ["Nowhere", "a.com", "b.com"]}, "DomainName"),
        ({"Fn::GetAtt": "Function"}, "DomainName"),
    ],
    ids=str,
)
def test_an_expression_is_told_of_at_its_own_place(expression: Any, key: str) -> None:
    (finding,) = check({"Origin.DomainName": expression})
    assert finding.rule.id == "EDGE523"
    assert finding.key == f"Resources.Site.Properties.DistributionConfig.Origins[0].{key}"


def test_versions_that_lead_in_a_circle() -> None:
    found = check({"Version.FunctionName": {"Ref": "Version"}})
    assert [(one.rule.id, one.message) for one in found if one.rule.id == "EDGE523"] == [
        ("EDGE523", "circular reference: Version -> Version")
    ] * 2


def test_what_a_macro_makes_is_noted_and_is_no_mistake() -> None:
    loop = ["Name", ["a", "b"], {"Bucket${Name}": {"Type": "AWS::S3::Bucket"}}]
    made: Changes = {
        "Resources.Fn::ForEach::Buckets": loop,
        "Origin.DomainName": {"Fn::GetAtt": ["Bucketa", "DomainName"]},
    }
    (finding,) = check(made)
    assert (finding.rule.id, finding.key) == ("EDGE521", "Resources.Fn::ForEach::Buckets")
    assert finding.message.startswith("Fn::ForEach::Buckets is not evaluated")
    document = changed({"Resources.Fn::ForEach::Buckets": loop})
    _, notices = read_distribution(Template(document, FILE))
    assert [notice.key for notice in notices] == ["Resources.Fn::ForEach::Buckets"]


def test_a_template_without_a_distribution_says_so() -> None:
    (finding,) = check({"Resources.Site": None})
    assert (finding.rule.id, finding.rule.level, finding.key) == ("EDGE522", "note", "Resources")


def test_anchors_that_stand_for_millions_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for step in range(7):
        lines.append(f"a{step + 1}: &a{step + 1} [{', '.join([f'*a{step}'] * 10)}]")
    lines.append(
        f"Resources: {json.dumps(changed({'Config.Comment': '@'})['Resources'])}".replace('"@"', "*a7")
    )
    template = parse_template("\n".join(lines), FILE)
    messages = [one.message for one in check_template(template) if one.rule.level == "error"]
    assert messages == ["there are more than 200,000 values"]
    with pytest.raises(TemplateError, match="more than 200,000 values"):
        read_distribution(template)


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "x" * 5000, "loop"])
def test_a_path_that_no_file_can_have(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    document = changed({"Function.Code": path})
    with pytest.raises(TemplateError) as raised:
        read_distribution(Template(document, tmp_path / "t.yaml"))
    assert raised.value.key == "Resources.Function.Properties.Code"
    assert rules({"Function.Code": path}, file=tmp_path / "t.yaml") == {"EDGE601"}
