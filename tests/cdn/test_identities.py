"""What `Ref` and `Fn::GetAtt` give for the resources between a page view and its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import parse_template

HERE = "us-east-1:123456789012"
TEMPLATE = """
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: walks}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: walks-failed}}
  Stream: {Type: AWS::KinesisFirehose::DeliveryStream, Properties: {DeliveryStreamName: views}}
  Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {StateMachineName: views}}
  Nameless: {Type: AWS::StepFunctions::StateMachine}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/views}}
  Database: {Type: AWS::Glue::Database, Properties: {DatabaseInput: {Name: walks_statistics}}}
  Table: {Type: AWS::Glue::Table, Properties: {TableInput: {Name: page_views}}}
  WorkGroup: {Type: AWS::Athena::WorkGroup, Properties: {Name: walks}}
  Odd: {Type: AWS::Glue::Table, Properties: {TableInput: a text}}
  It: {Type: Custom::It, Properties: {Value: VALUE}}
"""


def resolved(expression: str) -> Any:
    template = parse_template(TEMPLATE.replace("VALUE", expression), Path("t.yaml"))
    return template.node("It").text("Value")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Bus", "walks"),
        ("!GetAtt Bus.Arn", f"arn:aws:events:{HERE}:event-bus/walks"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/walks-failed"),
        ("!GetAtt Queue.Arn", f"arn:aws:sqs:{HERE}:walks-failed"),
        ("!GetAtt Queue.QueueName", "walks-failed"),
        ("!Ref Stream", "views"),
        ("!GetAtt Stream.Arn", f"arn:aws:firehose:{HERE}:deliverystream/views"),
        ("!Ref Machine", f"arn:aws:states:{HERE}:stateMachine:views"),
        ("!GetAtt Machine.Arn", f"arn:aws:states:{HERE}:stateMachine:views"),
        ("!GetAtt Machine.Name", "views"),
        ("!Ref Nameless", f"arn:aws:states:{HERE}:stateMachine:local-Nameless"),
        ("!GetAtt Logs.Arn", f"arn:aws:logs:{HERE}:log-group:/aws/views:*"),
        ("!Ref Database", "walks_statistics"),
        ("!Ref Table", "page_views"),
        ("!Ref WorkGroup", "walks"),
        ("!Ref Odd", "local-Odd"),
    ],
)
def test_a_resource_is_called_as_on_aws(expression: str, value: str) -> None:
    assert resolved(expression) == value
