"""Apps of another region after staging, overtaking, failing and taking down: none is lost, none is left for ever."""

from __future__ import annotations

import json

import pytest

from cloud.dying import die
from cloud.elsewhere import AWAY, app_stack, back, code, image, origins, site
from cloud.trying import end, stage
from cloud.workshop import SITE, Workshop
from edgewise.cloud import history
from edgewise.cloud.destroy import Destruction
from edgewise.cloud.errors import ChangedError, CloudError, StackError, StagingError


def destroy(workshop: Workshop) -> list[str]:
    """Take the site down, whose file may not have the app any more; the stacks that there were."""
    one = Destruction(workshop.estate())
    leaving = one.plan()
    if leaving:
        one.carry_out(leaving)
    else:
        one.forget()
    return [each.name for each in leaving]


def other_deploys(workshop: Workshop, tag: str) -> None:
    """Somebody in another folder, who breaks the lock that is left."""
    workshop.images = {"ApiImage": image(tag)}
    deployment = workshop.deployment("elsewhere")
    deployment.carry_out(deployment.plan(workshop.package(deployment)), break_lock=True)


def test_going_back_to_what_was_promoted_leaves_the_app(away: Workshop) -> None:
    away.site_file(site(AWAY, 'access = "public"'))
    away.deploy()
    away.code("second")
    away.images = {}
    stage(away)
    end(away, "promote")
    promoted = history.entries(away.estate().assets)[-1]
    assert (promoted.number, list(promoted.apps or ()), promoted.images) == (
        2,
        [AWAY],
        {"ApiImage": image("1")},
    )
    away.code("third")
    away.images = {"ApiImage": image("2")}
    away.deploy()

    back(away)

    assert code(away) == image("1")
    assert origins(away)["api"].endswith(f".lambda-url.{AWAY}.on.aws")


def test_a_note_that_says_nothing_of_apps_leaves_them(away: Workshop) -> None:
    away.deploy()
    deployment = away.deployment()
    (entry,) = history.entries(deployment.estate.assets)
    told = {"number": 1, "run": "", "at": "", "by": "", "recipe": entry.recipe, "template": entry.template}

    plan = deployment.plan(
        history.package_of(deployment.estate.assets, history.Entry(**told, settings_hash=entry.settings_hash))
    )

    assert plan.nothing
    assert plan.apps == ()


