"""The numbered versions of a template's functions: which triggers they serve, and how long the stack keeps old ones.

A version stays in the stack after its time, so that going back to it moves an association and nothing else: no code
is brought, none is published, and its number is the one that it had.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

VERSION: Final = "AWS::Lambda::Version"
FUNCTION: Final = "AWS::Lambda::Function"
DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
# Old versions of one function that the stack keeps. Others stay on AWS and can be published anew.
KEPT: Final = 5

Trigger = tuple[str, str]
"""The path of a behavior and an event, such as ("/app/*", "viewer-request")."""


def with_old_versions(template: Mapping[str, Any], deployed: Mapping[str, Any]) -> dict[str, Any]:
    """The template, with the versions of its functions that the deployed one has and it has not."""
    changed = copy.deepcopy(dict(template))
    resources = changed["Resources"]
    kept: dict[str, int] = {}
    for name, one in versions(deployed):
        function = function_of(one)
        if name in resources or function not in resources or kept.get(function, 0) >= KEPT:
            continue
        kept[function] = kept.get(function, 0) + 1
        resources[name] = copy.deepcopy(dict(one))
    return changed


def versions(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The version resources by their names, the template's own order."""
    for name, one in template.get("Resources", {}).items():
        if one.get("Type") == VERSION:
            yield name, one


def function_of(version: Mapping[str, Any]) -> str:
    """The name in the template of the function that a version is of; empty if it is not in the template."""
    name = version.get("Properties", {}).get("FunctionName")
    return str(name.get("Ref", "")) if isinstance(name, Mapping) else ""


def is_staging(distribution: Mapping[str, Any]) -> bool:
    """Whether a distribution is the second one, of a staged change."""
    return bool(distribution["Properties"]["DistributionConfig"].get("Staging"))


def associations(template: Mapping[str, Any], *, staging: bool = False) -> dict[Trigger, str]:
    """What serves each trigger: the name in the template of a version, or the ARN that stands there.

    With `staging`, in the distribution of the staged change.
    """
    found: dict[Trigger, str] = {}
    for one in template.get("Resources", {}).values():
        if one.get("Type") != DISTRIBUTION or is_staging(one) != staging:
            continue
        config = one["Properties"]["DistributionConfig"]
        for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())):
            for each in behavior.get("LambdaFunctionAssociations", ()):
                served = each["LambdaFunctionARN"]
                found[behavior.get("PathPattern", "*"), each["EventType"]] = (
                    str(served.get("Ref", served)) if isinstance(served, Mapping) else str(served)
                )
    return found


def number_of(arn: str) -> int | None:
    """The number of a version by its ARN; None for what is no ARN of a version."""
    last = arn.rpartition(":")[2]
    return int(last) if arn.startswith("arn:") and last.isdigit() else None
