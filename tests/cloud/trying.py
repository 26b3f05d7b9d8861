"""A staged change of the site `tea`, made and ended as the commands do it."""

from __future__ import annotations

from cloud.workshop import Workshop
from edgewise.cloud.planning import Plan
from edgewise.cloud.staged import End, Staged, plan_end, plan_stage, what_is_staged
from edgewise.cloud.standing import Result
from edgewise.cloud.traffic import Traffic, by_share

SHARE = by_share(5, 60)


def plan_of(workshop: Workshop, traffic: Traffic = SHARE) -> Plan:
    """What staging the site as it is in its folder would change."""
    deployment = workshop.deployment()
    package = workshop.package(deployment)
    return plan_stage(deployment.estate, package, traffic)


def stage(workshop: Workshop, traffic: Traffic = SHARE) -> Result:
    """Stage it."""
    plan = plan_of(workshop, traffic)
    return workshop.deployment().carry_out(plan)


def end(workshop: Workshop, how: End) -> Result:
    """Promote or abandon what is staged."""
    deployment = workshop.deployment()
    return deployment.carry_out(plan_end(deployment.estate, how))


def found(workshop: Workshop) -> Staged:
    """What is staged; something is."""
    staged = what_is_staged(workshop.estate().stack.read())
    assert staged is not None
    return staged
