"""What the local AWS is to have, read from a template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import Template
from edgewise.localaws.errors import UnsupportedError
from edgewise.localaws.mends.replacing import replace
from edgewise.localaws.resources import make
from edgewise.localaws.template import definition, resources

DOCUMENT: dict[str, Any] = {
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Bus"}}},
        "Role": {"Type": "AWS::IAM::Role"},
        "Unmade": {"Type": "AWS::S3::Bucket", "Condition": "Never"},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Fn::Sub": "walks-${AWS::Region}"}}},
        "Files": {"Type": "AWS::S3::Bucket"},
    },
}


def test_resources_come_evaluated_and_in_the_order_in_which_they_need_each_other() -> None:
    found = resources(Template(DOCUMENT, Path("t.yaml")))
    assert [(one["kind"], one["name"]) for one in found] == [
        ("AWS::S3::Bucket", "local-files"),
        ("AWS::Events::EventBus", "walks-us-east-1"),
        ("AWS::Events::Rule", "local-Rule"),
    ]
    assert found[2]["properties"] == {"EventBusName": "walks-us-east-1"}


def test_a_schedule_and_a_rule_of_awss_own_events_are_left_out() -> None:
    """Nothing runs functions of the stack here, and no alarm rings."""

    def nobody(service: str) -> Any:
        raise AssertionError(service)

    for properties in (
        {"ScheduleExpression": "rate(1 minute)"},
        {"EventPattern": {"source": ["aws.cloudwatch"]}},
    ):
        make({"kind": "AWS::Events::Rule", "name": "local-Rule", "properties": properties}, nobody)


def test_substitutions_go_into_the_text_of_a_definition() -> None:
    properties = {
        "Definition": {"Comment": "${Bus} ${Other}", "Queue": "${Queue}"},
        "DefinitionSubstitutions": {"Bus": 'a "quoted" name', "Queue": "https://x"},
    }
    text = definition(properties)
    assert text == '{"Comment": "a \\"quoted\\" name ${Other}", "Queue": "https://x"}'
    assert definition({"DefinitionString": "{}"}) == "{}"


def test_a_moto_that_has_changed_is_named_at_the_start() -> None:
    """And nothing is put in a place where nobody looks."""

    class Place:
        there = 1

    replace(Place, there=2)
    assert Place.there == 2
    with pytest.raises(UnsupportedError, match=r"no Place\.gone"):
        replace(Place, gone=1)
