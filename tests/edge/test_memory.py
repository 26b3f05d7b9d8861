"""The memory of an environment: held against a simple model while time moves, and at its edges."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edge.memory_model import Model, World
from edgewise.edge import Edge, LoadError, Request
from edgewise.edge.environment import Environment
from edgewise.edge.memory import OWN
from edgewise.edge.weight import weigh

KEYS = st.sampled_from(["a", "a:1", "a:2", "b", "b:1", "c"])
# Few, so that sums of them meet: what matters happens at the moment when a time is over.
SECONDS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.5, 40.0])


class MemoryBesideModel(RuleBasedStateMachine):
    """Whatever happens in whatever order: the memory does what the model does, and its counters add up."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.model = World(), Model()
        self.world.memory.max_entries, self.world.memory.max_bytes = Model.most_entries, Model.most_bytes
        self.remaining_ms = 5000
        self.counted = dict.fromkeys(("hit", "load", "stale", "waited", "error"), 0)
        self.generation: str | None = None

    @rule(after=SECONDS, remaining_ms=st.sampled_from([5000, 5000, 5000, 101, 100, 0]))
    def invoke(self, after: float, remaining_ms: int) -> None:
        self.remaining_ms = remaining_ms
        self.world.invoke(after, remaining_ms)

    @rule(back=SECONDS)
    def set_the_clock_back(self, back: float) -> None:
        self.world.invoke(-back, self.remaining_ms)

    @rule(prefix=st.sampled_from(["a", "b:", "c", "d"]))
    def forget(self, prefix: str) -> None:
        before = len(self.model.known)
        self.model.forget(prefix)
        assert self.world.memory.forget(prefix) == before - len(self.model.known)

    @rule(generation=st.sampled_from(["", "1", "2"]))
    def renew(self, generation: str) -> None:
        is_new = generation != self.generation
        if is_new:
            self.model.forget("")
        assert self.world.memory.renew(generation) == is_new
        self.generation = generation

    @rule(
        key=KEYS,
        outcome=st.sampled_from([100, 100, 1000, 3000, 9000, None, "fails", "fails", "fails"]),
        ttl=SECONDS,
        stale=SECONDS,
        negative_ttl=SECONDS,
    )
    def get(self, key: str, outcome: object, **how: float) -> None:
        value: object = ValueError("not now") if outcome == "fails" else outcome
        if isinstance(value, int):  # a text of that length, never the same twice
            value = str(sum(self.counted.values())).ljust(value)
        clock, environment = self.world.clock, self.world.environment
        in_time = environment.invocation == 0 or self.remaining_ms > 100
        what, expected = self.model.get(key, value, clock.now(), environment.invocation, in_time, **how)
        self.counted[what] += 1
        if what == "error":
            with pytest.raises(LoadError):
                self.world.get(value, key, **how)
        else:
            assert self.world.get(value, key, **how) is expected

    @invariant()
    def the_counters_add_up(self) -> None:
        memory, counted = self.world.memory, self.counted
        assert memory.hits == counted["hit"] + counted["stale"]
        assert memory.misses == counted["load"] + counted["waited"] + counted["error"]
        assert memory.stale == counted["stale"] + counted["waited"]
        assert memory.loads == len(self.world.loads) == counted["load"] + memory.errors

    @invariant()
    def the_bounds_hold(self) -> None:
        memory = self.world.memory
        assert (len(memory), memory.bytes) == (len(self.model.known), self.model.bytes())
        assert len(memory) <= Model.most_entries and memory.bytes <= Model.most_bytes


MemoryBesideModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_the_memory_does_what_its_model_does = MemoryBesideModel.TestCase


@given(ttl=st.floats(0, 1e6), random=st.floats(0, 1, exclude_max=True))
def test_a_value_is_never_older_than_its_ttl_and_is_fresh_for_nine_tenths_of_it(
    ttl: float, random: float
) -> None:
    world = World(lambda: random)
    world.get("old", ttl=ttl)
    for share, seen in ((0.899, "old"), (1.001, "new")):
        world.invoke()
        world.clock.seconds = World().clock.seconds + ttl * share + (0 if share < 1 else 1e-5)
        world.invoke()
        if ttl * share > 1e-3:
            assert world.get("new", ttl=ttl) == seen


