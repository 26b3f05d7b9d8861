"""The resources of a rollout: the tables with a replica in each of its regions, and the judge's function.

Where the release is a parameter, `edgewise rollout start` makes it: a stack would set it back. Property names: the
CloudFormation reference of `AWS::DynamoDB::GlobalTable`, `AWS::Lambda::Function` and `AWS::Events::Rule`.
"""

from __future__ import annotations

from typing import Any

from edgewise.site import limits
from edgewise.site.model import Rollout, Site
from edgewise.site.own_functions import JUDGE, own_function
from edgewise.site.template_permissions import LOG_ACTIONS, judge_permissions, policies, policy, trust

JUDGE_FOLDER = "functions/judge"
JUDGE_HANDLER = "edgewise.rollout.function.lambda_handler"


def rollout_resources(site: Site) -> dict[str, Any]:
    """The tables, and the judge if the site says how it asks for its evidence."""
    rollout = site.rollout
    if rollout is None:
        return {}
    resources = {}
    if rollout.state == "dynamodb":
        resources["ReleaseTable"] = _table(rollout, rollout.table)
    if rollout.sessions:
        resources["SessionsTable"] = _table(rollout, rollout.sessions.table)
        # The readers compare it too: DynamoDB deletes an item hours after its time.
        expiry = {"AttributeName": "expires", "Enabled": True}
        resources["SessionsTable"]["Properties"]["TimeToLiveSpecification"] = expiry
    return resources | (_judge(site, rollout) if site.judges_on_aws else {})


def rollout_outputs(site: Site) -> dict[str, Any]:
    """What others have to know: the table that the app's own role must be allowed to write."""
    if site.rollout is None or site.rollout.sessions is None:
        return {}
    return {
        "SessionsTableArn": {
            "Description": "The table in us-east-1 that the app writes its sessions to.",
            "Value": {"Fn::GetAtt": ["SessionsTable", "Arn"]},
        }
    }


def _table(rollout: Rollout, name: str) -> dict[str, Any]:
    key = rollout.tables[name]
    properties: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Replicas": [{"Region": region} for region in rollout.regions],
    }
    if len(rollout.regions) > 1:
        # What replicas are kept alike by.
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {
        "Type": "AWS::DynamoDB::GlobalTable",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": properties,
    }


def _judge(site: Site, rollout: Rollout) -> dict[str, Any]:
    name = own_function(site.name, JUDGE)
    return {
        "JudgeFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Description": f"Judges the release of {site.name} by its records.",
                "Runtime": limits.RUNTIME,
                "Architectures": ["arm64"],
                "Handler": JUDGE_HANDLER,
                "MemorySize": 256,
                "Timeout": 50,
                "Role": {"Fn::GetAtt": ["JudgeRole", "Arn"]},
                "Code": JUDGE_FOLDER,
            },
        },
        "JudgeRole": _judge_role(site, rollout, name),
        "JudgeSchedule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Description": f"Calls {name}.",
                "ScheduleExpression": "rate(1 minute)",
                "Targets": [{"Id": "judge", "Arn": {"Fn::GetAtt": ["JudgeFunction", "Arn"]}}],
            },
        },
        "JudgePermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": "JudgeFunction"},
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["JudgeSchedule", "Arn"]},
            },
        },
    }


def _judge_role(site: Site, rollout: Rollout, name: str) -> dict[str, Any]:
    group = (
        f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:/aws/lambda/{name}:*"
    )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the judge read and change the release, and read its own password.",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
            "Policies": [policy("logs", LOG_ACTIONS, [group]), *policies(judge_permissions(site, rollout))],
        },
    }
