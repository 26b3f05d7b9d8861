"""What alarms ring, and how those of other regions come to it: a topic of SNS, a rule of EventBridge, a role.

Sources: "Amazon SNS permissions" and "Sending and receiving events between Regions" in the EventBridge user guide.
"""

from __future__ import annotations

from typing import Any

from edgewise.site.edge_alarms import edge_events
from edgewise.site.model import Site
from edgewise.site.model_alarms import Alarms
from edgewise.site.template_permissions import policy, trust


def topic_of(alarms: Alarms) -> Any:
    """What alarms ring."""
    return alarms.topic or {"Ref": "AlarmTopic"}


def topic_resources(site: Site, alarms: Alarms) -> dict[str, Any]:
    """The topic, if it is not the user's, and what brings alarms of other regions to it."""
    resources = _topic(site, alarms.email) if alarms.email else {}
    return resources | (_from_other_regions(site, topic_of(alarms)) if site.runs_functions else {})


def alarm_outputs(site: Site) -> dict[str, Any]:
    """What `edgewise deploy` has to know to watch the other regions."""
    if site.alarms is None or not site.runs_functions:
        return {}
    return {
        "EdgeAlarmsRoleArn": {
            "Description": "The role that brings changes of alarms in other regions here.",
            "Value": {"Fn::GetAtt": ["EdgeAlarmsRole", "Arn"]},
        }
    }


def _topic(site: Site, email: str) -> dict[str, Any]:
    allowed = [
        {
            **_publish("cloudwatch.amazonaws.com"),
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        },
        # EventBridge tells SNS nothing that a condition could ask for, so that none would ever hold.
        _publish("events.amazonaws.com"),
    ]
    return {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "TopicName": f"{site.name}-alarms",
                "DisplayName": f"Alarms of {site.name}",
                "Subscription": [{"Protocol": "email", "Endpoint": email}],
            },
        },
        "AlarmTopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "AlarmTopic"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed},
            },
        },
    }


def _publish(service: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": {"Ref": "AlarmTopic"},
    }


def _from_other_regions(site: Site, topic: Any) -> dict[str, Any]:
    bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
    return {
        "EdgeAlarmsRule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Description": f"Tells of the alarms of {site.name} in all regions.",
                "EventPattern": edge_events(site.name),
                "Targets": [
                    {
                        "Id": "topic",
                        "Arn": topic,
                        "InputTransformer": {
                            "InputPathsMap": {
                                "alarm": "$.detail.alarmName",
                                "state": "$.detail.state.value",
                                "region": "$.region",
                                "reason": "$.detail.state.reason",
                            },
                            "InputTemplate": '"<alarm> in <region> is <state>: <reason>"',
                        },
                    }
                ],
            },
        },
        "EdgeAlarmsRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Description": "Lets EventBridge in other regions bring changes of alarms to this one.",
                "AssumeRolePolicyDocument": trust("events.amazonaws.com"),
                "Policies": [policy("events", ("events:PutEvents",), [bus])],
            },
        },
    }