def test_environments_that_start_together_do_not_load_together_for_ever() -> None:
    ages = []
    for _ in range(20):
        environment = Environment(clock := HandClock(), ENVIRON)
        environment.memory.get("rules", lambda _: "loaded", ttl=1000)
        while environment.memory.misses == 1:
            clock.pass_time(1)
            environment.enter(Context())
            environment.memory.get("rules", lambda _: "loaded", ttl=1000)
        ages.append(clock.seconds - HandClock().seconds)
    assert 900 <= min(ages) < max(ages) <= 1000
    assert len(set(ages)) > 5


def test_a_value_does_not_change_while_an_invocation_lasts() -> None:
    world = World()
    world.invoke()
    assert world.get("first", ttl=10) == "first"
    world.clock.pass_time(25)
    assert world.get("second", ttl=10) == "first"
    world.invoke()
    assert world.get("third", ttl=10) == "third"


def test_a_clock_that_was_set_back_makes_no_value_last_longer() -> None:
    world = World()
    world.invoke()
    world.get("old")
    world.invoke(after=-3600)
    assert world.get("new") == "new"
    world.invoke(after=-3600)
    assert world.get(OSError("gone")) == "new"  # which may be old by now, but is all there is


def test_a_ttl_of_nothing_means_once_in_each_invocation() -> None:
    world = World()
    for number in range(3):
        world.invoke()
        assert [world.get(f"{number}.{times}", ttl=0) for times in range(3)] == [f"{number}.0"] * 3
    assert (world.memory.hits, world.memory.misses) == (6, 3)


def test_what_this_invocation_used_last_goes_last() -> None:
    world = World()
    world.memory.max_entries = 2
    world.invoke()
    for key in ("a", "b", "a", "c", "a"):
        world.get(key, key, ttl=0)
    assert (world.memory.loads, world.memory.evicted) == (3, 1)


@pytest.mark.parametrize(("how", "seconds"), [({}, 10), ({"ttl": 4.0}, 4), ({"negative_ttl": 30.0}, 30)])
def test_that_there_is_no_such_thing_is_believed_for_a_shorter_time(
    how: dict[str, Any], seconds: float
) -> None:
    world = World()
    assert world.get(None, **how) is None
    world.invoke(after=seconds - 0.25)
    assert world.get("there", **how) is None
    world.invoke(after=0.25)
    assert world.get("there", **how) == "there"


@pytest.mark.parametrize("endless", ["ttl", "stale"])
def test_a_value_may_serve_for_ever(endless: str) -> None:
    world = World()
    how: dict[str, Any] = {"ttl": 1.0, endless: float("inf")}
    world.get("old", **how)
    world.invoke(after=20 * 365 * 86_400)
    assert world.get(OSError("gone"), **how) == "old"


def test_a_value_over_the_bound_is_handed_over_but_not_kept_and_that_is_told() -> None:
    world = World()
    world.memory.max_bytes = 10_000
    world.get("small", "rules")
    world.memory.forget()
    world.get("small", "other")
    assert len(world.get("x" * 20_000, "rules")) == 20_000  # type: ignore[arg-type]
    assert world.get("small", "other") == "small"
    assert len(world.memory) == 1
    assert "memory get.load: LoadError: takes more than 10,000 bytes" in world.environment.failure


def test_a_value_over_the_bound_is_loaded_once_in_each_invocation_and_takes_no_old_one_away() -> None:
    world = World()
    world.memory.max_bytes = 10_000
    world.get("old", ttl=1)
    world.invoke(after=2)
    large = "x" * 20_000
    assert [world.get(large, ttl=1) for _ in range(3)] == [large] * 3
    assert (len(world.loads), world.memory.hits, world.memory.misses) == (2, 2, 2)
    world.invoke()
    assert world.get(OSError("gone"), ttl=1, stale=60) == "old"
    world.invoke(after=2)
    world.get(large)
    assert world.memory.forget() == 1
    world.get(large)
    assert len(world.loads) == 5


