"""What a step sees when the memory has to load: deadlines, sources that fail, loads within loads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from edge.doubles import Context, HandClock, Output, load_event
from edge.memory_model import World
from edgewise.edge import Edge, LoadError, Request


def test_a_load_is_told_how_long_it_may_take() -> None:
    world = World()
    world.get(1, "at the start", deadline_ms=300)
    world.invoke(remaining_ms=5000)
    world.get(1, "usual")
    world.get(1, "shorter", deadline_ms=20)
    world.invoke(remaining_ms=350)
    world.get(1, "late")
    assert world.loads == [300, 500, 20, 250]


def test_a_load_within_a_load_ends_with_it() -> None:
    world = World()
    world.invoke()

    def load_rules(milliseconds: float) -> object:
        world.clock.pass_time(0.150)
        return world.get("secret", "token", deadline_ms=400)

    assert world.memory.get("rules", load_rules, ttl=60, deadline_ms=200) == "secret"
    assert world.loads == [pytest.approx(50, abs=0.01)]
    world.get(1, "after", deadline_ms=400)
    assert world.loads[-1] == 400


def test_a_load_that_used_up_the_time_leaves_none_for_one_within_it() -> None:
    world = World()
    world.invoke()

    def load_rules(milliseconds: float) -> object:
        world.clock.pass_time(0.3)
        return world.get("secret", "token")

    with pytest.raises(
        LoadError,
        match=r"load_rules loads is not in memory, and LoadError: what get.load .* no time is left",
    ):
        world.memory.get("rules", load_rules, ttl=60, deadline_ms=200)


def test_a_dead_source_is_asked_ever_more_rarely_and_then_every_32_seconds() -> None:
    world = World()
    tried: list[int] = []
    world.get("old", ttl=1)
    world.invoke(after=1)
    for second in range(200):
        assert world.get(TimeoutError("no answer"), ttl=1, stale=3600) == "old"
        tried += [second] * (len(world.loads) - 1 - len(tried))
        world.invoke(after=1)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 95, 127, 159, 191]
    assert world.get("new", ttl=1, stale=3600) == "old"
    world.invoke(after=32)
    assert world.get("new", ttl=1, stale=3600) == "new"
    world.invoke(after=2)
    world.get(TimeoutError("no answer"), ttl=1, stale=3600)
    world.invoke(after=1)  # and after a success the pauses are short again
    assert world.get("newer", ttl=1, stale=3600) == "newer"


def test_a_load_that_failed_slowly_is_not_tried_twice_for_one_visitor() -> None:
    world = World()
    world.invoke()

    def load(milliseconds: float) -> str:
        world.clock.pass_time(1.5)
        return str(world.get(OSError("gone"), "inner"))

    for _ in range(3):
        with pytest.raises(LoadError):
            world.memory.get("rules", load, ttl=60, deadline_ms=2000)
    assert world.memory.loads == 2  # of the rules and what is within
    world.invoke(after=0.5)
    with pytest.raises(LoadError, match="not tried again yet"):  # the pause began when the load failed
        world.memory.get("rules", load, ttl=60)


def test_an_old_value_serves_until_it_is_too_old_and_not_a_moment_longer() -> None:
    world = World()
    world.get("old", ttl=10)
    for after, left in ((10, 20), (19.5, 0.5)):
        world.invoke(after)
        assert world.get(OSError("gone"), ttl=10, stale=20) == "old", f"{left} s left"
    world.invoke(0.5)
    with pytest.raises(LoadError):
        world.get(OSError("gone"), ttl=10, stale=20)


def test_an_old_value_that_still_serves_is_in_use() -> None:
    world = World()
    world.memory.max_entries = 2
    world.get("old", "a", ttl=10)
    world.get("new", "b", ttl=1000)
    world.invoke(after=10)
    for remaining_ms in (5000, 0):  # after a load that failed, and where none could be tried
        world.invoke(remaining_ms=remaining_ms)
        assert world.get(OSError("gone"), "a", ttl=10, stale=60) == "old"
        assert world.get("new", "b") == "new"
    world.invoke(remaining_ms=0)
    assert world.get(OSError("gone"), "a", ttl=10, stale=60) == "old"
    world.invoke()
    world.get("new", "c")
    assert world.get(OSError("gone"), "a", ttl=10, stale=60) == "old"


def test_without_a_value_the_error_says_why() -> None:
    world = World()
    world.invoke()
    with pytest.raises(
        LoadError, match=r"^what get.load loads is not in memory, and OSError at memory_model.py:\d+$"
    ) as raised:
        world.get(OSError("no route"))
    assert isinstance(raised.value.__cause__, OSError)
    with pytest.raises(LoadError, match="is not tried again yet"):
        world.get("never loaded")
    world.invoke(after=1, remaining_ms=50)
    with pytest.raises(LoadError, match="no time is left"):
        world.get("never loaded")


@pytest.mark.parametrize("key", ["session:8f3a", "8f3a"])
def test_a_key_is_never_told_for_it_may_be_a_visitors(key: str) -> None:
    world = World()
    world.memory.max_bytes = 10_000
    for how in ({}, {"stale": 100.0}):
        world.get("old", key, ttl=1)
        world.invoke(after=2)
        try:
            world.get(OSError("gone"), key, ttl=1, **how)
        except LoadError as error:
            assert str(error).startswith("what get.load loads is not in memory")
        world.memory.forget()
    assert world.environment.failure.startswith("memory get.load: OSError at memory_model.py:")
    world.get("x" * 20_000, key)
    assert "8f3a" not in world.environment.failure


class Rules:
    def __call__(self, milliseconds: float) -> str:
        raise OSError


@pytest.mark.parametrize(
    ("load", "name"),
    [(Rules(), "Rules"), (Rules().__call__, "Rules.__call__"), (partial(Rules()), "partial")],
)
def test_whatever_can_be_called_has_a_name_to_be_told_by(load: Callable[[float], str], name: str) -> None:
    with pytest.raises(LoadError, match=f"^what {name} loads is not"):
        World().memory.get("rules", load, ttl=1)


def test_an_error_without_readable_text_serves_the_old_value_as_well() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    world = World()
    world.get("old", ttl=1)
    world.invoke(after=2)
    assert world.get(Unspeakable(), ttl=1, stale=60) == "old"
    world.memory.forget()
    with pytest.raises(LoadError, match="Unspeakable"):
        world.get(Unspeakable())


def test_a_load_that_asks_for_itself_gets_the_old_value_or_an_error() -> None:
    world = World()

    def load(milliseconds: float) -> str:
        return f"after {world.get('inner', ttl=10, stale=60)}"

    with pytest.raises(LoadError, match="it is being loaded already"):
        world.memory.get("rules", load, ttl=10)
    world.memory.forget()
    world.get("old", ttl=10)
    world.invoke(after=20)
    assert world.memory.get("rules", load, ttl=10) == "after old"


def test_the_end_of_the_process_passes_through_a_load() -> None:
    world = World()

    def leave(milliseconds: float) -> object:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        world.memory.get("rules", leave, ttl=10)
    assert world.get("here", ttl=10) == "here"


def test_what_was_being_loaded_when_all_was_forgotten_is_not_kept() -> None:
    world = World()

    def load(milliseconds: float) -> str:
        world.memory.forget("other")
        return "perhaps of the old release"

    assert world.memory.get("rules", load, ttl=10) == "perhaps of the old release"
    assert world.get("of the new one") == "of the new one"


def test_an_old_value_that_was_forgotten_during_a_failing_load_does_not_serve() -> None:
    world = World()
    world.get("old", ttl=1)
    world.invoke(after=2)

    def load(milliseconds: float) -> str:
        world.memory.renew("2")
        raise OSError("gone")

    with pytest.raises(LoadError, match="and OSError"):
        world.memory.get("rules", load, ttl=1, stale=60)


def test_a_load_that_takes_longer_than_it_may_is_counted_and_told(
    edge: Edge, clock: HandClock, output: Output
) -> None:
    def load_rules(milliseconds: float) -> str:
        clock.pass_time(edge.environment.invocation * 0.055)
        return "all"

    @edge.viewer_request
    def rules(request: Request) -> None:
        assert edge.memory.get("rules", load_rules, ttl=0, deadline_ms=50) == "all"

    for _ in range(3):
        edge(load_event("viewer-request"), Context())
    told = [str(record.get("failure")).rpartition(".")[2] for record in output.records]
    assert told == [
        "None",  # a few milliseconds are for what comes after the waiting
        "load_rules: LoadError: took 110 ms of 50",
        "load_rules: LoadError: took 165 ms of 50",
    ]
    assert [record["failed_steps"] for record in output.records] == [0, 1, 2]


def test_a_refresh_that_fails_is_told_while_the_visitor_gets_the_old_value(
    edge: Edge, clock: HandClock, output: Output
) -> None:
    @edge.viewer_request
    def greet(request: Request) -> None:
        def load(milliseconds: float) -> str:
            if edge.environment.invocation > 1:
                raise TimeoutError("no answer")
            return "dark"

        request.headers.set("X-Theme", edge.memory.get("theme", load, ttl=60, stale=3600))

    for _ in range(2):
        answer = edge(load_event("viewer-request"), Context())
        assert answer["headers"]["x-theme"][0]["value"] == "dark"
        clock.pass_time(100)
    assert output.records[1]["failure"].startswith("memory greet.load: TimeoutError at test_memory_loads.py:")
