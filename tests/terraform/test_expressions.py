"""CloudFormation's expressions in Terraform's words."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.terraform import UntranslatedError, translate
from edgewise.terraform.expressions import condition, expression, json_expression
from edgewise.terraform.scope import Scope, Target
from edgewise.terraform.values import Call, Reference, text_of


@pytest.fixture
def scope() -> Scope:
    queue = Target("aws_sqs_queue.q", "url", {"Arn": "arn"})
    group = Target("aws_cloudwatch_log_group.g", "name", {"Arn": ("arn", ":*")})
    maybe = Target("aws_sqs_queue.m", "url", {"Arn": "arn"}, counted=True)
    scope = Scope("shop", "us-east-1", targets={"Queue": queue, "Group": group, "Maybe": maybe})
    scope.parameters = {"Stage": Reference("var.stage"), "Fixed": "here"}
    scope.conditions = {"Never": False, "Test": Reference('var.stage == "test"')}
    return scope


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Ref": "Queue"}, "aws_sqs_queue.q.url"),
        ({"Ref": "Stage"}, "var.stage"),
        ({"Ref": "Fixed"}, '"here"'),
        ({"Ref": "AWS::Region"}, '"us-east-1"'),
        ({"Ref": "AWS::StackName"}, '"shop"'),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "aws_sqs_queue.q.arn"),
        ({"Fn::GetAtt": "Queue.Arn"}, "aws_sqs_queue.q.arn"),
        ({"Fn::GetAtt": ["Group", "Arn"]}, '"${aws_cloudwatch_log_group.g.arn}:*"'),
        ({"Ref": "Maybe"}, "one(aws_sqs_queue.m[*].url)"),
        ({"Fn::Sub": "plain"}, '"plain"'),
        ({"Fn::Sub": "${Queue.Arn}"}, "aws_sqs_queue.q.arn"),
        ({"Fn::Sub": "${AWS::Region}/${Fixed}"}, '"us-east-1/here"'),
        (
            {"Fn::Sub": "a/${!b}/${AWS::AccountId}/${Group.Arn}"},
            '"a/$${b}/${local.account_id}/${aws_cloudwatch_log_group.g.arn}:*"',
        ),
        ({"Fn::Sub": ["${x}-${Stage}", {"x": {"Ref": "Queue"}}]}, '"${aws_sqs_queue.q.url}-${var.stage}"'),
        ({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "Queue"}]}]}, 'split("/", aws_sqs_queue.q.url)[2]'),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, 'join("-", ["a", var.stage])'),
        ({"Fn::If": ["Test", "a", {"Ref": "AWS::NoValue"}]}, 'var.stage == "test" ? "a" : null'),
        ({"Fn::If": ["Never", "a", "b"]}, '"b"'),
        (["a", {"Fn::If": ["Never", "b", {"Ref": "AWS::NoValue"}]}], '["a"]'),
        ({"Fn::Base64": "a"}, 'base64encode("a")'),
    ],
)
def test_an_expression(scope: Scope, value: Any, text: str) -> None:
    assert text_of(expression(value, scope)) == text


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Fn::Equals": [{"Ref": "Stage"}, "a"]}, 'var.stage == "a"'),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "a"]}]}, 'var.stage != "a"'),
        ({"Fn::Equals": [{"Ref": "Fixed"}, "here"]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Fixed"}, "here"]}]}, False),
        # What another resource gives is never empty; what a person gives may be.
        ({"Fn::Equals": [{"Ref": "Queue"}, ""]}, False),
        ({"Fn::Equals": [{"Ref": "Stage"}, ""]}, 'var.stage == ""'),
        ({"Fn::Or": [{"Condition": "Never"}, {"Condition": "Test"}]}, '(var.stage == "test")'),
        ({"Fn::And": [{"Condition": "Never"}, {"Condition": "Test"}]}, False),
        ({"Fn::Not": [{"Condition": "Test"}]}, '!(var.stage == "test")'),
    ],
)
def test_a_condition_is_decided_as_far_as_it_can_be(scope: Scope, value: Any, result: bool | str) -> None:
    found = condition(value, scope)
    assert (found.text if isinstance(found, Reference) else found) == result


def test_a_documents_text_becomes_a_document(scope: Scope) -> None:
    made = json_expression({"Fn::Sub": '{"a": ["${Queue.Arn}", 1], "b": "${!c}"}'}, scope)
    assert text_of(made) == 'jsonencode({ a = [aws_sqs_queue.q.arn, 1], b = "$${c}" })'
    # Without Sub a brace is no more than that.
    assert text_of(json_expression('{"a": "${Queue}"}', scope)) == 'jsonencode({ a = "$${Queue}" })'
    assert json_expression("no document", scope) == "no document"
    assert isinstance(json_expression({"a": 1}, scope), Call)


@pytest.mark.parametrize(
    "value", [{"Fn::ImportValue": "a"}, {"Fn::FindInMap": ["a", "b", "c"]}, {"Ref": "Nobody"}]
)
def test_an_unknown_expression_is_refused(scope: Scope, value: Any) -> None:
    with pytest.raises(UntranslatedError):
        expression(value, scope)


def test_parameters_become_variables_with_their_rules() -> None:
    parameters = {
        "HowMany": {"Type": "Number", "Default": 3, "Description": "How many."},
        "Secret": {"Type": "String", "NoEcho": True, "AllowedPattern": "[a-z]+"},
    }
    text = translate("s", {"Parameters": parameters, "Resources": {}}).files["variables.tf"]
    assert (
        'variable "how_many" {\n  description = "How many."\n  type        = number\n  default     = 3\n}'
        in text
    )
    assert 'condition     = can(regex("^(?:[a-z]+)$", var.secret))' in text and "sensitive = true" in text
    with pytest.raises(UntranslatedError) as caught:
        translate("s", {"Parameters": {"A": {"Type": "AWS::EC2::VPC::Id"}}, "Resources": {}})
    assert caught.value.key == "A"


def test_a_resource_whose_condition_is_known_not_to_hold_is_left_out() -> None:
    template = {
        "Conditions": {"No": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Gone": {"Type": "AWS::SQS::Queue", "Condition": "No"},
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
        "Outputs": {"Gone": {"Condition": "No", "Value": "x"}},
    }
    made = translate("s", template)
    assert made.left_out == {"Gone": "its condition No does not hold"}
    assert list(made.counterparts) == ["Queue"] and "outputs.tf" not in made.files


def test_names_that_would_meet_keep_what_the_type_says() -> None:
    resources = {
        name: {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
        for name in ("Judge", "JudgeRole")
    }
    made = translate("s", {"Resources": resources})
    assert made.counterparts == {"Judge": ("aws_iam_role.judge",), "JudgeRole": ("aws_iam_role.judge_role",)}
