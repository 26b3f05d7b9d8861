"""Takes the policy of a staged change off the distribution that everybody asks for, by CloudFront's own API.

For where CloudFormation does not: it goes back by an update that leaves the policy out, which CloudFront takes as no
change of it, and of an update that says an empty policy people report both that it works, once the policy is disabled,
and that only a deleted policy is gone. So each way is tried, and after each it is looked whether the policy is off. A
disabled policy sends nobody anywhere, whatever comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewise.cloud.asking import Aws, called
from edgewise.cloud.errors import CloudError, StagingError
from edgewise.cloud.stack import Deployed
from edgewise.cloud.staging import POLICY_ID, is_staged

_GONE: Final = frozenset(("NoSuchDistribution", "NoSuchContinuousDeploymentPolicy"))
# Somebody else changed it between the look and the call, or CloudFront is not done with the call before.
_AGAIN: Final = frozenset(("PreconditionFailed", "ContinuousDeploymentPolicyInUse"))


def stray_policy(aws: Aws, deployed: Deployed | None) -> str:
    """The policy that sends visitors of the deployed site elsewhere though no change is staged; empty if none does."""
    if deployed is None or is_staged(deployed.template):
        return ""
    primary = deployed.outputs.get("DistributionId", "")
    return _policy_at(aws("cloudfront"), primary) if primary else ""


def take_off(aws: Aws, deployed: Deployed | None) -> str:
    """Take such a policy off; its id, or an empty text if there was none. Raises `StagingError` if it stays."""
    policy = stray_policy(aws, deployed)
    if not policy or deployed is None:
        return ""
    client, primary = aws("cloudfront"), deployed.outputs["DistributionId"]
    ways: tuple[Callable[[], None], ...] = (
        lambda: _update(client, primary),
        lambda: _disable(client, policy),
        lambda: _update(client, primary),
        lambda: _delete(client, policy),
    )
    for way in ways:
        try:
            way()
        except CloudError as error:
            if error.reason not in _GONE | _AGAIN:
                raise
        if not _policy_at(client, primary):
            return policy
    raise StagingError(
        f"the policy {policy} cannot be taken off the distribution {primary}",
        file=primary,
        hint="It is disabled. Delete it in CloudFront's console, and run the command again.",
    )


def _policy_at(client: Any, distribution: str) -> str:
    try:
        return str(_config(client, distribution)["DistributionConfig"].get(POLICY_ID, ""))
    except CloudError as error:
        if error.reason in _GONE:
            return ""
        raise


def _config(client: Any, distribution: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = called(distribution, lambda: client.get_distribution_config(Id=distribution))
    return told


def _update(client: Any, distribution: str) -> None:
    told = _config(client, distribution)
    without = {**told["DistributionConfig"], POLICY_ID: ""}
    called(
        distribution,
        lambda: client.update_distribution(Id=distribution, IfMatch=told["ETag"], DistributionConfig=without),
    )


def _disable(client: Any, policy: str) -> None:
    told = called(policy, lambda: client.get_continuous_deployment_policy(Id=policy))
    config = told["ContinuousDeploymentPolicy"]["ContinuousDeploymentPolicyConfig"]
    called(
        policy,
        lambda: client.update_continuous_deployment_policy(
            Id=policy, IfMatch=told["ETag"], ContinuousDeploymentPolicyConfig={**config, "Enabled": False}
        ),
    )


def _delete(client: Any, policy: str) -> None:
    told = called(policy, lambda: client.get_continuous_deployment_policy(Id=policy))
    called(policy, lambda: client.delete_continuous_deployment_policy(Id=policy, IfMatch=told["ETag"]))
