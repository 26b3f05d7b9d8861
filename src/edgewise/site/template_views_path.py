"""The resources of the way through a state machine: it, the event bus, the rule behind that, the queue of failures.

Sources: "Creating a service role" and "CloudWatch Logs for Express workflows" in the Step Functions developer guide,
"Dead-letter queues" in the EventBridge user guide; property names by the CloudFormation reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.site.model_statistics import Statistics
from edgewise.site.statistics_definition import DETAIL_TYPE, EVENT_SOURCE, definition
from edgewise.site.template_permissions import policy, trust

LOG_DAYS = 30
# The longest that a queue keeps a message.
_QUEUE_SECONDS = 14 * 86_400


def path_resources(statistics: Statistics, country_names: Mapping[str, str]) -> dict[str, Any]:
    """From the edge's StartExecution to the delivery stream."""
    return {
        "PageViewsStateMachine": _state_machine(statistics, country_names),
        "PageViewsStateMachineRole": _state_machine_role(),
        "PageViewsLogs": _log_group(statistics),
        "PageViewsBus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": statistics.pipeline}},
        "PageViewsRule": _rule(statistics),
        "PageViewsRuleRole": _rule_role(),
        "PageViewsFailed": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "QueueName": statistics.queue,
                "MessageRetentionPeriod": _QUEUE_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        },
        "PageViewsFailedPolicy": _queue_policy(),
    }


def _state_machine(statistics: Statistics, country_names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            # Fixed: the edge calls it by its name.
            "StateMachineName": statistics.pipeline,
            "StateMachineType": "EXPRESS",
            "RoleArn": {"Fn::GetAtt": ["PageViewsStateMachineRole", "Arn"]},
            "Definition": definition(country_names),
            "DefinitionSubstitutions": {
                "Bus": {"Ref": "PageViewsBus"},
                "Queue": {"Ref": "PageViewsFailed"},
            },
            "LoggingConfiguration": {
                "Level": "ERROR",
                "IncludeExecutionData": False,
                "Destinations": [
                    {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["PageViewsLogs", "Arn"]}}}
                ],
            },
            "TracingConfiguration": {"Enabled": False},
        },
    }


def _state_machine_role() -> dict[str, Any]:
    # The delivery of logs is an account's affair, and its actions know no resources.
    delivery = (
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the state machine hand views to the bus, set others aside, and log its failures.",
            "AssumeRolePolicyDocument": trust("states.amazonaws.com"),
            "Policies": [
                policy("bus", ("events:PutEvents",), ["${PageViewsBus.Arn}"]),
                policy("queue", ("sqs:SendMessage",), ["${PageViewsFailed.Arn}"]),
                policy("log-delivery", delivery, ["*"]),
            ],
        },
    }


def _log_group(statistics: Statistics) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            # The prefix that keeps the account's policy of log groups short.
            "LogGroupName": f"/aws/vendedlogs/states/{statistics.pipeline}",
            "RetentionInDays": LOG_DAYS,
        },
    }


def _rule(statistics: Statistics) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": f"Hands page views of {statistics.name} to the delivery stream.",
            "EventBusName": {"Ref": "PageViewsBus"},
            "EventPattern": {"source": [EVENT_SOURCE], "detail-type": [DETAIL_TYPE]},
            "Targets": [
                {
                    "Id": "stream",
                    "Arn": {"Fn::GetAtt": ["PageViewsStream", "Arn"]},
                    "RoleArn": {"Fn::GetAtt": ["PageViewsRuleRole", "Arn"]},
                    "InputPath": "$.detail",
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["PageViewsFailed", "Arn"]}},
                    "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 50},
                }
            ],
        },
    }


def _rule_role() -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the rule put page views into the delivery stream.",
            "AssumeRolePolicyDocument": trust("events.amazonaws.com"),
            "Policies": [
                policy(
                    "stream", ("firehose:PutRecord", "firehose:PutRecordBatch"), ["${PageViewsStream.Arn}"]
                )
            ],
        },
    }


def _queue_policy() -> dict[str, Any]:
    # The state machine has its permission by its role.
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": "PageViewsFailed"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": ["PageViewsFailed", "Arn"]},
                        "Condition": {
                            "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["PageViewsRule", "Arn"]}}
                        },
                    }
                ],
            },
        },
    }