def test_a_memory_without_room_still_asks_once_in_an_invocation() -> None:
    world = World()
    world.memory.max_bytes = 0
    for _ in range(3):
        with pytest.raises(LoadError):
            world.get(OSError("gone"), "dead")
        assert world.get("here", "alive") == "here"
    assert len(world.loads) == 2


def test_who_knows_what_a_value_takes_can_say_so() -> None:
    world = World()
    held = bytes(50_000)
    for size, least in ((None, 0), (50_000, 50_000)):
        world.memory.get("rules", lambda _: lambda: held, ttl=0, size=size)
        assert least <= world.memory.bytes < least + 1_000
        world.invoke()


def test_what_the_runtime_keeps_stays_when_a_step_forgets_everything() -> None:
    collected: list[str] = []

    def load(milliseconds: float) -> str:
        collected.append("asked")
        return "a token"

    world = World()
    world.get("all", "rules")
    for forget in (world.memory.forget, lambda: world.memory.forget(OWN), lambda: world.memory.renew("2")):
        world.memory.get(f"{OWN}secret", load, ttl=60)
        forget()
    world.memory.get(f"{OWN}secret", load, ttl=60)
    assert (len(collected), len(world.memory)) == (1, 1)


def test_the_runtime_drops_what_it_keeps_for_itself_by_its_key() -> None:
    world = World()
    world.memory.get(f"{OWN}salt", lambda _: "of a day", ttl=60)
    world.memory.drop(f"{OWN}salt")
    world.memory.drop(f"{OWN}salt")  # as there may be none
    assert (len(world.memory), world.memory.bytes) == (0, 0)
    assert world.memory.get(f"{OWN}salt", lambda _: "of the next", ttl=60) == "of the next"


def test_an_old_value_that_serves_at_once_is_a_hit_and_one_that_was_waited_for_is_not() -> None:
    world = World()
    world.get("old", ttl=1)
    for _ in range(10):
        world.invoke(after=1)
        assert world.get(OSError("gone"), ttl=1, stale=3600) == "old"
    memory = world.memory
    assert (memory.loads, memory.stale) == (5, 10)  # tried after 1, 2, 4 and 8 seconds
    assert (memory.hits, memory.misses) == (6, 5)


def json_of(number: int) -> object:
    return json.loads(json.dumps({"id": number + 1000, "name": f"n{number}", "roles": ["a", f"b{number}"]}))


@pytest.mark.parametrize(
    ("make", "enough"),  # `enough` values to fill it
    [
        (lambda number: None, 4000),
        (str, 4000),
        (float, 4000),
        (json_of, 1500),
        (lambda number: b"x" * (number % 900), 4000),
    ],
)
def test_the_bound_holds_for_what_the_interpreter_really_allocates(
    make: Callable[[int], object], enough: int
) -> None:
    world = World()
    world.memory.max_entries, world.memory.max_bytes = 1_000_000, 1_000_000
    tracemalloc.start()
    try:
        before, grown = tracemalloc.get_traced_memory()[0], []
        for number in range(3 * enough):
            world.environment.enter(Context())
            world.get(make(number), f"visitor:{number:032x}")
            world.loads.clear()
            if (number + 1) % enough == 0:
                grown.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()
    assert 990_000 < world.memory.bytes <= 1_000_000
    assert max(grown) <= 1_000_000
    assert grown[2] - grown[1] < 30_000  # nothing grows with the number of requests


class Rule:
    shared = ("x" * 1_000_000,)

    def __init__(self) -> None:
        self.text = "y" * 5_000
        self.again = self.text
        self.itself = self


