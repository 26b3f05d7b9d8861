"""Rules about what a function is deployed with: its package's size and its role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise.check import limits
from edgewise.check.finding import Problem, rule
from edgewise.check.part import UNKNOWN, Part
from edgewise.check.stack import EdgeFunction, Stack

_MEGABYTE = 1024 * 1024
_PRINCIPALS = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")


def _size(function: EdgeFunction) -> int:
    return function.tree.zip_size(limits.PACKAGE_BYTES) if function.tree else 0


@rule(
    121,
    "error",
    f"an edge function's package is above {limits.PACKAGE_BYTES // _MEGABYTE} MB",
    hint="leave out what the function does not import; boto3 is there without being packaged",
    source="cloudfront-limits",
)
def package_size(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        if _size(function) > limits.PACKAGE_BYTES:
            message = f"{function.name}'s package is over {limits.PACKAGE_BYTES // _MEGABYTE} MB, zipped"
            yield Problem(function.properties.at("Code"), message)


@rule(
    122,
    "warning",
    f"a package at a viewer trigger is above {limits.VIEWER_PACKAGE_BYTES // _MEGABYTE} MB",
    hint="leave out what the function does not import, or move it to an origin trigger",
    source="edge-functions-choosing",
)
def viewer_package_size(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        if function.is_at_viewer and limits.VIEWER_PACKAGE_BYTES < _size(function) <= limits.PACKAGE_BYTES:
            size = _size(function) / _MEGABYTE
            message = (
                f"{function.name} runs at a viewer trigger with a package of {size:.1f} MB, zipped; CloudFront "
                "refused more than 1 MB there for years, and a large package starts slowly"
            )
            yield Problem(function.properties.at("Code"), message)


@rule(
    123,
    "error",
    "an edge function's role is not trusted to Lambda and to its edge",
    hint=f"let AssumeRolePolicyDocument allow sts:AssumeRole to {' and '.join(_PRINCIPALS)}",
    source="lambda-edge-permissions",
)
def role_trust(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        role = stack.named(function.properties.at("Role").text, "AWS::IAM::Role")
        if role is None:
            continue
        document = stack.properties(role).at("AssumeRolePolicyDocument")
        trusted = _trusted(document)
        missing = [] if trusted is None else [name for name in _PRINCIPALS if name not in trusted]
        if missing:
            message = f"the role {role} of {function.name} does not trust {' or '.join(missing)}"
            yield Problem(document, message)


def _trusted(document: Part) -> set[str] | None:
    """The services that may assume a role; None if that is not known."""
    plain = document.plain()
    statements = plain.get("Statement") if isinstance(plain, Mapping) else None
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list):
        return None
    services: set[str] = set()
    for statement in statements:
        found = _services(statement)
        if found is None:
            return None
        services |= found
    return services


def _services(statement: Any) -> set[str] | None:
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow":
        return set()
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, Mapping) else principal
    if service is UNKNOWN or (isinstance(service, list) and UNKNOWN in service):
        return None
    if service == "*":
        return set(_PRINCIPALS)
    return {str(one) for one in (service if isinstance(service, list) else [service])}
