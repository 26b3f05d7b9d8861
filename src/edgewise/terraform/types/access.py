"""Roles and policies of IAM. A role's own policies are resources beside it; whoever takes the role waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.expressions import json_expression
from edgewise.terraform.names import on_aws, snake
from edgewise.terraform.rules import Beside, Kind, Made, Place, document, pairs

ROLE = "AWS::IAM::Role"
_MOST_NAME = 64


def policy_suffix(name: str) -> str:
    """What a role's own policy adds to the role's name."""
    return f"_{snake(name)}"


def _policies(value: Any, place: Place) -> Iterator[Made]:
    for one in value:
        yield Beside(
            "aws_iam_role_policy",
            [
                Attribute("name", one["PolicyName"]),
                Attribute("role", place.own("name")),
                Attribute("policy", json_expression(one["PolicyDocument"], place.scope)),
            ],
            policy_suffix(one["PolicyName"]),
        )


def _attached(value: Any, place: Place) -> Iterator[Made]:
    for number, one in enumerate(value, 1):
        yield Beside(
            "aws_iam_role_policy_attachment",
            [Attribute("role", place.own("name")), Attribute("policy_arn", place.value(one))],
            f"_{number}",
        )


def _name(given: str) -> Any:
    def always(place: Place) -> Iterator[Made]:
        if given not in place.properties:
            yield Attribute("name", on_aws(place.scope.site, place.name, _MOST_NAME))

    return always


KINDS = {
    ROLE: Kind(
        "aws_iam_role",
        "functions",
        {
            "RoleName": "name",
            "Description": "description",
            "MaxSessionDuration": "max_session_duration",
            "Path": "path",
            "PermissionsBoundary": "permissions_boundary",
            "AssumeRolePolicyDocument": document("assume_role_policy"),
            "Policies": _policies,
            "ManagedPolicyArns": _attached,
            "Tags": pairs("tags"),
        },
        endings=("Role",),
        ref="name",
        attributes={"Arn": "arn"},
        always=_name("RoleName"),
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        "aws_iam_policy",
        "functions",
        {
            "ManagedPolicyName": "name",
            "Description": "description",
            "Path": "path",
            "PolicyDocument": document("policy"),
        },
        endings=("Policy",),
        ref="arn",
        attributes={"PolicyArn": "arn"},
        always=_name("ManagedPolicyName"),
    ),
}
