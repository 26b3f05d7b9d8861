"""A deployment that is killed at one of its calls: run again, it ends as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.double.server import Double
from cloud.dying import Mortal, die
from cloud.workshop import Workshop
from edgewise.cloud.destroy import Destruction

# One call of each kind: what a lost answer leaves behind, and what is still to be done before it is sent.
LOST = (
    "create_bucket",
    "put_bucket_policy",
    "put_object lock.json",
    "put_object functions/",
    "put_object templates/",
    "create_change_set",
    "execute_change_set",
    "describe_stack_events",
    "put_object history/",
    "get_distribution",
    "delete_object lock.json",
)
BEFORE = (
    "put_object lock.json",
    "put_object functions/",
    "put_object templates/",
    "create_change_set",
    "describe_change_set",
    "execute_change_set",
    "describe_stack_events",
    "put_object history/",
    "get_distribution",
    "delete_object lock.json",
)
WRITING = ("create", "put", "delete", "execute", "update")
# The bucket's settings are one kind.
SETTINGS = ("put_bucket_", "put_public_access_block")


def state_of(workshop: Workshop) -> dict[str, Any]:
    """Everything that is left on AWS and here, but for names that are random."""
    double = workshop.double
    stack = double.formation.named("tea")
    assert stack is not None
    return {
        "stack": stack.status,
        "template": stack.template(),
        "served": workshop.served,
        "versions": {one.name: sorted(one.versions) for one in double.functions.functions.values()},
        "change sets": [one.execution for one in stack.change_sets.values()],
        "stacks": [one.status for one in double.formation.stacks.values()],
        "objects": workshop.objects(),
        "journal": sorted(path.name for path in (workshop.folder / ".edgewise").glob("deploy-*.json")),
    }


def first(workshop: Workshop) -> None:
    """Nothing is there."""


def second(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")


@pytest.fixture(scope="module")
def expected(
    lasting: tuple[Double, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """What a first and a second deployment leave when nothing happens to them, and the calls that each makes."""
    found = {}
    for name, begin in (("first", first), ("second", second)):
        lasting[0].begin_anew()
        workshop = Workshop(*lasting, tmp_path_factory.mktemp(name) / "site")
        begin(workshop)
        alive, telling = workshop.clients, Mortal(workshop.clients, None, before=True)
        workshop.clients = telling
        workshop.deploy()
        workshop.clients = alive
        found[name] = (state_of(workshop), telling.told)
    return found


def test_every_kind_of_call_that_writes_is_tried(
    expected: dict[str, tuple[dict[str, Any], list[str]]],
) -> None:
    for name, tried in (("first", LOST), ("second", BEFORE)):
        writing = [one for one in expected[name][1] if one.startswith(WRITING)]
        assert [one for one in writing if not one.startswith((*tried, *SETTINGS))] == []


@pytest.mark.parametrize("at", LOST)
def test_a_first_deployment_whose_answer_is_lost_is_finished_by_the_next(
    expected: dict[str, tuple[dict[str, Any], list[str]]], workshop: Workshop, at: str
) -> None:
    die(workshop, workshop.deploy, at, before=False)

    workshop.deploy()

    assert state_of(workshop) == expected["first"][0]


@pytest.mark.parametrize("at", BEFORE)
def test_an_update_that_dies_before_a_call_is_finished_by_the_next(
    expected: dict[str, tuple[dict[str, Any], list[str]]], workshop: Workshop, at: str
) -> None:
    second(workshop)
    die(workshop, workshop.deploy, at, before=True)

    workshop.deploy()

    assert state_of(workshop) == expected["second"][0]


@pytest.mark.parametrize(
    "at", ["put_object lock.json", "delete_stack", "describe_stack_events", "delete_object lock.json"]
)
def test_taking_down_that_is_killed_is_finished_by_the_next(workshop: Workshop, at: str) -> None:
    workshop.deploy()
    # No replica is left when the functions' turn comes.
    workshop.double.functions.hours_of_replicas = 0.0
    die(workshop, lambda: take_down(workshop), at, before=False)

    take_down(workshop)

    assert workshop.double.functions.functions == {}
    assert workshop.objects("lock") == []
    assert list((workshop.folder / ".edgewise").glob("deploy-*.json")) == []


def take_down(workshop: Workshop) -> None:
    """All that the command does."""
    destruction = Destruction(workshop.estate())
    leaving = destruction.plan()
    if leaving:
        destruction.carry_out(leaving)
    else:
        destruction.forget()