def test_an_object_weighs_what_it_alone_holds() -> None:
    assert 5_000 < weigh(Rule(), sys.maxsize) < 6_500
    assert weigh({"k" * 3_000: None}, sys.maxsize) > 3_000
    assert weigh([Rule, json.dumps, len, json], sys.maxsize) < 500
    assert 1_000 < weigh([0.5] * 1_000_000, 1_000) < 9_000_000
    tree: object = "leaf"
    for _ in range(10_000):
        tree = [tree, tree]
    assert weigh(tree, sys.maxsize) > 0


class Witness(str):
    """A text that notes that somebody asked for its size."""

    __slots__ = ("asked",)
    counted = 0

    def __sizeof__(self) -> int:
        Witness.counted += 1
        return 100


def test_what_weighing_looks_at_does_not_grow_with_the_value() -> None:
    looked = []
    for many in (10_000, 100_000):
        Witness.counted = 0
        weigh({Witness(number): [Witness(-number)] for number in range(many)}, sys.maxsize)
        looked.append(Witness.counted)
    assert looked[0] == looked[1] < 1_000


def every_object(value: object) -> int:
    """Bytes of values as JSON has them, counted in the plainest way."""
    seen: dict[int, object] = {}
    found = [value]
    while found:
        one = found.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            found += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
    return sum(sys.getsizeof(one) + 8 for one in seen.values())


def fresh(value: object) -> object:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        fresh({f"/path/{number}": f"/target/{number}" for number in range(20_000)}),
        fresh({"rules": {f"/{number}": f"/to/{number}" for number in range(9_000)}, "text": "x" * 300_000}),
        fresh([{"id": n, "path": f"/p/{n}", "rules": [n, n + 0.5, str(n)]} for n in range(5_000)]),
        fresh({f"h{n}": {f"/p/{m}": [str(m), {"a": m}] for m in range(7 * n % 150)} for n in range(100)}),
        fresh([["x" * (37 * n % 900)] for n in range(10_000)]),
        fresh([{"id": n, "name": f"n{n}"} for n in range(60)]),
    ],
    ids=["redirects", "two kinds", "records", "nested", "texts", "few"],
)
def test_a_large_value_is_estimated_well_enough(value: object) -> None:
    assert 0.8 < weigh(value, sys.maxsize) / every_object(value) < 1.25


def test_steps_use_the_memory_and_records_count_it(edge: Edge, clock: HandClock, output: Output) -> None:
    @edge.viewer_request
    def greet(request: Request) -> None:
        theme = edge.memory.get("theme", lambda _: "dark", ttl=60)
        request.headers.set("X-Theme", edge.memory.get("theme", lambda _: theme, ttl=60))

    for _ in range(3):
        answer = edge(load_event("viewer-request"), Context())
        assert answer["headers"]["x-theme"][0]["value"] == "dark"
        clock.pass_time(40)
    counted = [(record["memory_hits"], record["memory_misses"]) for record in output.records]
    assert counted == [(1, 1), (3, 1), (4, 2)]


def test_the_origin_is_shown_when_the_environment_began(clock: HandClock, output: Output) -> None:
    settings = {"log": {"delivery": "stdout"}, "persistence": {"header": "X-Environment-Born"}}
    edge = Edge(settings, clock=clock, write=output, environ=ENVIRON)
    for _ in range(2):
        event = load_event("origin-request")
        event["Records"][0]["cf"]["request"]["headers"]["x-environment-born"] = [
            {"key": "X-Environment-Born", "value": "a visitor's"}
        ]
        headers = edge(event, Context())["headers"]
        assert headers["x-environment-born"] == [
            {"key": "X-Environment-Born", "value": "2027-01-15T08:00:00.000000Z"}
        ]
        clock.pass_time(3600)
    assert "x-environment-born" not in edge(load_event("viewer-request"), Context())["headers"]


def test_without_the_setting_the_origin_is_shown_nothing(edge: Edge) -> None:
    assert (
        edge(load_event("origin-request"), Context())
        == load_event("origin-request")["Records"][0]["cf"]["request"]
    )
