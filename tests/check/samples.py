"""A template that no rule finds anything in, and changes to it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.cdn import Template
from edgewise.check import CheckOptions, Finding, check_template

DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ORIGIN_CONTROLLED = "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
READ = ["GET", "HEAD"]
ALL_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
VERSION = {"Ref": "Version"}

CODE = "def handler(event, context):\n    return event['Records'][0]['cf']['request']\n"

SOUND: dict[str, Any] = {
    "Resources": {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": CODE},
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
                            "Action": "sts:AssumeRole",
                        }
                    ]
                }
            },
        },
        "Site": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Enabled": True,
                    "Origins": [
                        {
                            "Id": "app",
                            "DomainName": "app.my-shop.com",
                            "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                        },
                        {
                            "Id": "files",
                            "DomainName": "files.s3.us-east-1.amazonaws.com",
                            "S3OriginConfig": {},
                        },
                    ],
                    "DefaultCacheBehavior": {
                        "TargetOriginId": "app",
                        "ViewerProtocolPolicy": "redirect-to-https",
                        "CachePolicyId": DISABLED,
                        "OriginRequestPolicyId": ALL_BUT_HOST,
                        "LambdaFunctionAssociations": [
                            {"EventType": "origin-request", "LambdaFunctionARN": VERSION}
                        ],
                    },
                }
            },
        },
    }
}

# The first word of a change's key, and where it leads.
_PLACES = {
    "Function": "Resources.Function.Properties",
    "Version": "Resources.Version.Properties",
    "Role": "Resources.Role.Properties",
    "Config": "Resources.Site.Properties.DistributionConfig",
    "Behavior": "Resources.Site.Properties.DistributionConfig.DefaultCacheBehavior",
    "Origin": "Resources.Site.Properties.DistributionConfig.Origins.0",
    "Resources": "Resources",
    "Parameters": "Parameters",
    "Conditions": "Conditions",
}

Changes = Mapping[str, Any]


def changed(changes: Changes) -> dict[str, Any]:
    """The sound template with changes: `{"Function.Timeout": 31}`. None takes a key out."""
    document = copy.deepcopy(SOUND)
    for key, value in changes.items():
        place, _, rest = key.partition(".")
        *way, last = [*_PLACES[place].split("."), *(rest.split(".") if rest else [])]
        node: Any = document
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return document


def check(
    changes: Changes, options: CheckOptions | None = None, file: Path = Path("t.yaml")
) -> list[Finding]:
    return check_template(Template(changed(changes), file), options)


def rules(changes: Changes, options: CheckOptions | None = None, file: Path = Path("t.yaml")) -> set[str]:
    """The ids of the rules that find something in the changed template."""
    return {finding.rule.id for finding in check(changes, options, file)}


def triggers(*names: str, **more: Any) -> dict[str, Any]:
    """The change that runs the function at some triggers."""
    return {
        "Behavior.LambdaFunctionAssociations": [
            {"EventType": name, "LambdaFunctionARN": VERSION, **more} for name in names
        ]
    }


def behaviors(*patterns: str, **more: Any) -> dict[str, Any]:
    """The change that adds behaviors, all alike."""
    common = {
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
    }
    return {"Config.CacheBehaviors": [{"PathPattern": pattern, **common, **more} for pattern in patterns]}


def policy(kind: str, **config: Any) -> dict[str, Any]:
    """The change that adds a policy of its own and uses it."""
    body = {"Type": f"AWS::CloudFront::{kind}", "Properties": {f"{kind}Config": config}}
    return {"Resources.Policy": body, f"Behavior.{kind}Id": {"Ref": "Policy"}}


def cache_key(**parts: Any) -> dict[str, Any]:
    return {"ParametersInCacheKeyAndForwardedToOrigin": parts}


def code(source: str, trigger: str = "viewer-request") -> dict[str, Any]:
    """The change that gives the function another source and trigger."""
    return {"Function.Code": {"ZipFile": source + "\n" + CODE}, **triggers(trigger)}
