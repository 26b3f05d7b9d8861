"""What is not as its stack says: a distribution that somebody changed in the console, an image that a workflow brought.

CloudFormation compares templates, not what is there: it mends such a thing only when it changes the resource for
another reason ("Detect unmanaged configuration changes with drift detection" in its user guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise.cloud.asking import Aws, called
from edgewise.cloud.errors import CloudError
from edgewise.cloud.stack import Deployed
from edgewise.cloud.staging import POLICY, POLICY_ID, is_staged
from edgewise.cloud.versions import DISTRIBUTION, FUNCTION, Trigger, associations, is_staging, number_of


def drift_of(aws: Aws, deployed: Deployed | None) -> tuple[str, ...]:
    """Sentences on what CloudFront runs that the stack does not know. Raises `CloudError`."""
    if deployed is None:
        return ()
    for name, one in deployed.template.get("Resources", {}).items():
        if one["Type"] == DISTRIBUTION and not is_staging(one) and deployed.physical.get(name):
            return tuple(_drift(aws, deployed, deployed.physical[name], one))
    return ()


def image_drift_of(aws: Aws, deployed: Deployed | None) -> tuple[str, ...]:
    """Sentences on the images that functions run and the stack does not know. Raises `CloudError`."""
    if deployed is None or deployed.is_remains:
        return ()
    region = deployed.id.split(":")[3]
    client = aws("lambda", region)
    told: list[str] = []
    for name, one in deployed.template.get("Resources", {}).items():
        if one["Type"] == FUNCTION and "ImageUri" in one["Properties"].get("Code", ()):
            says = deployed.parameters.get(one["Properties"]["Code"]["ImageUri"]["Ref"], "")
            told += _image_drift(client, deployed.physical.get(name, name), says)
    return tuple(told)


def _image_drift(client: Any, function: str, says: str) -> Iterator[str]:
    try:
        code = called(function, lambda: client.get_function(FunctionName=function))["Code"]
    except CloudError as error:
        if error.reason != "ResourceNotFoundException":
            raise
        yield f"the function {function} is gone, and the stack does not know"
        return
    # By the name that it was given, or by its digest: a stack may have either.
    if says not in (code.get("ImageUri"), code.get("ResolvedImageUri")):
        yield f"the function {function} runs {code.get('ResolvedImageUri')}, and the stack says {says}"


def _drift(aws: Aws, deployed: Deployed, distribution: str, resource: Mapping[str, Any]) -> Iterator[str]:
    client = aws("cloudfront")
    try:
        told = called(distribution, lambda: client.get_distribution_config(Id=distribution))
    except CloudError as error:
        if error.reason != "NoSuchDistribution":
            raise
        yield f"the distribution {distribution} is gone, and the stack does not know"
        return
    config = told["DistributionConfig"]
    if resource["Properties"]["DistributionConfig"].get("Enabled") and not config["Enabled"]:
        yield f"the distribution {distribution} is turned off, and the stack does not know"
    policy = deployed.physical.get(POLICY, "") if is_staged(deployed.template) else ""
    if config.get(POLICY_ID, "") != policy:
        yield (
            f"the distribution {distribution} has {_policy_text(config.get(POLICY_ID, ''))}, and the stack says "
            f"{_policy_text(policy)}"
        )
    runs = _associations(config)
    says = {
        trigger: deployed.physical.get(one, one) for trigger, one in associations(deployed.template).items()
    }
    for path, event in dict.fromkeys((*says, *runs)):
        one, other = runs.get((path, event)), says.get((path, event))
        if one != other:
            yield f"{event} of {path}: CloudFront runs {_text(one)}, and the stack says {_text(other)}"


def _associations(config: Mapping[str, Any]) -> dict[Trigger, str]:
    behaviors = (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", {}).get("Items", ()))
    return {
        (behavior.get("PathPattern", "*"), one["EventType"]): one["LambdaFunctionARN"]
        for behavior in behaviors
        for one in behavior.get("LambdaFunctionAssociations", {}).get("Items", ())
    }


def _policy_text(policy: str) -> str:
    return f"the policy {policy} of a staged change" if policy else "no policy of a staged change"


def _text(arn: str | None) -> str:
    if arn is None:
        return "no function"
    number = number_of(arn)
    return arn if number is None else f"version {number} of {arn.split(':')[-2]}"
