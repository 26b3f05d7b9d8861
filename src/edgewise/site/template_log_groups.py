"""The role by which log groups of all regions hand lines on.

The groups themselves are in no template: replicas have them in their own regions, where `edgewise deploy` and `edgewise
regions` look after them.

Source: "Subscription filters with Firehose" and "with Kinesis Data Streams" in the CloudWatch Logs user guide.
"""

from __future__ import annotations

from typing import Any

from edgewise.site.model import Site
from edgewise.site.template_permissions import policy, trust

_ACTIONS = {
    "firehose": ("firehose:PutRecord", "firehose:PutRecordBatch"),
    "kinesis": ("kinesis:PutRecord", "kinesis:PutRecords"),
}


def log_group_resources(site: Site) -> dict[str, Any]:
    """The role; a destination of CloudWatch Logs has its own."""
    subscription = site.log.subscription if site.log else None
    if subscription is None or not subscription.needs_role or not site.runs_functions:
        return {}
    document = trust("logs.amazonaws.com")
    # Of this account's groups alone, in whatever region.
    document["Statement"][0]["Condition"] = {
        "StringLike": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:logs:*:${AWS::AccountId}:*"}}
    }
    destination = subscription.destination.replace("{region}", "*")
    return {
        "EdgeLogsRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Description": f"Lets the logs of {site.name} in all regions hand their lines on.",
                "AssumeRolePolicyDocument": document,
                "Policies": [policy("lines", _ACTIONS[subscription.service], [destination])],
            },
        }
    }


def log_group_outputs(site: Site) -> dict[str, Any]:
    """What `edgewise deploy` has to know."""
    if not log_group_resources(site):
        return {}
    return {
        "EdgeLogsRoleArn": {
            "Description": "The role by which log groups hand lines on.",
            "Value": {"Fn::GetAtt": ["EdgeLogsRole", "Arn"]},
        }
    }
