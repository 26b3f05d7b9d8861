"""Takes the policy of a staged change off the distribution that everybody asks for, by CloudFront's own API.

For where CloudFormation does not: it goes back by an update that leaves the policy out, which CloudFront takes as no
change of it, and of an update that says an empty policy people report both that it works, once the policy is disabled,
and that only a deleted policy is gone. So each way is tried, whatever came of the one before, and then it is looked. To
disable it is first: after that it sends nobody anywhere, and CloudFront may refuse to let go of an enabled one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewise.cloud.asking import Aws, called
from edgewise.cloud.deployed import Deployed
from edgewise.cloud.errors import CloudError, StagingError
from edgewise.cloud.estate import Estate
from edgewise.cloud.staging import POLICY_ID, is_staged

_GONE: Final = frozenset(("NoSuchDistribution", "NoSuchContinuousDeploymentPolicy"))


def stray_policy(aws: Aws, deployed: Deployed | None) -> str:
    """The policy that sends visitors of the deployed site elsewhere though no change is staged; empty if none does."""
    return "" if deployed is None or is_staged(deployed.template) else policy_of(aws, deployed)


def policy_of(aws: Aws, deployed: Deployed) -> str:
    """The policy that the deployed site's distribution has, staged or left behind; empty if it has none."""
    primary = deployed.outputs.get("DistributionId", "")
    return _policy_at(aws("cloudfront"), primary) if primary else ""


def take_off(aws: Aws, distribution: str, policy: str) -> None:
    """Take a policy off a distribution, and delete it if CloudFront lets it go by then.

    Raises `StagingError` if it stays, and `CloudError` if that cannot be seen.
    """
    client = aws("cloudfront")
    ways: dict[str, Callable[[], None]] = {
        "disable": lambda: _disable(client, policy),
        "update": lambda: _update(client, distribution),
        "delete": lambda: _delete(client, policy),
    }
    refused: dict[str, CloudError] = {}
    for name, way in ways.items():
        try:
            way()
        except CloudError as error:
            refused[name] = error
    if not _policy_at(client, distribution):
        return
    now = "it may still send visitors elsewhere" if "disable" in refused else "it is disabled"
    why = dict.fromkeys(one.message for one in refused.values())
    raise StagingError(
        "; ".join((f"the policy {policy} cannot be taken off the distribution {distribution}, {now}", *why)),
        file=distribution,
        hint="Delete the policy in CloudFront's console, and run the command again.",
    )


def let_go(estate: Estate) -> bool:
    """Whether a policy of a staged change was taken off, that the stack does not have.

    Trouble with that is told, and hides nothing of what the run came to: the next plan finds the policy.
    """
    try:
        deployed = estate.stack.read()
        policy = stray_policy(estate.aws, deployed)
        if deployed is None or not policy:
            return False
        take_off(estate.aws, deployed.outputs["DistributionId"], policy)
    except CloudError as error:
        estate.tell(
            "policy",
            "a policy of a staged change may be left at the distribution, and the plan of the next "
            f"`edgewise deploy` says whether it is: {error.message}",
        )
        return False
    estate.tell(
        "policy",
        f"CloudFormation left the policy {policy} of a staged change: it is taken off, and everybody meets what is "
        "deployed. What is left of the policy and of its staging distribution is to be deleted in CloudFront's console",
    )
    return True


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
