"""What of a distribution is not as its stack says: somebody changed it in the console, or by another tool.

CloudFormation compares templates, not what is there: it mends such a thing only when it changes the distribution for
another reason ("Detect unmanaged configuration changes with drift detection" in its user guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise.cloud.asking import Aws, called
from edgewise.cloud.errors import CloudError
from edgewise.cloud.stack import Deployed
from edgewise.cloud.versions import DISTRIBUTION, Trigger, associations, is_staging, number_of


def drift_of(aws: Aws, deployed: Deployed | None) -> tuple[str, ...]:
    """Sentences on what CloudFront runs that the stack does not know. Raises `CloudError`."""
    if deployed is None:
        return ()
    for name, one in deployed.template.get("Resources", {}).items():
        if one["Type"] == DISTRIBUTION and not is_staging(one) and deployed.physical.get(name):
            return tuple(_drift(aws, deployed, deployed.physical[name], one))
    return ()


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


def _text(arn: str | None) -> str:
    if arn is None:
        return "no function"
    number = number_of(arn)
    return arn if number is None else f"version {number} of {arn.split(':')[-2]}"
