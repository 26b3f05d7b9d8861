"""A staged change against the double: for some visitors, then for all or for nobody."""

from __future__ import annotations

import pytest

from cloud.dying import die
from cloud.trying import SHARE, end, found, plan_of, stage
from cloud.workshop import SITE, Workshop
from edgewise.cloud import history
from edgewise.cloud.destroy import Destruction
from edgewise.cloud.errors import ChangedError, StackError, StagingError
from edgewise.cloud.staged import is_gone, what_is_staged
from edgewise.cloud.traffic import by_header, by_share


def numbers(workshop: Workshop) -> list[int]:
    return [one.number for one in history.entries(workshop.estate().assets)]


def test_a_staged_change_is_for_its_share_alone(site: Workshop) -> None:
    assert [one.sentence for one in plan_of(site).changes][:2] == [
        "staged, for 5 % of the visitors, 60 minutes each; everybody else meets what is deployed:",
        "viewer-request of *, /files/*: function version 1 → 2 (new)",
    ]

    result = stage(site)

    assert set(site.served.values()) == {1}
    assert set(site.tried.values()) == {2}
    assert result.number == 0
    assert set(result.versions.values()) == {1}
    assert found(site).traffic == SHARE
    assert set(found(site).versions.values()) == {2}
    (policy,) = site.double.cloudfront.policies.policies.values()
    weight = policy.config["TrafficConfig"]["SingleWeightConfig"]
    assert weight == {"Weight": 0.05, "SessionStickinessConfig": {"IdleTTL": 3600, "MaximumTTL": 3600}}


def test_a_staging_distribution_may_read_the_files(site: Workshop) -> None:
    stage(site)

    stack = site.double.formation.named("tea")
    assert stack is not None
    (statement,) = stack.kept["FilesBucketPolicy"].properties["PolicyDocument"]["Statement"]
    names = {stack.kept[one].physical for one in ("Distribution", "StagingDistribution")}
    arns = statement["Condition"]["StringEquals"]["AWS:SourceArn"]
    assert {one.rpartition("/")[2] for one in arns} == names


def test_promoted_it_is_for_everybody_and_a_deployment_that_one_can_go_back_from(site: Workshop) -> None:
    stage(site)
    second = found(site).distribution

    result = end(site, "promote")

    assert result.number == 2
    assert set(site.served.values()) == {2}
    assert is_gone(site.clients, second)
    assert site.double.cloudfront.policies.policies == {}
    assert site.plan().nothing
    deployment = site.deployment()
    before = history.one_before(history.entries(deployment.estate.assets), site.standing().state)
    assert before.number == 1


def test_abandoned_nothing_of_it_is_left_but_its_version(site: Workshop) -> None:
    stage(site)
    second = found(site).distribution

    result = end(site, "abandon")

    assert result.number == 0
    assert numbers(site) == [1]
    assert set(site.served.values()) == {1}
    assert is_gone(site.clients, second)
    # The same code again is the same version.
    assert "viewer-request of *, /files/*: function version 1 → 2" in site.sentences()


def test_staged_again_the_second_change_takes_the_place_of_the_first(site: Workshop) -> None:
    stage(site)
    first = found(site)
    site.code("third")

    stage(site, by_header("aws-cf-cd-try=yes"))

    assert found(site).distribution == first.distribution
    assert found(site).traffic.headers == {"aws-cf-cd-try": "yes"}
    assert set(site.tried.values()) == {3}
    end(site, "abandon")
    assert set(site.served.values()) == {1}
    site.code("first")
    assert site.plan().nothing


def test_another_share_changes_the_policy_alone(site: Workshop) -> None:
    stage(site)

    plan = plan_of(site, by_share(15, 0))
    site.deployment().carry_out(plan)

    touched = {text.split()[0] for step, text in site.told if step == "event"} - {"tea"}
    assert touched == {"StagingPolicy"}


def test_behaviors_and_origins_are_staged_too(site: Workshop) -> None:
    text = SITE.replace("[default]", '[origins.beta]\ndomain = "beta.tea.example.com"\n\n[default]')
    site.site_file(text.replace('origin = "app"', 'origin = "beta"', 1))

    stage(site)

    targets = {
        bool(one.config.get("Staging")): one.config["DefaultCacheBehavior"]["TargetOriginId"]
        for one in site.double.cloudfront.distributions.values()
    }
    assert targets == {False: "app", True: "beta"}
    end(site, "promote")
    assert site.plan().nothing


def test_what_everybody_would_meet_is_refused_while_a_change_is_staged(site: Workshop) -> None:
    stage(site)

    with pytest.raises(StagingError, match="a change is staged, for 5 % of the visitors") as refused:
        site.plan()

    assert "`edgewise abandon`" in str(refused.value.hint)
    destruction = Destruction(site.estate())
    with pytest.raises(StagingError, match="a change is staged"):
        destruction.plan()


def test_what_is_promoted_is_what_was_tried(site: Workshop) -> None:
    stage(site)
    site.code("third")

    end(site, "promote")

    assert set(site.served.values()) == {2}


def test_a_first_deployment_is_for_everybody(workshop: Workshop) -> None:
    with pytest.raises(StagingError, match="nothing is deployed yet"):
        plan_of(workshop)


def test_the_same_site_is_no_change(workshop: Workshop) -> None:
    workshop.deploy()

    with pytest.raises(StagingError, match="there is nothing to try out"):
        plan_of(workshop)


@pytest.mark.parametrize("how", ["promote", "abandon"])
def test_without_a_staged_change_there_is_nothing_to_end(workshop: Workshop, how: str) -> None:
    workshop.deploy()

    with pytest.raises(StagingError, match="no change is staged"):
        end(workshop, how)


def test_a_change_that_somebody_staged_meanwhile_is_not_overwritten(site: Workshop) -> None:
    plan = plan_of(site)
    site.code("third")
    stage(site)

    with pytest.raises(ChangedError):
        site.deployment().carry_out(plan)

    assert set(site.tried.values()) == {2}


@pytest.mark.parametrize(
    "at",
    [
        "create_change_set",
        "execute_change_set",
        "describe_stack_events",
    ],
)
def test_staging_that_is_killed_is_finished_by_the_next(site: Workshop, at: str) -> None:
    die(site, lambda: stage(site), at, before=False)

    site.deployment().resume()
    if not plan_of(site).nothing:
        stage(site)

    assert set(site.served.values()) == {1}
    assert set(site.tried.values()) == {2}
    assert site.objects("lock") == []
    assert numbers(site) == [1]
    assert list((site.folder / ".edgewise").glob("deploy-*.json")) == []


def test_staging_that_fails_leaves_what_was_there(site: Workshop) -> None:
    site.double.resources.fail["StagingPolicy"] = "Too many policies"

    with pytest.raises(StackError, match="Too many policies"):
        stage(site)

    assert what_is_staged(site.estate().stack.read()) is None
    assert len(site.double.cloudfront.distributions) == 1
    assert set(site.served.values()) == {1}
    site.code("third")
    stage(site)
    assert set(site.tried.values()) == {3}
