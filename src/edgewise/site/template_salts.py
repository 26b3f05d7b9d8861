"""The resources that make and delete the salts of the visitors' hashes: a function, called when the stack is made or
deleted and twice a day.

CloudFormation makes no parameter of the type SecureString, so a function does. See `edgewise.salts`. Source: "Custom
resources" in the CloudFormation user guide.
"""

from __future__ import annotations

import json
from typing import Any

from edgewise.site import limits
from edgewise.site.model_statistics import Statistics
from edgewise.site.own_functions import SALTS, own_function
from edgewise.site.template_permissions import LOG_ACTIONS, policy, trust

SALTS_FOLDER = "functions/salts"
SALTS_HANDLER = "edgewise.salts.function.lambda_handler"
# How long CloudFormation waits for an answer: for the three times that Lambda calls a function which fails.
_ANSWER_SECONDS = 600
# A salt is deleted by the second run of the day after its own at the latest, even if the first has failed.
_RUNS = "rate(12 hours)"


def salts_resources(statistics: Statistics) -> dict[str, Any]:
    """The function, what calls it, and what it may do."""
    name = own_function(statistics.name, SALTS)
    function = {"Fn::GetAtt": ["VisitorSaltsFunction", "Arn"]}
    return {
        "VisitorSaltsFunction": {
            "Type": "AWS::Lambda::Function",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "FunctionName": name,
                "Description": f"Makes the salts of the visitors' hashes of {statistics.name}, and deletes old ones.",
                "Runtime": limits.RUNTIME,
                "Architectures": ["arm64"],
                "Handler": SALTS_HANDLER,
                "MemorySize": 256,
                "Timeout": 60,
                "Role": {"Fn::GetAtt": ["VisitorSaltsRole", "Arn"]},
                "Code": SALTS_FOLDER,
            },
        },
        "VisitorSaltsRole": _role(statistics, name),
        "VisitorSalts": {
            "Type": "Custom::VisitorSalts",
            "Properties": {
                "ServiceToken": function,
                "ServiceTimeout": _ANSWER_SECONDS,
                "Path": statistics.salts,
            },
        },
        "VisitorSaltsSchedule": {
            "Type": "AWS::Events::Rule",
            # So that it is deleted before the salts are, and makes no new ones then.
            "DependsOn": "VisitorSalts",
            "Properties": {
                "Description": f"Calls {name}.",
                "ScheduleExpression": _RUNS,
                "Targets": [
                    {"Id": "salts", "Arn": function, "Input": json.dumps({"Path": statistics.salts})}
                ],
            },
        },
        "VisitorSaltsPermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": "VisitorSaltsFunction"},
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["VisitorSaltsSchedule", "Arn"]},
            },
        },
    }


def _role(statistics: Statistics, name: str) -> dict[str, Any]:
    account = "${AWS::Region}:${AWS::AccountId}"
    parameters = f"arn:${{AWS::Partition}}:ssm:{account}:parameter{statistics.salts}"
    logs = f"arn:${{AWS::Partition}}:logs:{account}:log-group:/aws/lambda/{name}:*"
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the function make, list and delete the salts. It need not read any.",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
            "Policies": [
                policy("logs", LOG_ACTIONS, [logs]),
                policy("salts", ("ssm:PutParameter", "ssm:DeleteParameter"), [f"{parameters}/*"]),
                policy("list", ("ssm:GetParametersByPath",), [parameters]),
            ],
        },
    }
