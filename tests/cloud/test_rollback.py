"""Going back: which deployment is the one before, and that it is the old function version that serves again."""

from __future__ import annotations

import pytest

from cloud.workshop import Workshop
from edgewise.cloud import history
from edgewise.cloud.errors import HistoryError
from edgewise.cloud.planning import Plan
from edgewise.cloud.standing import Result


def plan_back(workshop: Workshop) -> Plan:
    deployment = workshop.deployment()
    entry = history.one_before(history.entries(deployment.estate.assets), workshop.standing().state)
    return deployment.plan(history.package_of(deployment.estate.assets, entry), again=entry.original)


def back(workshop: Workshop) -> Result:
    return workshop.deployment().carry_out(plan_back(workshop))


def deploy_words(workshop: Workshop, *words: str) -> None:
    for word in words:
        workshop.code(word)
        workshop.deploy()


def test_going_back_moves_the_associations_to_the_old_numbers(workshop: Workshop) -> None:
    deploy_words(workshop, "first", "second")

    assert [one.sentence for one in plan_back(workshop).changes][:1] == [
        "viewer-request of *, /files/*: function version 2 → 1"
    ]
    result = back(workshop)

    assert result.number == 3
    assert set(workshop.served.values()) == {1}
    assert {one.last for one in workshop.double.functions.functions.values()} == {2}


def test_going_back_twice_goes_back_further(workshop: Workshop) -> None:
    deploy_words(workshop, "first", "second", "third")

    back(workshop)
    assert set(workshop.served.values()) == {2}
    back(workshop)
    assert set(workshop.served.values()) == {1}
    with pytest.raises(HistoryError, match="no earlier deployment is known"):
        back(workshop)


def test_after_going_back_the_newer_code_can_be_deployed_again(workshop: Workshop) -> None:
    deploy_words(workshop, "first", "second")
    back(workshop)

    assert workshop.deploy().number == 4
    assert set(workshop.served.values()) == {2}


def test_a_number_that_is_not_known_is_named(workshop: Workshop) -> None:
    deploy_words(workshop, "first")

    with pytest.raises(HistoryError, match="there is no deployment 9") as refused:
        history.numbered(history.entries(workshop.estate().assets), 9)

    assert "Known: 1." in str(refused.value.hint)


def test_old_versions_beyond_a_few_leave_the_stack_and_stay_on_aws(workshop: Workshop) -> None:
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
    deploy_words(workshop, *words)
    workshop.code("eighth")

    assert "version 2 leaves the stack and stays on AWS" in " ".join(workshop.sentences())
    workshop.deploy()

    function = workshop.double.functions.functions["tea-viewer"]
    assert sorted(function.versions) == list(range(1, 9))
