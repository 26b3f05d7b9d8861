"""How a template is read: unknown values hide nothing else, branches are followed, nothing causes a traceback."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check.samples import ALL_METHODS, SOUND, behaviors, changed, check, code, rules
from edgewise.cdn import Template, load_template, parse_template
from edgewise.cdn.behavior import matches
from edgewise.cdn.errors import TemplateError
from edgewise.check import CheckError, check_template, line_finder
from edgewise.check.patterns import covers

PROBE = Path(__file__).parent / "bad_edge.yaml"
UNKNOWN: list[Any] = [
    {"Ref": "Parameter"},
    {"Ref": "Stored"},
    {"Fn::ImportValue": "other-stack"},
    {"Fn::GetAtt": ["Other", "Whatever"]},
    {"Fn::If": ["Chosen", 31, 5]},
    "{{resolve:ssm:/timeout}}",
]
PARAMETERS = {
    "Parameters": {
        "Parameter": {"Type": "Number"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/the/name"},
    },
    "Conditions": {"Chosen": {"Fn::Equals": [{"Ref": "Parameter"}, "yes"]}},
    "Resources.Other": {"Type": "AWS::SNS::Topic"},
}


def ids(document: dict[str, Any]) -> list[str]:
    """The rules that find something in a template, once for each finding."""
    return [finding.rule.id for finding in check_template(Template(document, Path("t.yaml")))]


@pytest.mark.parametrize("value", UNKNOWN, ids=str)
def test_what_only_the_deployment_knows_gives_no_finding_and_hides_none(value: Any) -> None:
    places = ("Function.Timeout", "Function.Role", "Origin.DomainName", "Behavior.CachePolicyId")
    for place in (*places, "Config.ViewerCertificate"):
        assert rules(PARAMETERS | {place: value}) == set(), place
    function = "Behavior.LambdaFunctionAssociations.0.LambdaFunctionARN"
    assert rules(PARAMETERS | {function: value}) == {"EDGE210"}, "it is said that there is one"
    assert rules(PARAMETERS | {"Origin.DomainName": value, "Function.Timeout": 31}) == {"EDGE113"}


def test_the_branch_that_is_taken_is_checked_and_named() -> None:
    document = changed({"Function.Timeout": {"Fn::If": ["Slow", 31, 5]}})
    for answer, found in (("yes", ["EDGE113"]), ("no", [])):
        document["Conditions"] = {"Slow": {"Fn::Equals": [answer, "yes"]}}
        findings = check_template(Template(document, Path("t.yaml")))
        assert [finding.rule.id for finding in findings] == found
        assert all(one.key == "Resources.Function.Properties.Timeout.Fn::If[1]" for one in findings)


def test_a_resource_that_is_not_made_is_not_checked() -> None:
    document = changed({"Function.Timeout": 31})
    document["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
    document["Resources"]["Site"]["Condition"] = "Never"
    assert ids(document) == ["EDGE522"], "it is said that no distribution is left"


def test_the_lines_of_the_probe() -> None:
    text = PROBE.read_text(encoding="utf-8")
    find = line_finder(text)
    lines = {}
    for finding in check_template(load_template(PROBE)):
        lines.setdefault(finding.rule.id, find(finding.path))
    numbered = text.splitlines()
    for rule, words in (("EDGE106", "arm64"), ("EDGE112", "python3.8"), ("EDGE123", "sts:AssumeRole")):
        line = lines[rule]
        assert line is not None and words in numbered[line - 1], rule


def test_lines_of_json_and_of_a_branch() -> None:
    text = json.dumps(changed({"Function.Timeout": {"Fn::If": ["Slow", 31, 5]}}), indent=1)
    line = line_finder(text)(("Resources", "Function", "Properties", "Timeout", "Fn::If", 1))
    assert line is not None and text.splitlines()[line - 1].strip() == "31,"
    short = "Resources:\n  F:\n    Timeout: !If\n      - Slow\n      - 31\n      - 5\n"
    assert line_finder(short)(("Resources", "F", "Timeout", "Fn::If", 1)) == 5
    assert line_finder("{:")(("Resources",)) is None


def test_the_probe_gives_all_its_findings() -> None:
    found: dict[str, int] = {}
    for finding in check_template(load_template(PROBE)):
        found[finding.rule.id] = found.get(finding.rule.id, 0) + 1
    assert found == {
        **dict.fromkeys(("EDGE101", "EDGE102", "EDGE103", "EDGE105", "EDGE106", "EDGE108", "EDGE112"), 1),
        **dict.fromkeys(("EDGE114", "EDGE116", "EDGE117", "EDGE123", "EDGE202", "EDGE204", "EDGE205"), 1),
        **dict.fromkeys(("EDGE206", "EDGE301", "EDGE303", "EDGE409"), 1),
        "EDGE201": 4,
        "EDGE210": 2,
    }


def test_rules_can_be_left_out_and_unknown_ones_are_refused() -> None:
    template = Template(changed({"Function.Timeout": 31}), Path("t.yaml"))
    assert check_template(template, ignored=["edge113"]) == []
    with pytest.raises(CheckError, match="EDGE999"):
        check_template(template, ignored=["EDGE999"])


# Values that people and generators write in wrong places.
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["*", "all", "arn:aws:lambda:::function:", "$LATEST", "9" * 5000, ""]),
    st.lists(st.one_of(st.text(max_size=3), st.none(), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=4), st.one_of(st.none(), st.text(max_size=4)), max_size=2),
    st.sampled_from(UNKNOWN),
    st.sampled_from(
        [
            {"Ref": "Site"},
            {"Ref": ["a"]},
            {"Fn::If": "x"},
            {"Fn::Select": [float("inf"), ["a"]]},
            {"Fn::Sub": "${Role.Arn}"},
            {"Fn::GetAtt": 3},
            {1: 2},
        ]
    ),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in members:
        found += paths(item, (*path, key))
    return found


RICH = changed(
    behaviors("/a/*", AllowedMethods=ALL_METHODS)
    | {
        "Config.OriginGroups": {
            "Items": [
                {
                    "Id": "g",
                    "Members": {"Items": [{"OriginId": "app"}, {"OriginId": "files"}]},
                    "FailoverCriteria": {"StatusCodes": {"Items": [500]}},
                }
            ]
        },
        "Config.CustomErrorResponses": [
            {"ErrorCode": 404, "ResponseCode": 404, "ResponsePagePath": "/a/404.html"}
        ],
        "Config.ViewerCertificate": {"AcmCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/1"},
        "Config.DefaultRootObject": "index.html",
        "Origin.OriginCustomHeaders": [{"HeaderName": "X-A", "HeaderValue": "b"}],
        "Behavior.ForwardedValues": {"Headers": ["Host"], "QueryString": True, "Cookies": {"Forward": "all"}},
        "Function.Layers": ["a"],
        "Function.EphemeralStorage.Size": 600,
        "Resources.Policy": {
            "Type": "AWS::CloudFront::CachePolicy",
            "Properties": {
                "CachePolicyConfig": {
                    "MinTTL": 1,
                    "ParametersInCacheKeyAndForwardedToOrigin": {
                        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["x-a"]},
                        "CookiesConfig": {"CookieBehavior": "all"},
                    },
                }
            },
        },
        "Config.WebACLId": {"Ref": "Policy"},
    }
)
PATHS = paths(RICH)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PATHS), JUNK), min_size=1, max_size=3))
def test_no_mutation_of_a_template_causes_a_traceback(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(RICH)
    for path, value in changes:
        node: Any = document
        for step in path[:-1]:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            if isinstance(node, dict) or (isinstance(node, list) and path[-1] in range(len(node))):
                node[path[-1]] = value
    try:
        for finding in check_template(Template(document, Path("t.yaml"))):
            assert finding.message and finding.key
    except TemplateError:
        # No resources, or one without a type: no rule can be asked then.
        assert (
            not isinstance(document["Resources"], dict)
            or not all(
                isinstance(body, dict) and isinstance(body.get("Type"), str)
                for body in document["Resources"].values()
            )
            or not document["Resources"]
        )


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="abc.()[]=:'\"\n {}f@,*\\", max_size=80)))
def test_no_source_causes_a_traceback(source: str) -> None:
    check(code(source))


@given(st.text(max_size=120))
def test_no_text_of_a_template_breaks_the_line_finder(text: str) -> None:
    line_finder(text)(("Resources", "a", 0))


PATTERNS = st.text(alphabet="ab/*?", min_size=1, max_size=8)


@settings(max_examples=500)
@given(PATTERNS, PATTERNS, st.data())
def test_a_pattern_that_covers_another_matches_all_its_paths(wide: str, narrow: str, data: Any) -> None:
    filled = "".join(
        data.draw(st.text(alphabet="ab/", max_size=3))
        if each == "*"
        else data.draw(st.sampled_from("ab/"))
        if each == "?"
        else each
        for each in narrow
    )
    path = filled if filled.startswith("/") else f"/{filled}"
    if covers(wide, narrow) and matches(narrow, path):
        assert matches(wide, path)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("*", "/a", True),
        ("/*", "*.jpg", True),
        ("*.jpg", "/images/*.jpg", True),
        ("/a?", "/a*", False),
        ("/a*", "/a?", True),
        ("images/*", "/images/x", True),
        ("/images/*", "/images", False),
        ("/A", "/a", False),
    ],
)
def test_which_patterns_cover_which(wide: str, narrow: str, covered: bool) -> None:
    assert covers(wide, narrow) is covered


def test_a_template_that_leads_back_to_itself() -> None:
    template = parse_template(
        "Resources:\n  A: &a\n    Type: AWS::CloudFront::Distribution\n    Properties: *a\n", PROBE
    )
    assert [one.key for one in check_template(template)] == ["Resources.A.Properties.DistributionConfig"]
    document = copy.deepcopy(SOUND)
    statement: list[Any] = []
    statement.append(statement)
    document["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"] = statement
    check_template(Template(document, PROBE))
