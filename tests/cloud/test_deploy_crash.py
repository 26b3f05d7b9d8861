"""A deployment that is killed at any of its calls: run again, it ends as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.double.server import Double
from cloud.dying import Killed, Mortal, die_at
from cloud.workshop import Workshop
from edgewise.cloud.destroy import Destruction

# More than any deployment here makes; `test_there_are_fewer_calls` holds it.
MOST = 46


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
) -> dict[str, tuple[dict[str, Any], int]]:
    """What a first and a second deployment leave when nothing happens to them, and how many calls each makes."""
    found = {}
    for name, begin in (("first", first), ("second", second)):
        lasting[0].begin_anew()
        workshop = Workshop(*lasting, tmp_path_factory.mktemp(name) / "site")
        begin(workshop)
        alive, counting = workshop.clients, Mortal(workshop.clients, 1000, before=True)
        workshop.clients = counting
        workshop.deploy()
        workshop.clients = alive
        found[name] = (state_of(workshop), counting.count)
    return found


def test_there_are_fewer_calls_than_are_tried(expected: dict[str, tuple[dict[str, Any], int]]) -> None:
    assert all(calls <= MOST for _, calls in expected.values())


@pytest.mark.parametrize("at", range(1, MOST + 1))
def test_a_first_deployment_whose_answer_is_lost_is_finished_by_the_next(
    expected: dict[str, tuple[dict[str, Any], int]], workshop: Workshop, at: int
) -> None:
    if not die_at(workshop, at, before=False):
        pytest.skip("it makes fewer calls")

    workshop.deploy()

    assert state_of(workshop) == expected["first"][0]


@pytest.mark.parametrize("at", range(1, MOST + 1))
def test_an_update_that_dies_before_a_call_is_finished_by_the_next(
    expected: dict[str, tuple[dict[str, Any], int]], workshop: Workshop, at: int
) -> None:
    second(workshop)
    if not die_at(workshop, at, before=True):
        pytest.skip("it makes fewer calls")

    workshop.deploy()

    assert state_of(workshop) == expected["second"][0]


@pytest.mark.parametrize("at", range(1, 31))
def test_taking_down_that_is_killed_is_finished_by_the_next(workshop: Workshop, at: int) -> None:
    workshop.deploy()
    # No replica is left when the functions' turn comes.
    workshop.double.functions.hours_of_replicas = 0.0
    alive = workshop.clients
    workshop.clients = Mortal(alive, at, before=False)
    try:
        take_down(workshop)
        pytest.skip("it makes fewer calls")
    except Killed:
        pass
    finally:
        workshop.clients = alive

    take_down(workshop)

    assert workshop.double.functions.functions == {}
    assert workshop.objects("lock") == []
    assert list((workshop.folder / ".edgewise").glob("deploy-*.json")) == []


def take_down(workshop: Workshop) -> None:
    """All that the command does."""
    destruction = Destruction(
        workshop.clients,
        "tea",
        workshop.folder / ".edgewise",
        tell=lambda step, sentence: None,
        sleep=lambda seconds: None,
    )
    leaving = destruction.plan()
    if leaving:
        destruction.carry_out(leaving)
    else:
        destruction.forget()
