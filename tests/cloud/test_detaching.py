"""A policy of a staged change that CloudFormation leaves behind: nobody meets for good what failed or was ended."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.dying import Killed, Mortal
from cloud.trying import end, found, stage
from cloud.workshop import Workshop
from edgewise.cloud.errors import CloudError, StackError


@pytest.fixture
def site(workshop: Workshop) -> Workshop:
    """Deployed, and changed here since."""
    workshop.deploy()
    workshop.code("second")
    return workshop


def primary(workshop: Workshop) -> dict[str, Any]:
    known = workshop.double.cloudfront.distributions.values()
    (one,) = (each for each in known if not each.config.get("Staging"))
    return one.config


def policy(workshop: Workshop) -> str:
    return str(primary(workshop).get("ContinuousDeploymentPolicyId", ""))


def fail_late(workshop: Workshop) -> None:
    """After the primary has its policy: to go back by leaving it out does not take it away."""
    workshop.double.resources.fail["FilesBucketPolicy"] = "the policy is not valid"


@pytest.mark.parametrize("gone_by", ["disabled", "deleted"])
def test_what_could_not_be_staged_is_met_by_nobody(site: Workshop, gone_by: str) -> None:
    site.double.cloudfront.policies.gone_by = gone_by
    fail_late(site)

    with pytest.raises(StackError, match="the policy is not valid"):
        stage(site)

    assert policy(site) == ""
    assert set(site.served.values()) == {1}
    assert site.plan().drift == ()


def test_a_stage_that_died_and_failed_meanwhile_is_met_by_nobody_after_any_command(site: Workshop) -> None:
    fail_late(site)
    alive = site.clients
    site.clients = Mortal(alive, "describe_stack_events", before=False)
    with pytest.raises(Killed):
        stage(site)
    site.clients = alive

    with pytest.raises(StackError, match="the policy is not valid"):
        site.deploy()

    assert policy(site) == ""
    assert site.objects("lock") == []


@pytest.mark.parametrize(
    ("how", "gone_by"), [("promote", "empty"), ("promote", "disabled"), ("abandon", "deleted")]
)
def test_an_end_leaves_no_policy_at_the_primary(site: Workshop, how: str, gone_by: str) -> None:
    stage(site)
    site.double.cloudfront.policies.gone_by = gone_by

    end(site, how)

    assert policy(site) == ""
    assert ("policy" in {step for step, _ in site.told}) == (gone_by != "empty")


def test_a_policy_that_the_stack_does_not_know_is_told_and_taken_off(site: Workshop) -> None:
    site.code("first")
    assert site.plan().nothing
    attach(site)

    plan = site.plan()
    assert not plan.nothing
    assert plan.changes[0].sentence == (
        "the policy policy-0001 of a staged change is taken off: everybody meets what is deployed"
    )
    assert plan.drift == (
        "the distribution E0000000000001 has the policy policy-0001 of a staged change, and the stack says no policy "
        "of a staged change",
    )
    site.deploy()

    assert policy(site) == ""
    assert site.plan().nothing
    # Also where CloudFormation finds nothing to do: the template says already that there is none.
    attach(site)
    assert not site.plan().nothing
    site.deploy()
    assert policy(site) == ""


def test_a_policy_that_cannot_be_read_is_no_end_of_the_run(site: Workshop) -> None:
    """What could not be looked at now is looked at by the next."""
    fail_late(site)
    failed: list[str] = []

    def refuse(service: str, operation: str) -> tuple[str, str] | None:
        failed.append(operation)
        late = operation == "GetDistributionConfig" and "DescribeStackEvents" in failed
        return ("ExpiredToken", "The token is expired") if late else None

    site.double.refuse = refuse
    with pytest.raises(CloudError, match="ExpiredToken"):
        stage(site)
    site.double.refuse = lambda service, operation: None
    assert policy(site)

    with pytest.raises(StackError, match="the policy is not valid"):
        site.deployment().resume()

    assert policy(site) == ""


def attach(workshop: Workshop) -> None:
    """As somebody does it in the console."""
    cloudfront = workshop.clients("cloudfront")
    config = {
        **primary(workshop),
        "Staging": True,
        "CallerReference": f"by hand {len(workshop.double.calls)}",
    }
    second = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]
    weight = {"Type": "SingleWeight", "SingleWeightConfig": {"Weight": 0.05}}
    made = cloudfront.create_continuous_deployment_policy(
        ContinuousDeploymentPolicyConfig={
            "Enabled": True,
            "StagingDistributionDnsNames": {"Quantity": 1, "Items": [second["DomainName"]]},
            "TrafficConfig": weight,
        }
    )["ContinuousDeploymentPolicy"]
    primary(workshop)["ContinuousDeploymentPolicyId"] = made["Id"]


def test_what_is_staged_keeps_its_policy(site: Workshop) -> None:
    stage(site)
    assert policy(site) == "policy-0001"
    site.code("third")

    stage(site)

    assert policy(site) == "policy-0001"
    assert set(found(site).versions.values()) == {3}
