"""What an environment says of itself when it was frozen for hours, and when its clock is set."""

from __future__ import annotations

from typing import Any

import pytest

from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.edge.environment import Clock

HOUR = 3600
DAY = 24 * HOUR


class TwoClocks(Clock):
    """Wall time that can be set, and a steady counter that stands still while the environment is frozen."""

    def __init__(self) -> None:
        self.wall, self.steady = HandClock().seconds, 0.0

    def now(self) -> int:
        return round(self.wall * 1_000_000)

    def ticks(self) -> float:
        return self.steady

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def two() -> TwoClocks:
    return TwoClocks()


def handle(edge: Edge, output: Output) -> dict[str, Any]:
    edge(load_event("viewer-request"), Context())
    return output.records[-1]


def test_hours_in_the_freezer_count_for_the_age_and_not_for_the_duration(
    two: TwoClocks, output: Output
) -> None:
    edge = Edge(clock=two, write=output, environ=ENVIRON)

    @edge.viewer_request
    def slow(request: Request) -> None:
        two.run(0.002)

    records = []
    for frozen in (0.0, 5 * HOUR, 0.5, DAY):
        two.wall += frozen
        records.append(handle(edge, output))
    assert [record["duration_ms"] for record in records] == [2.0] * 4
    assert [record["environment_age_ms"] for record in records] == [
        0,
        18_000_002,
        18_000_504,
        18_000_506 + DAY * 1000,
    ]
    assert [record["invocation"] for record in records] == [1, 2, 3, 4]
    assert [record["cold"] for record in records] == [True, False, False, False]
    for record in records:  # the environment's start can be read from any of them
        assert record["_timestamp"] - record["environment_age_ms"] * 1000 == HandClock().now()


def test_a_clock_that_was_set_back_spoils_no_record(two: TwoClocks, output: Output) -> None:
    edge = Edge(clock=two, write=output, environ=ENVIRON)
    two.wall += 10
    assert handle(edge, output)["environment_age_ms"] == 10_000
    two.wall -= HOUR
    record = handle(edge, output)
    assert (record["environment_age_ms"], record["duration_ms"], record["invocation"]) == (0, 0.0, 2)
    assert record["failed_steps"] == 0
    assert record["_timestamp"] == round((HandClock().seconds - HOUR + 10) * 1_000_000)


def test_a_value_expires_in_the_freezer_and_one_from_the_future_is_loaded_anew(
    two: TwoClocks, output: Output
) -> None:
    edge = Edge(clock=two, write=output, environ=ENVIRON)
    loads: list[int] = []

    @edge.viewer_request
    def rules(request: Request) -> None:
        edge.memory.get("rules", lambda _: loads.append(two.now()) or "rules", ttl=HOUR)

    for frozen in (0, HOUR / 2, HOUR, -3 * HOUR, 60, 5 * HOUR):
        two.wall += frozen
        handle(edge, output)
    assert [moment / 1_000_000 - HandClock().seconds for moment in loads] == [
        0,
        1.5 * HOUR,
        -1.5 * HOUR,
        3.5 * HOUR + 60,
    ]


def test_visitors_are_others_after_a_night_in_the_freezer(two: TwoClocks, output: Output) -> None:
    settings = {"log": {"delivery": "stdout", "privacy": {"visitor": True, "client_address": "drop"}}}
    edge = Edge(settings, clock=two, write=output, environ=ENVIRON)
    visitors = []
    for frozen in (0, 60, DAY, -DAY):
        two.wall += frozen
        visitors.append(handle(edge, output)["visitor"])
    assert visitors[0] == visitors[1]
    assert len(set(visitors)) == 3  # and the key of the first day is gone for good
