"""Sites whose app is an image: in the home region one stack has all, in another region the app has one of its own."""

from __future__ import annotations

import pytest

from cloud.dying import die
from cloud.elsewhere import AWAY, app_stack, back, code, image, origins, permission, site
from cloud.workshop import SITE, Workshop
from edgewise.cloud import history
from edgewise.cloud.destroy import Destruction
from edgewise.cloud.errors import ImageError, ReplicasError, StackError
from edgewise.cloud.staged import plan_end, plan_stage
from edgewise.cloud.traffic import by_share


def test_an_app_elsewhere_is_made_first_and_learns_at_the_end_who_may_call_it(away: Workshop) -> None:
    plan = away.plan()
    assert [(one.stack, one.region) for one in plan.apps] == [("tea-app", AWAY)]
    assert plan.apps[0].changes[0].sentence == f"ApiImage: nothing → {image('1')}"
    assert "ApiDomain: nothing → known when the app is there" in [one.sentence for one in plan.changes]

    result = away.deploy()

    assert code(away) == image("1")
    assert origins(away)["api"].endswith(f".lambda-url.{AWAY}.on.aws")
    distribution = f"arn:aws:cloudfront::123456789012:distribution/{result.outputs['DistributionId']}"
    assert permission(away)["SourceArn"] == distribution
    begun = [text for step, text in away.told if step == "execute"]
    assert begun == [
        f"CloudFormation begins with tea-app in {AWAY}",
        "CloudFormation begins",
        f"CloudFormation begins with tea-app in {AWAY}",
    ]
    assert result.number == 1


def test_the_same_again_changes_nothing_and_needs_no_image(away: Workshop) -> None:
    away.deploy()
    away.images = {}

    assert away.plan().nothing
    assert away.deploy().number == 0


def test_a_new_image_changes_the_app_alone_and_can_be_gone_back_from(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    plan = away.plan()
    assert [one.sentence for one in plan.apps[0].changes] == [f"ApiImage: {image('1')} → {image('2')}"]
    assert plan.changes == ()

    assert away.deploy().number == 2
    assert code(away) == image("2")
    assert [text for step, text in away.told if step == "execute"] == [
        f"CloudFormation begins with tea-app in {AWAY}"
    ]
    assert back(away).number == 3
    assert code(away) == image("1")


def test_going_back_brings_settings_of_the_app_back_too(away: Workshop) -> None:
    away.deploy()
    away.site_file(site(AWAY, "memory_mb = 1024"))
    away.images = {}
    assert "ApiImageFunction: MemorySize: 512 → 1024" in [one.sentence for one in away.plan().apps[0].changes]
    away.deploy()

    back(away)

    assert away.double.at(AWAY).functions.functions["tea-api"].settings["MemorySize"] == 512


def test_an_image_that_nobody_knows_is_asked_for(away: Workshop) -> None:
    away.images = {}

    with pytest.raises(ImageError, match="no value is known for ApiImage"):
        away.plan()

    assert away.double.formation.stacks == {}


def test_an_app_that_cannot_be_made_leaves_the_site_as_it_was(away: Workshop) -> None:
    away.site_file(SITE)
    away.deploy()
    away.site_file(site(AWAY))
    away.double.at(AWAY).resources.fail["ApiImageUrl"] = "no more URLs"

    with pytest.raises(StackError, match="ApiImageUrl: no more URLs") as refused:
        away.deploy()

    assert refused.value.file == "tea-app"
    assert "api" not in origins(away)
    assert away.deploy().number == 2
    assert code(away) == image("1")


def test_an_app_that_the_site_no_longer_has_is_taken_down_last(away: Workshop) -> None:
    away.deploy()
    away.site_file(SITE)
    plan = away.plan()
    assert "ApiImageFunction: this AWS::Lambda::Function is deleted" in [
        one.sentence for one in plan.apps[0].changes
    ]
    deployment = away.deployment()
    with pytest.raises(StackError, match="data would be lost with ApiImageLogs"):
        deployment.carry_out(plan)

    assert deployment.carry_out(plan, lose_data=True).number == 2

    assert "api" not in origins(away)
    assert app_stack(away) is None
    assert away.plan().nothing


def test_an_app_at_home_is_in_the_sites_own_stack(away: Workshop) -> None:
    away.site_file(site("us-east-1"))
    away.images = {"ApiImage": image("1", "us-east-1")}

    assert away.deploy().number == 1
    assert away.plan().apps == ()
    away.images = {"ApiImage": image("2", "us-east-1")}
    assert away.sentences() == [f"ApiImage: {image('1', 'us-east-1')} → {image('2', 'us-east-1')}"]
    assert away.deploy().number == 2
    assert code(away, "us-east-1") == image("2", "us-east-1")
    assert back(away).number == 3
    assert code(away, "us-east-1") == image("1", "us-east-1")


@pytest.mark.parametrize(
    ("at", "before"),
    [
        ("execute_change_set", False),
        ("describe_stack_events tea-app", True),
        ("create_change_set tea", False),
        ("describe_change_set tea", True),
        ("put_object history/", True),
        ("get_distribution", True),
    ],
)
def test_what_dies_between_the_stacks_is_finished_by_the_next_without_the_image(
    away: Workshop, at: str, before: bool
) -> None:
    die(away, away.deploy, at, before=before)
    begun = bool(away.estate().journal.read().executing)  # type: ignore[union-attr]
    if begun:
        away.images = {}

    away.deploy()

    assert code(away) == image("1")
    assert permission(away)["SourceArn"].endswith("E0000000000001")
    assert [one.number for one in history.entries(away.estate().assets)] == [1]
    assert away.objects("lock") == []


def test_destroying_takes_the_app_too_though_the_functions_have_to_wait(away: Workshop) -> None:
    away.deploy()

    def destroy() -> None:
        one = Destruction(away.estate(), regions=(AWAY,))
        one.carry_out(one.plan())

    with pytest.raises(ReplicasError):
        destroy()
    assert app_stack(away) is None
    away.double.functions.hours += 10
    destroy()

    assert away.double.functions.functions == {}


def test_a_staged_change_keeps_the_image_that_runs(away: Workshop) -> None:
    away.site_file(site("us-east-1"))
    away.images = {"ApiImage": image("1", "us-east-1")}
    away.deploy()
    away.code("second")
    away.images = {}
    deployment = away.deployment()
    package = away.package(deployment)

    deployment.carry_out(plan_stage(deployment.estate, package, by_share(5, 60)))
    assert len(away.double.cloudfront.distributions) == 2
    deployment.carry_out(plan_end(deployment.estate, "promote"))

    assert code(away, "us-east-1") == image("1", "us-east-1")
    assert set(away.served.values()) == {2}


def test_an_image_that_was_brought_past_the_stack_is_told(away: Workshop) -> None:
    away.deploy()
    assert away.plan().drift == ()
    away.double.at(AWAY).functions.functions["tea-api"].code = image("2")

    plan = away.plan()
    (told,) = plan.drift
    assert told.startswith(
        "the function tea-api runs 123456789012.dkr.ecr.eu-central-1.amazonaws.com/tea-api@sha256:"
    )
    assert told.endswith(f"and the stack says {image('1')}")
    assert plan.nothing

    del away.double.at(AWAY).functions.functions["tea-api"]
    assert away.plan().drift == ("the function tea-api is gone, and the stack does not know",)
