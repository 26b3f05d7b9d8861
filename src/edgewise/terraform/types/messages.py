"""EventBridge, SQS and SNS: buses, rules and their targets, queues, topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.names import on_aws, snake
from edgewise.terraform.rules import Beside, Kind, Made, Place, Rules, apply, block, document, pairs, single

_MOST_RULE_NAME = 64


def _targets(value: Any, place: Place) -> Iterator[Made]:
    bus = place.properties.get("EventBusName")
    for one in value:
        body = [Attribute("rule", place.own("name"))]
        if bus is not None:
            body.append(Attribute("event_bus_name", place.value(bus)))
        made = [item for item in apply(_TARGET, one, place) if isinstance(item, Attribute | Block)]
        suffix = f"_{snake(one['Id'])}" if len(value) > 1 else ""
        yield Beside("aws_cloudwatch_event_target", [*body, *made], suffix)


def _rule_name(place: Place) -> Iterator[Made]:
    if "Name" not in place.properties:
        yield Attribute("name", on_aws(place.scope.site, place.name, _MOST_RULE_NAME))


def _subscriptions(value: Any, place: Place) -> Iterator[Made]:
    for number, one in enumerate(value, 1):
        yield Beside(
            "aws_sns_topic_subscription",
            [
                Attribute("topic_arn", place.own("arn")),
                Attribute("protocol", one["Protocol"]),
                Attribute("endpoint", place.value(one["Endpoint"])),
            ],
            f"_{number}" if len(value) > 1 else "",
        )


_TARGET: Rules = {
    "Id": "target_id",
    "Arn": "arn",
    "RoleArn": "role_arn",
    "Input": document("input"),
    "InputPath": "input_path",
    "InputTransformer": block(
        "input_transformer", {"InputPathsMap": "input_paths", "InputTemplate": "input_template"}
    ),
    "DeadLetterConfig": block("dead_letter_config", {"Arn": "arn"}),
    "RetryPolicy": block(
        "retry_policy",
        {
            "MaximumEventAgeInSeconds": "maximum_event_age_in_seconds",
            "MaximumRetryAttempts": "maximum_retry_attempts",
        },
    ),
    "SqsParameters": block("sqs_target", {"MessageGroupId": "message_group_id"}),
    "KinesisParameters": block("kinesis_target", {"PartitionKeyPath": "partition_key_path"}),
}

KINDS = {
    "AWS::Events::EventBus": Kind(
        "aws_cloudwatch_event_bus",
        "functions",
        {"Name": "name", "Description": "description"},
        endings=("Bus",),
        ref="name",
        attributes={"Arn": "arn", "Name": "name"},
    ),
    "AWS::Events::Rule": Kind(
        "aws_cloudwatch_event_rule",
        "functions",
        {
            "Name": "name",
            "Description": "description",
            "EventBusName": "event_bus_name",
            "ScheduleExpression": "schedule_expression",
            "EventPattern": document("event_pattern"),
            "State": "state",
            "Targets": _targets,
        },
        endings=("Schedule", "Rule"),
        ref="name",
        attributes={"Arn": "arn"},
        always=_rule_name,
    ),
    "AWS::SQS::Queue": Kind(
        "aws_sqs_queue",
        "functions",
        {
            "QueueName": "name",
            "MessageRetentionPeriod": "message_retention_seconds",
            "VisibilityTimeout": "visibility_timeout_seconds",
            "SqsManagedSseEnabled": "sqs_managed_sse_enabled",
            "KmsMasterKeyId": "kms_master_key_id",
            "Tags": pairs("tags"),
        },
        endings=("Queue",),
        ref="url",
        attributes={"Arn": "arn", "QueueName": "name", "QueueUrl": "url"},
    ),
    "AWS::SQS::QueuePolicy": Kind(
        "aws_sqs_queue_policy",
        "functions",
        {"Queues": single("queue_url"), "PolicyDocument": document("policy")},
        endings=("QueuePolicy", "Policy"),
    ),
    "AWS::SNS::Topic": Kind(
        "aws_sns_topic",
        "alarms",
        {
            "TopicName": "name",
            "DisplayName": "display_name",
            "KmsMasterKeyId": "kms_master_key_id",
            "Subscription": _subscriptions,
            "Tags": pairs("tags"),
        },
        endings=("Topic",),
        ref="arn",
        attributes={"TopicArn": "arn", "TopicName": "name"},
        always=lambda place: (
            []
            if "TopicName" in place.properties
            else [Attribute("name", on_aws(place.scope.site, place.name, 256))]
        ),
    ),
    "AWS::SNS::TopicPolicy": Kind(
        "aws_sns_topic_policy",
        "alarms",
        {"Topics": single("arn"), "PolicyDocument": document("policy")},
        endings=("TopicPolicy", "Policy"),
    ),
    "AWS::SNS::Subscription": Kind(
        "aws_sns_topic_subscription",
        "alarms",
        {"TopicArn": "topic_arn", "Protocol": "protocol", "Endpoint": "endpoint"},
        endings=("Subscription",),
        ref="arn",
    ),
}
