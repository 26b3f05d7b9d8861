"""A memory in the test's hands, and a model of its rules in the plainest words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge.doubles import ENVIRON, Context, HandClock
from edgewise.edge import LoadError
from edgewise.edge.environment import Environment
from edgewise.edge.memory import Memory

SECOND = 1_000_000


class World:
    """A memory, and all that it depends on, in the test's hands; values are fresh for exactly their `ttl`."""

    def __init__(self, random: Callable[[], float] = lambda: 0.0) -> None:
        self.clock = HandClock()
        self.environment = Environment(self.clock, ENVIRON)
        self.memory = Memory(self.environment, random)
        self.loads: list[float] = []

    def invoke(self, after: float = 0.0, remaining_ms: int = 5000) -> None:
        """The next request comes `after` seconds."""
        self.clock.pass_time(after)
        self.environment.enter(Context(remaining_ms=remaining_ms))

    def get(self, value: object, key: str = "rules", *, ttl: float = 60.0, **how: float) -> object:
        """Get `key`, which loads as `value`; an exception is raised by the load."""

        def load(milliseconds: float) -> object:
            self.loads.append(milliseconds)
            if isinstance(value, Exception):
                raise value
            return value

        return self.memory.get(key, load, ttl=ttl, **how)


def size_of_entry(key: str, value: object) -> int:
    world = World()
    with suppress(LoadError):
        world.get(value, key)
    return world.memory.bytes


@dataclass
class Known:
    """What the model knows of a key; `stop` None: that it could not be loaded, and nothing more."""

    value: object
    size: int
    start: int = 0
    stop: int | None = None
    loaded_in: int = -1
    failed_in: int = -1
    failed_at: int = 0
    failures: int = 0

    def is_fresh(self, now: int, invocation: int) -> bool:
        return self.stop is not None and (self.start <= now < self.stop or self.loaded_in == invocation)

    def must_wait(self, now: int, invocation: int) -> bool:
        """Whether a load that failed is not to be tried again yet."""
        pause = min(2 ** (self.failures - 1), 32) * SECOND if self.failures else 0
        return self.failed_in == invocation or 0 <= now - self.failed_at < pause


class Model:
    """The rules of the memory, written down in the plainest way: a list of keys, least recently used first."""

    most_entries, most_bytes = 4, 6_000

    def __init__(self) -> None:
        self.known: list[tuple[str, Known]] = []
        self.too_large: dict[str, Known] = {}

    def find(self, key: str) -> Known | None:
        return dict(self.known).get(key)

    def put(self, key: str, known: Known) -> None:
        if known.size > self.most_bytes:
            self.too_large[key] = known
            return
        self.known = [pair for pair in self.known if pair[0] != key] + [(key, known)]
        while len(self.known) > self.most_entries or self.bytes() > self.most_bytes:
            del self.known[0]

    def bytes(self) -> int:
        return sum(known.size for _, known in self.known)

    def forget(self, prefix: str) -> None:
        self.known = [pair for pair in self.known if not pair[0].startswith(prefix)]
        self.too_large = {key: one for key, one in self.too_large.items() if not key.startswith(prefix)}

    def get(
        self, key: str, outcome: object, now: int, invocation: int, enough_time: bool, **how: Any
    ) -> tuple[str, object]:
        """What happens and what is returned. Of an old value: `stale` at once, `waited` after a load that failed."""
        known = self.find(key)
        if known is not None and known.is_fresh(now, invocation):
            self.put(key, known)
            return "hit", known.value
        if key in self.too_large and self.too_large[key].loaded_in == invocation:
            return "hit", self.too_large[key].value
        what = "stale"
        if enough_time and not (known is not None and known.must_wait(now, invocation)):
            if not isinstance(outcome, Exception):
                ttl = how["negative_ttl"] if outcome is None else how["ttl"]
                stop = now + int(ttl * SECOND)
                if known is not None:
                    known.failures = 0
                self.put(key, Known(outcome, size_of_entry(key, outcome), now, stop, invocation))
                return "load", outcome
            what = "waited"
            known = known or Known(None, size_of_entry(key, outcome))
            known.failures += 1
            known.failed_at, known.failed_in = now, invocation
            self.put(key, known)
        if known is None or known.stop is None or now >= known.stop + how["stale"] * SECOND:
            return "error", None
        self.put(key, known)
        return what, known.value
