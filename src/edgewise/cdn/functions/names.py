"""What a function is called where it runs.

At the edge the name has the prefix of a replica, in the region `us-east-1` too. Source: CloudFront Developer
Guide, "Edge function logs". Behind a function URL it is an ordinary function and has none.
"""

from __future__ import annotations

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.template.identities import ACCOUNT


def full_name(function: FunctionDefinition) -> str:
    return f"us-east-1.{function.name}" if function.at_edge else function.name


def log_group(function: FunctionDefinition) -> str:
    return f"/aws/lambda/{full_name(function)}"


def arn(function: FunctionDefinition, region: str) -> str:
    """The ARN of the version that runs."""
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{full_name(function)}:{function.version}"
