"""Who may what while a change is staged: the role of functions of both sides, and what lets a distribution in."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

ROLE: Final = "AWS::IAM::Role"
_PERMISSION: Final = "AWS::Lambda::Permission"


def with_policies_of(role: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The role, allowed what the other is allowed as well: functions of both sides have it."""
    joined = copy.deepcopy(dict(role))
    policies = {one["PolicyName"]: one for one in joined["Properties"].setdefault("Policies", [])}
    for one in other["Properties"].get("Policies", ()):
        if (known := policies.get(one["PolicyName"])) is None:
            joined["Properties"]["Policies"].append(copy.deepcopy(one))
            continue
        statements = known["PolicyDocument"]["Statement"]
        statements += [each for each in one["PolicyDocument"]["Statement"] if each not in statements]
    return joined


def admitting(resources: Mapping[str, Any], primary: str, other: str) -> dict[str, Any]:
    """The resources; what lets in the distribution `primary` lets in `other` as well."""
    found: dict[str, Any] = {}
    for name, one in resources.items():
        found[name] = _admitting(one, primary, other)
        arn = one["Properties"].get("SourceArn") if one["Type"] == _PERMISSION else None
        if arn != (also := _of_the_other(arn, primary, other)):
            found[f"{name}Staging"] = {**one, "Properties": {**one["Properties"], "SourceArn": also}}
    return found


def _admitting(value: Any, primary: str, other: str) -> Any:
    """A value in whose policies the other distribution stands beside the primary."""
    if isinstance(value, list):
        return [_admitting(one, primary, other) for one in value]
    if not isinstance(value, Mapping):
        return value
    admitted = {key: _admitting(one, primary, other) for key, one in value.items()}
    for key, one in admitted.items():
        if key.casefold() == "aws:sourcearn" and one != (also := _of_the_other(one, primary, other)):
            admitted[key] = [one, also]
    return admitted


def _of_the_other(arn: Any, primary: str, other: str) -> Any:
    """The ARN of the other distribution in the place of the primary's; any other value as it is."""
    if isinstance(arn, Mapping) and isinstance(text := arn.get("Fn::Sub"), str):
        return {"Fn::Sub": text.replace(f"${{{primary}}}", f"${{{other}}}")}
    return arn
