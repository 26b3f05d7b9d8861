"""The question about environments, over records of environments that really lived, frozen and recycled in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.doubles import Context, HandClock, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.questions import bound, question
from edgewise.store.engine import Engine
from store.engines import ask, engine_at, put

QUERY = bound(question("environments"), {})


def live(
    clock: HandClock, region: str, pauses: list[float], trigger: str = "viewer-request"
) -> list[dict[str, Any]]:
    """The records of one environment that gets a request, and another after each pause (seconds)."""
    output = Output()
    edge = Edge(clock=clock, write=output, environ={"AWS_REGION": region, "AWS_LAMBDA_FUNCTION_VERSION": "7"})

    @edge.viewer_request
    def remember(request: Request) -> None:
        edge.memory.get("rules", lambda _: "all", ttl=3600)

    for number, pause in enumerate([0.0, *pauses]):
        clock.pass_time(pause)
        event = load_event(trigger)
        event["Records"][0]["cf"]["config"]["requestId"] = f"{edge.environment.environment_id}-{number}"
        edge(event, Context())
    return output.records


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    with engine_at(tmp_path / "store") as engine:
        yield engine


def test_lives_pauses_and_hit_rates_are_read_from_the_records(engine: Engine, clock: HandClock) -> None:
    put(
        engine,
        *live(clock, "eu-west-2", [60, 120, 60]),  # 4 minutes, all hits but the first
        *live(clock, "eu-west-2", [600, 0, 0, 0]),
        *live(clock, "eu-west-2", [7200]),  # its value expired meanwhile
        *live(clock, "us-east-1", []),
        *live(clock, "us-east-1", [30], trigger="origin-response"),  # no step remembers anything there
        stream="edge",
    )
    rows = {(row["region"], row["side"]): row for row in ask(engine, QUERY)}
    assert set(rows) == {("eu-west-2", "viewer"), ("us-east-1", "viewer"), ("us-east-1", "origin")}
    london = rows["eu-west-2", "viewer"]
    assert (london["environments"], london["invocations"]) == (3, 11)
    assert [london[f"{what}_min"] for what in ("median_age", "oldest", "longest_pause")] == [10, 120, 120]
    assert london["memory_hit_percent"] == pytest.approx(100 * 7 / 11, abs=0.01)
    assert london["cold_percent"] == pytest.approx(100 * 3 / 11, abs=0.01)
    assert london["alive"] == 1
    assert rows["us-east-1", "viewer"]["memory_hit_percent"] == 0
    origin = rows["us-east-1", "origin"]
    assert (origin.get("memory_hit_percent"), origin["longest_pause_min"], origin["alive"]) == (None, 0.5, 1)


def test_an_old_value_that_serves_counts_for_the_memory(engine: Engine, clock: HandClock) -> None:
    output = Output()
    edge = Edge(clock=clock, write=output, environ={"AWS_REGION": "eu-west-2"})

    def load(milliseconds: float) -> str:
        if edge.environment.invocation > 1:
            raise TimeoutError
        return "all"

    @edge.viewer_request
    def remember(request: Request) -> None:
        assert edge.memory.get("rules", load, ttl=60, stale=86_400) == "all"

    for number in range(40):
        event = load_event("viewer-request")
        event["Records"][0]["cf"]["config"]["requestId"] = f"request-{number}"
        edge(event, Context())
        clock.pass_time(60 if number == 0 else 1)
    put(engine, *output.records, stream="edge")
    (row,) = ask(engine, QUERY)
    assert edge.memory.loads == 7  # the first, and after 0, 1, 3, 7, 15 and 31 seconds
    assert row["memory_hit_percent"] == pytest.approx(100 * 33 / 40, abs=0.01)


def test_a_site_that_remembers_nothing_can_be_asked_too(engine: Engine, clock: HandClock) -> None:
    records = live(clock, "eu-west-2", [60], trigger="origin-response")
    assert all("memory_hits" not in json.dumps(record) for record in records)
    put(engine, *records, stream="edge")
    (row,) = ask(engine, QUERY)
    assert (row["environments"], row["invocations"], row.get("memory_hit_percent")) == (1, 2, None)
