"""What is counted in a simulation, and what comes of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.edge import Edge

from .events import number_of
from .fleet import Environment
from .usage import Usage

_MINUTE = 60.0
_MOST_POINTS = 120  # of a plot


@dataclass(frozen=True, slots=True)
class Point:
    """A stretch of the simulation that begins `at` seconds: its records, of which some were printed because they could
    not be sent, and others are lost; and how long visitors waited, in milliseconds."""

    at: float
    made: int
    printed: int
    lost: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one delivery. made = sent + dropped + pending, by the couriers' own counters.

    `waited` is what a visitor waits longer, in milliseconds. `pending` is what was in the memory of environments when
    they ended; of it, `lost` never reached the collector. `dropped` was printed on standard output instead.
    `duplicated` counts arrivals of records after their first. `hits` are the shares of what steps asked memory for and
    found there: `rules`, the same for all requests, and `path`, one value for each; None if nothing was asked for.
    """

    delivery: str
    visits: int
    invocations: int
    environments: int
    waited_p50_ms: float
    waited_p99_ms: float
    waited_most_ms: float
    made: int
    sent: int
    retried: int
    dropped: int
    pending: int
    lost: int
    duplicated: int
    hits: dict[str, float | None]
    usages: dict[str, Usage]
    points: tuple[Point, ...]

    @property
    def cold_share(self) -> float:
        return self.environments / self.invocations if self.invocations else 0.0

    def facts(self) -> dict[str, Any]:
        """As an object for JSON."""
        return {**asdict(self), "cold_share": round(self.cold_share, 6)}


class Tally:
    """Notes what happens. Records are known by the number of their visit and their trigger."""

    def __init__(self, seconds: float) -> None:
        self._width = max(_MINUTE, _MINUTE * -(-seconds // (_MINUTE * _MOST_POINTS)))
        self._last = max(0, int(-(-seconds // self._width)) - 1)
        self._times: dict[int, float] = {}
        self._seen: dict[int, int] = {}
        self._printed: set[int] = set()
        self._waits: dict[int, array[float]] = {}
        self._sent = self._retried = self._dropped = self._pending = 0
        self._gets = {"rules": 0, "path": 0}
        self._loads = {"rules": 0, "path": 0}

    def note_invocation(self, number: int, trigger: str, at: float, waited: float) -> None:
        self._times[_key(number, trigger)] = at
        waits = self._waits.setdefault(self._place(at), array("d"))
        waits.append(max(0.0, round(waited * 1000, 6)))

    def note_arrival(self, record: dict[str, Any]) -> None:
        key = _key_of(record)
        self._seen[key] = self._seen.get(key, 0) + 1

    def note_printed(self, record: dict[str, Any]) -> None:
        self._printed.add(_key_of(record))

    def note_end(self, environment: Environment) -> None:
        delivery = environment.delivery
        self._sent += delivery.sent
        self._retried += delivery.retried
        self._dropped += delivery.dropped
        self._pending += getattr(delivery, "pending", 0)  # standard output keeps nothing

    def look_up(self, edge: Edge, kind: str, key: str, ttl: float) -> None:
        """Ask the memory of an environment, as a step would; a load takes no time."""
        self._gets[kind] += 1

        def load(_: float) -> int:
            self._loads[kind] += 1
            return 1

        edge.memory.get(key, load, ttl=ttl)

    def outcome(self, delivery: str, environments: int, usages: dict[str, Usage]) -> Outcome:
        waits = sorted(wait for waits in self._waits.values() for wait in waits)
        points = tuple(self._points())
        visits = sum(key % 2 == 0 for key in self._times)
        return Outcome(
            delivery=delivery,
            visits=visits,
            invocations=len(waits),
            environments=environments,
            waited_p50_ms=percentile(waits, 50),
            waited_p99_ms=percentile(waits, 99),
            waited_most_ms=waits[-1] if waits else 0.0,
            made=len(self._times),
            sent=self._sent,
            retried=self._retried,
            dropped=self._dropped,
            pending=self._pending,
            lost=sum(point.lost for point in points),
            duplicated=sum(self._seen.values()) - len(self._seen),
            hits={kind: 1 - self._loads[kind] / gets if gets else None for kind, gets in self._gets.items()},
            usages=usages,
            points=points,
        )

    def _place(self, at: float) -> int:
        """The stretch of the plot; what an origin answered a moment after the end belongs to the last one."""
        return min(int(at // self._width), self._last)

    def _points(self) -> Iterator[Point]:
        printed, lost = Counter[int](), Counter[int]()
        for key, at in self._times.items():
            if key not in self._seen:
                absent = printed if key in self._printed else lost
                absent[self._place(at)] += 1
        for place in range(self._last + 1):
            waits = sorted(self._waits.get(place, ()))
            p50, p99 = percentile(waits, 50), percentile(waits, 99)
            yield Point(place * self._width, len(waits), printed[place], lost[place], p50, p99)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest of the ordered values that `percent` of them do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def _key(number: int, trigger: str) -> int:
    return 2 * number + (trigger != "viewer-request")


def _key_of(record: dict[str, Any]) -> int:
    return _key(number_of(record["record_id"]), record["trigger"])
