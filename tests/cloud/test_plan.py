"""What a plan says of two templates, and how a template of other tools is read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.cloud.plan import Numbers, changes, same
from edgewise.cloud.reading import template_of
from edgewise.site import load_site, render_yaml
from edgewise.site.template import compile_template

NUMBERS = Numbers({"ViewerVersion1": "arn:aws:lambda:us-east-1:1:function:tea-viewer:12"}, {"Viewer": 12})
# CloudFormation takes no template with a null in it.
JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def template(version: str = "ViewerVersion1", **behavior: Any) -> dict[str, Any]:
    served = {"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": version}}
    config = {
        "Origins": [{"Id": "app", "DomainName": "app.example.com"}],
        "DefaultCacheBehavior": {"TargetOriginId": "app", "LambdaFunctionAssociations": [served]},
        "CacheBehaviors": [{"PathPattern": "/a/*", "TargetOriginId": "app", **behavior}],
    }
    return {
        "Resources": {
            "Distribution": {
                "Type": "AWS::CloudFront::Distribution",
                "Properties": {"DistributionConfig": config},
            },
            "Viewer": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "a"}, "Timeout": 5}},
            version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Viewer"}}},
        }
    }


def sentences(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    return [one.sentence for one in changes(new, old, NUMBERS)]


def test_a_new_version_is_told_by_its_number_to_be() -> None:
    assert sentences(template("ViewerVersion2"), template())[0] == (
        "viewer-request of *: function version 12 → 13 (new)"
    )


def test_a_function_that_goes_is_told_with_what_it_was() -> None:
    new = template()
    del new["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"][
        "LambdaFunctionAssociations"
    ]

    assert sentences(new, template()) == ["viewer-request of *: no function any more (was version 12)"]


def test_parts_of_lists_are_told_by_what_names_them() -> None:
    new = template(ViewerProtocolPolicy="https-only")
    origins = new["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"]
    origins.append({"Id": "files", "DomainName": "b"})
    new["Resources"]["Viewer"]["Properties"]["Timeout"] = 4

    assert sentences(new, template()) == [
        'Distribution: Origins files: nothing → {"Id": "files", "DomainName": "b"}',
        "Distribution: CacheBehaviors /a/*.ViewerProtocolPolicy: nothing → https-only",
        "Viewer: Timeout: 5 → 4",
    ]


def test_the_order_of_behaviors_matters() -> None:
    old, new = template(), template()
    for one, paths in ((old, ("/a", "/b")), (new, ("/b", "/a"))):
        one["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["CacheBehaviors"] = [
            {"PathPattern": path, "TargetOriginId": "app"} for path in paths
        ]

    assert sentences(new, old) == ['Distribution: the order of CacheBehaviors: ["/a", "/b"] → ["/b", "/a"]']


@pytest.mark.parametrize(
    ("policy", "sentence", "loses"),
    [
        ("Delete", "Files: this AWS::S3::Bucket is deleted", True),
        ("Retain", "Files: leaves the stack and stays on AWS", False),
        ("RetainExceptOnCreate", "Files: leaves the stack and stays on AWS", False),
    ],
)
def test_what_goes_is_told_with_what_becomes_of_it(policy: str, sentence: str, loses: bool) -> None:
    old = template()
    old["Resources"]["Files"] = {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {}}

    (change,) = changes(template(), old, NUMBERS)

    assert (change.sentence, change.loses_data) == (sentence, loses)


def test_a_note_in_the_template_is_no_change() -> None:
    assert same({**template(), "Metadata": {"a": 1}, "Description": "x"}, template())


# A machine that is busy with other things is no reason to fail.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(JSON, JSON)
def test_whatever_differs_in_a_resource_is_told(old: Any, new: Any) -> None:
    before, after = template(), template()
    before["Resources"]["Viewer"]["Properties"]["Extra"] = old
    after["Resources"]["Viewer"]["Properties"]["Extra"] = new

    told = sentences(after, before)

    assert sentences(copy.deepcopy(before), before) == []
    assert bool(told) == (before != after)


@pytest.mark.parametrize("name", ["shop", "rollout"])
def test_a_template_that_stock_tools_deployed_is_read_as_it_was_compiled(name: str) -> None:
    compiled = compile_template(load_site(Path(__file__).parents[2] / "examples" / name), code_hash="ab" * 32)

    assert template_of(render_yaml(compiled)) == compiled


def test_what_is_evaluated_by_cloudformation_is_not_evaluated_here() -> None:
    text = "A: !GetAtt B.C.D\nB: !Join ['', [!Ref X, !Sub '${Y}']]\nC: 2010-09-09\nD: !Condition Z\n"

    assert template_of(text) == {
        "A": {"Fn::GetAtt": ["B", "C.D"]},
        "B": {"Fn::Join": ["", [{"Ref": "X"}, {"Fn::Sub": "${Y}"}]]},
        "C": "2010-09-09",
        "D": {"Condition": "Z"},
    }