def test_a_plan_for_an_app_that_somebody_changed_since_is_not_carried_out(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    deployment = away.deployment()
    plan = away.plan(deployment)
    other_deploys(away, "3")

    with pytest.raises(ChangedError, match="somebody else deployed") as refused:
        deployment.carry_out(plan)

    assert refused.value.file == "tea-app"
    assert code(away) == image("3")


def test_an_old_run_does_not_overwrite_a_newer_app(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    die(away, away.deploy, "execute_change_set", before=True)
    other_deploys(away, "3")

    with pytest.raises(ChangedError, match="somebody else deployed"):
        away.deployment().resume()

    assert code(away) == image("3")
    assert away.objects("lock") == []


def test_an_older_run_that_does_not_say_what_it_saw_changes_no_app(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    die(away, away.deploy, "execute_change_set", before=True)
    (note,) = (away.folder / ".edgewise").glob("deploy-*.json")
    kept = json.loads(note.read_text())
    del kept["apps"][AWAY]["seen"]
    note.write_text(json.dumps(kept))

    with pytest.raises(ChangedError, match="somebody else deployed"):
        away.deployment().resume()

    assert code(away) == image("1")


def test_nor_does_its_last_step(away: Workshop) -> None:
    """Killed when the app is to learn its distribution; others had brought another image by then."""
    die(away, away.deploy, "put_object history/", before=True)
    stack = app_stack(away)
    assert stack is not None
    # As if its last step had not been taken.
    stack.events = [one for one in stack.events if not one["ClientRequestToken"].endswith("-called")]
    stack.values = {**stack.values, "ApiImage": image("3")}
    stack.events.append({**stack.events[0], "EventId": "others", "ClientRequestToken": "others"})

    with pytest.raises(ChangedError):
        away.deployment().resume()

    assert stack.values["ApiImage"] == image("3")


def test_a_change_set_of_an_app_that_can_no_longer_be_executed_is_named(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    die(away, away.deploy, "execute_change_set", before=True)
    stack = app_stack(away)
    assert stack is not None
    for one in stack.change_sets.values():
        one.execution = "OBSOLETE"

    with pytest.raises(ChangedError):
        away.deployment().resume()

    assert away.deploy().number == 2
    assert code(away) == image("2")


def test_a_history_that_cannot_be_read_hides_no_failure(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    away.code("second")
    away.double.resources.fail["Distribution"] = "CloudFront is out of sorts"
    asked: list[str] = []

    def refuse(service: str, operation: str) -> tuple[str, str] | None:
        (own,) = away.double.formation.stacks.values()
        if service != "s3" or own.status != "UPDATE_ROLLBACK_COMPLETE":
            return None
        asked.append(operation)
        return ("AccessDenied", "not allowed") if len(asked) == 1 else None

    away.double.refuse = refuse
    with pytest.raises(StackError, match="CloudFront is out of sorts") as failed:
        away.deploy()

    assert str(failed.value.hint).endswith(f"Before that it changed tea-app in {AWAY}.")
    assert "AccessDenied" in dict(away.told)["history"]


def test_what_changed_before_a_failure_is_named_with_what_takes_it_back(away: Workshop) -> None:
    away.deploy()
    away.images = {"ApiImage": image("2")}
    away.code("second")
    away.double.resources.fail["Distribution"] = "CloudFront is out of sorts"

    with pytest.raises(StackError, match="CloudFront is out of sorts") as failed:
        away.deploy()

    assert failed.value.hint == (
        f"What was there before is there again. Before that it changed tea-app in {AWAY}: `edgewise rollback --to 1` "
        "takes that back."
    )
    assert code(away) == image("2")
    away.images = {}
    deployment = away.deployment()
    entry = history.numbered(history.entries(deployment.estate.assets), 1)
    deployment.carry_out(deployment.plan(history.package_of(deployment.estate.assets, entry), again=1))
    assert code(away) == image("1")


def test_a_stack_that_failed_alone_says_nothing_of_others(away: Workshop) -> None:
    deployment = away.deployment()
    deployment.carry_out(away.plan(deployment))
    away.code("second")
    away.double.formation.reject = "a property is not valid"

    with pytest.raises(StackError) as failed:
        deployment.carry_out(away.plan(deployment))

    assert failed.value.hint == "This stack was not changed."


def test_an_app_goes_though_what_noted_it_went_before(away: Workshop) -> None:
    away.deploy()
    away.site_file(SITE)
    away.double.functions.hours_of_replicas = 0.0
    die(away, lambda: destroy(away), "delete_stack tea-app", before=True)
    assert away.double.formation.named("tea") is None

    assert destroy(away) == ["tea-app"]

    assert app_stack(away) is None
    assert destroy(away) == []
    assert list((away.folder / ".edgewise").glob("deploy-*.json")) == []


def test_an_app_of_a_deployment_that_failed_goes_when_the_site_file_has_it_no_more(away: Workshop) -> None:
    away.double.resources.fail["Distribution"] = "CloudFront is out of sorts"
    with pytest.raises(StackError):
        away.deploy()
    away.site_file(SITE)
    away.images = {}
    deployment = away.deployment()
    plan = away.plan(deployment)
    assert [(one.region, one.template) for one in plan.apps] == [(AWAY, None)]
    # What is left of the first stack says it too, to who has not this folder's notes.
    assert [one.region for one in away.plan(away.deployment("elsewhere")).apps] == [AWAY]

    deployment.carry_out(plan, lose_data=True)

    assert app_stack(away) is None


def test_an_app_that_could_not_be_deleted_is_tried_again_by_the_next(away: Workshop) -> None:
    away.deploy()
    away.site_file(SITE)
    away.images = {}
    away.double.at(AWAY).resources.fail["ApiImageUrl"] = "somebody holds it"
    deployment = away.deployment()
    with pytest.raises(StackError, match="somebody holds it") as failed:
        deployment.carry_out(away.plan(deployment), lose_data=True)
    assert "Before that it changed tea: `edgewise rollback --to 1`" in str(failed.value.hint)

    deployment.carry_out(away.plan(deployment), lose_data=True)

    assert app_stack(away) is None
    assert away.plan().nothing


def test_so_it_does_when_the_template_was_not_even_accepted(away: Workshop) -> None:
    """Nothing on AWS notes the app then, and no stack `tea` is left that was only asked for."""
    away.double.formation.reject = "a property is not valid"
    with pytest.raises(StackError, match="not accept") as failed:
        away.deploy()
    assert f"Before that it changed tea-app in {AWAY}." in str(failed.value.hint)
    away.double.formation.reject = ""
    away.site_file(SITE)
    away.images = {}

    assert [one.region for one in away.plan().apps] == [AWAY]
    assert destroy(away) == ["tea-app"]
    assert app_stack(away) is None


def test_an_app_that_was_never_made_is_seen_by_destroy(away: Workshop) -> None:
    die(away, away.deploy, "execute_change_set", before=True)
    away.site_file(SITE)

    assert destroy(away) == ["tea-app"]

    assert app_stack(away) is None


def test_an_app_is_not_deleted_under_a_distribution_that_could_not_be(away: Workshop) -> None:
    away.deploy()
    away.double.resources.fail["Distribution"] = "CloudFront is out of sorts"

    with pytest.raises(StackError, match="CloudFront is out of sorts"):
        destroy(away)

    stack = app_stack(away)
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"


def test_an_image_that_runs_is_not_staged_and_a_new_one_is(away: Workshop) -> None:
    away.site_file(SITE)
    away.deploy()
    away.site_file(site("us-east-1"))
    away.images = {"ApiImage": image("1", "us-east-1")}

    stage(away)
    assert code(away, "us-east-1") == image("1", "us-east-1")
    away.images = {}
    end(away, "promote")
    away.images = {"ApiImage": image("2", "us-east-1")}
    away.code("second")

    with pytest.raises(StagingError, match="would change for everybody at once: ApiImage"):
        stage(away)


def test_taking_down_that_failed_while_nobody_waited_goes_on_hours_later(workshop: Workshop) -> None:
    workshop.deploy()
    die(workshop, lambda: destroy(workshop), "describe_stack_events", before=False)
    stack = workshop.double.formation.named("tea")
    assert stack is not None
    for _ in range(50):
        stack.look()
    assert stack.status == "DELETE_FAILED"
    workshop.double.functions.hours += 10

    try:
        destroy(workshop)
    except CloudError as error:
        pytest.fail(f"it says that {error}")

    assert workshop.double.functions.functions == {}
