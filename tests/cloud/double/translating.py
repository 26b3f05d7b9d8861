"""Distributions and policies as CloudFormation writes them, as the API takes them: by its own model and defaults.

CloudFormation's lists are the API's `{Quantity, Items}`, and its names differ in case here and there. Defaults:
"AWS::CloudFront::Distribution" in CloudFormation's reference.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import get_service_model

# Names that differ by more than their case.
_OTHER_NAMES = {"IPV6Enabled": "IsIPV6Enabled"}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "DistributionConfig": {"Comment": ""},
    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443},
}
_METHODS = ("GET", "HEAD")


def distribution_config(properties: dict[str, Any], reference: str) -> dict[str, Any]:
    """The API's `DistributionConfig`. Raises `AssertionError` for a property that the API does not know."""
    shape = get_service_model("cloudfront").shape_for("DistributionConfig")
    config = _translated(properties["DistributionConfig"], shape, "DistributionConfig")
    return {**config, "CallerReference": reference}


def policy_config(properties: dict[str, Any]) -> dict[str, Any]:
    """The API's `ContinuousDeploymentPolicyConfig`."""
    shape = get_service_model("cloudfront").shape_for("ContinuousDeploymentPolicyConfig")
    config: dict[str, Any] = _translated(
        properties["ContinuousDeploymentPolicyConfig"], shape, "ContinuousDeploymentPolicyConfig"
    )
    return config


def _translated(value: Any, shape: Any, where: str) -> Any:
    if shape.type_name != "structure":
        if shape.type_name == "list":
            return [_translated(one, shape.member, where) for one in value]
        return value
    if isinstance(value, list) and "Quantity" in shape.members:
        items = [_translated(one, shape.members["Items"].member, where) for one in value]
        return {"Quantity": len(items), **({"Items": items} if items else {})}
    known = {name.casefold(): name for name in shape.members}
    made = dict(_DEFAULTS.get(shape.name, {}))
    for key, one in value.items():
        name = _OTHER_NAMES.get(key, known.get(key.casefold(), ""))
        if key == "CachedMethods":
            continue
        assert name in shape.members, f"CloudFront's API has no {where}.{key}"
        made[name] = _translated(one, shape.members[name], f"{where}.{key}")
    if "AllowedMethods" in made:
        cached = value.get("CachedMethods", _METHODS)
        made["AllowedMethods"]["CachedMethods"] = {"Quantity": len(cached), "Items": list(cached)}
    return made
