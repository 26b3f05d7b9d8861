"""A policy of a staged change that CloudFormation leaves behind: nobody meets for good what failed or was ended."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.dying import die
from cloud.trying import end, found, stage
from cloud.workshop import Workshop
from edgewise.cloud.destroy import Destruction
from edgewise.cloud.errors import ReplicasError, StackError, StagingError


def primary(workshop: Workshop) -> dict[str, Any]:
    known = workshop.double.cloudfront.distributions.values()
    (one,) = (each for each in known if not each.config.get("Staging"))
    return one.config


def policy(workshop: Workshop) -> str:
    return str(primary(workshop).get("ContinuousDeploymentPolicyId", ""))


def fail_late(workshop: Workshop) -> None:
    """After the primary has its policy: to go back by leaving it out does not take it away."""
    workshop.double.resources.fail["FilesBucketPolicy"] = "the policy is not valid"


@pytest.mark.parametrize("gone_by", ["disabled", "refused", "deleted"])
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
    die(site, lambda: stage(site), "describe_stack_events", before=False)

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


def refuse(workshop: Workshop, *operations: str) -> None:
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not allowed") if operation in operations else None
    )


def taken_for(workshop: Workshop, operation: str) -> list[str]:
    """What was told about the policy, after a change that failed while an operation was refused."""
    fail_late(workshop)
    refuse(workshop, operation)
    with pytest.raises(StackError, match="the policy is not valid"):
        stage(workshop)
    refuse(workshop)
    assert policy(workshop)
    assert not list((workshop.folder / ".edgewise").glob("deploy-*.json"))
    return [sentence for step, sentence in workshop.told if step == "policy"]


def test_a_policy_that_is_refused_to_go_is_disabled_and_hides_no_failure(site: Workshop) -> None:
    (told,) = taken_for(site, "UpdateDistribution")

    assert "policy-0001 cannot be taken off the distribution E0000000000001, it is disabled" in told
    assert "AccessDenied: not allowed" in told
    assert not site.double.cloudfront.policies.policies["policy-0001"].config["Enabled"]
    # Nothing is gone on with: the next command plans, and finds it.
    site.double.resources.fail.clear()
    assert "the policy policy-0001 of a staged change is taken off" in site.plan().changes[0].sentence


def test_a_policy_that_cannot_be_looked_at_hides_no_failure(site: Workshop) -> None:
    fail_late(site)
    asked: list[str] = []

    def late(service: str, operation: str) -> tuple[str, str] | None:
        asked.append(operation)
        is_late = operation == "GetDistributionConfig" and "DescribeStackEvents" in asked
        return ("ExpiredToken", "The token is expired") if is_late else None

    site.double.refuse = late
    with pytest.raises(StackError, match="the policy is not valid"):
        stage(site)

    assert "ExpiredToken" in dict(site.told)["policy"]


def test_a_policy_that_stays_hides_no_success(site: Workshop) -> None:
    attach(site)
    site.double.cloudfront.policies.gone_by = "disabled"
    refuse(site, "GetContinuousDeploymentPolicy")

    assert site.deploy().number == 2

    assert "it may still send visitors elsewhere" in dict(site.told)["policy"]
    site.code("third")
    assert site.deploy().number == 3
    refuse(site)
    site.deploy()
    assert policy(site) == ""


def destroy(workshop: Workshop, taken_off: str = "") -> None:
    """Take the site down; the plan says that this policy is taken off first."""
    one = Destruction(workshop.estate())
    (leaving,) = one.plan()
    assert leaving.policy == taken_off
    one.carry_out([leaving])


def test_a_site_that_a_policy_was_left_at_is_taken_down(site: Workshop) -> None:
    taken_for(site, "UpdateDistribution")
    site.double.resources.fail.clear()
    refuse(site, "UpdateDistribution")
    with pytest.raises(StagingError, match="policy-0001 cannot be taken off"):
        destroy(site, taken_off="policy-0001")
    # Nothing was deleted by halves.
    assert set(site.served.values()) == {1}
    refuse(site)

    with pytest.raises(ReplicasError):
        destroy(site, taken_off="policy-0001")

    assert site.double.cloudfront.distributions == {}
    assert site.double.cloudfront.policies.policies == {}


def test_what_was_deleted_by_halves_for_a_policy_is_taken_down_by_the_same_command(site: Workshop) -> None:
    site.double.resources.fail["Distribution"] = "it has a policy"
    with pytest.raises(StackError, match="it has a policy"):
        destroy(site)
    site.double.resources.fail.clear()
    attach(site)

    with pytest.raises(ReplicasError):
        destroy(site, taken_off="policy-0001")

    assert "E0000000000001" not in site.double.cloudfront.distributions


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
