"""What somebody changed of the distribution behind the stack's back is told by the plan."""

from __future__ import annotations

from typing import Any

from cloud.trying import plan_of, stage
from cloud.workshop import Workshop


def config(workshop: Workshop) -> dict[str, Any]:
    (one,) = workshop.double.cloudfront.distributions.values()
    return one.config


def test_a_site_as_its_stack_says_has_nothing_to_tell(workshop: Workshop) -> None:
    assert workshop.plan().drift == ()
    workshop.deploy()

    assert workshop.plan().drift == ()


def test_an_association_that_was_moved_by_hand_is_told_and_mended_by_the_next_change(
    workshop: Workshop,
) -> None:
    for word in ("first", "second"):
        workshop.code(word)
        workshop.deploy()
    (one, *_) = config(workshop)["DefaultCacheBehavior"]["LambdaFunctionAssociations"]["Items"]
    before, one["LambdaFunctionARN"] = one["LambdaFunctionARN"], one["LambdaFunctionARN"][:-1] + "1"
    del config(workshop)["CacheBehaviors"]["Items"][0]["LambdaFunctionAssociations"]["Items"][1]

    plan = workshop.plan()
    assert sorted(plan.drift) == [
        "origin-response of /files/*: CloudFront runs no function, and the stack says version 2 of tea-origin",
        "viewer-request of *: CloudFront runs version 1 of tea-viewer, and the stack says version 2 of tea-viewer",
    ]
    assert plan.nothing
    assert before.endswith(":2")

    workshop.code("third")
    workshop.deploy()

    assert workshop.plan().drift == ()


def test_a_distribution_that_is_off_or_gone_is_told(workshop: Workshop) -> None:
    workshop.deploy()
    config(workshop)["Enabled"] = False
    assert workshop.plan().drift == (
        "the distribution E0000000000001 is turned off, and the stack does not know",
    )

    workshop.double.cloudfront.distributions.clear()

    assert workshop.plan().drift == ("the distribution E0000000000001 is gone, and the stack does not know",)


def test_what_runs_for_those_who_meet_a_staged_change_is_told_too(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    stage(workshop)
    (staging,) = (
        each.config
        for each in workshop.double.cloudfront.distributions.values()
        if each.config.get("Staging")
    )
    del staging["DefaultCacheBehavior"]["LambdaFunctionAssociations"]["Items"][0]

    assert plan_of(workshop).drift == (
        "viewer-request of * of the staged change: CloudFront runs no function, and the stack says version 2 of "
        "tea-viewer",
    )
