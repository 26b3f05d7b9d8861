"""What is not as its stack says: a distribution that somebody changed in the console, an image that a workflow brought.

CloudFormation compares templates, not what is there: it mends such a thing only when it changes the resource for
another reason ("Detect unmanaged configuration changes with drift detection" in its user guide).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgewise.cloud.asking import Aws, called
from edgewise.cloud.deployed import Deployed
from edgewise.cloud.errors import CloudError
from edgewise.cloud.staging import POLICY, POLICY_ID, POLICY_TYPE, traffic_of
from edgewise.cloud.traffic import Traffic
from edgewise.cloud.versions import DISTRIBUTION, FUNCTION, Trigger, associations, is_staging, number_of


def drift_of(aws: Aws, *stacks: Deployed | None) -> tuple[str, ...]:
    """Sentences on what CloudFront and Lambda run that the stacks do not know. Raises `CloudError`."""
    there = [one for one in stacks if one and not one.is_remains]
    return tuple(sentence for one in there for sentence in _drift(aws, one))


def _drift(aws: Aws, deployed: Deployed) -> Iterator[str]:
    for name, one in deployed.template.get("Resources", {}).items():
        physical = deployed.physical.get(name, "")
        if one["Type"] == DISTRIBUTION and physical:
            yield from _distribution_drift(aws("cloudfront"), deployed, physical, one)
        elif one["Type"] == POLICY_TYPE and physical:
            yield from _policy_drift(aws("cloudfront"), physical, traffic_of(deployed.template))
        elif one["Type"] == FUNCTION and "ImageUri" in one["Properties"].get("Code", ()):
            says = deployed.parameters.get(one["Properties"]["Code"]["ImageUri"]["Ref"], "")
            yield from _image_drift(aws("lambda", deployed.region), physical or name, says)


def _asked(what: str, gone: str, call: Callable[[], Any]) -> Any:
    """What AWS answers; None where it says by that word that the thing is gone."""
    try:
        return called(what, call)
    except CloudError as error:
        if error.reason != gone:
            raise
    return None


def _image_drift(client: Any, function: str, says: str) -> Iterator[str]:
    told = _asked(function, "ResourceNotFoundException", lambda: client.get_function(FunctionName=function))
    if told is None:
        yield f"the function {function} is gone, and the stack does not know"
        return
    code = told["Code"]
    # By the name that it was given, or by its digest: a stack may have either.
    if says not in (code.get("ImageUri"), code.get("ResolvedImageUri")):
        yield f"the function {function} runs {code.get('ResolvedImageUri')}, and the stack says {says}"


def _policy_drift(client: Any, policy: str, traffic: Traffic) -> Iterator[str]:
    told = _asked(
        policy,
        "NoSuchContinuousDeploymentPolicy",
        lambda: client.get_continuous_deployment_policy(Id=policy),
    )
    if told is None:
        yield f"the policy {policy} of the staged change is gone, and the stack does not know"
        return
    config = told["ContinuousDeploymentPolicy"]["ContinuousDeploymentPolicyConfig"]
    if not config["Enabled"]:
        yield f"the policy {policy} is turned off, so that nobody meets the staged change, and the stack does not know"
        return
    # CloudFront may have a policy that says nothing of it.
    now = Traffic.read(config["TrafficConfig"]).sentence if "TrafficConfig" in config else "nobody"
    if now != traffic.sentence:
        yield f"the staged change is for {now}, and the stack says {traffic.sentence}"


def _distribution_drift(
    client: Any, deployed: Deployed, distribution: str, resource: Mapping[str, Any]
) -> Iterator[str]:
    told = _asked(distribution, "NoSuchDistribution", lambda: client.get_distribution_config(Id=distribution))
    if told is None:
        yield f"the distribution {distribution} is gone, and the stack does not know"
        return
    config = told["DistributionConfig"]
    if resource["Properties"]["DistributionConfig"].get("Enabled") and not config["Enabled"]:
        yield f"the distribution {distribution} is turned off, and the stack does not know"
    staging = is_staging(resource)
    policy = "" if staging else deployed.physical.get(POLICY, "")
    if config.get(POLICY_ID, "") != policy:
        yield (
            f"the distribution {distribution} has {_policy_text(config.get(POLICY_ID, ''))}, and the stack says "
            f"{_policy_text(policy)}"
        )
    served = associations(deployed.template, staging=staging)
    says = {trigger: deployed.physical.get(one, one) for trigger, one in served.items()}
    runs, where = _associations(config), " of the staged change" if staging else ""
    for path, event in dict.fromkeys((*says, *runs)):
        one, other = runs.get((path, event)), says.get((path, event))
        if one != other:
            yield f"{event} of {path}{where}: CloudFront runs {_text(one)}, and the stack says {_text(other)}"


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
