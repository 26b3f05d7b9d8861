"""The environments of one function in one region: which of them serves, which are frozen, which have ended.

Each has a real `Edge` and a clock of its own. Modelled, as AWS documents none of it: the environment that was used last
is used first; one ends when it is older than its lifetime, or was idle for too long.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from edgewise.edge import Edge

from .network import VirtualClock

if TYPE_CHECKING:
    from edgewise.edge.delivery import Delivery

Event = dict[str, Any]
TIMEOUT_MS = 5000  # a viewer function's


class Context:
    """The part of Lambda's context that the runtime uses."""

    __slots__ = ("_clock", "_deadline", "aws_request_id")

    def __init__(self, clock: VirtualClock, request_id: str) -> None:
        self._clock = clock
        self._deadline = clock.seconds + TIMEOUT_MS / 1000
        self.aws_request_id = request_id

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - self._clock.seconds) * 1000))


class Environment:
    """One execution environment: what runs in it, and how long AWS keeps it."""

    __slots__ = ("_dies_at", "_idle", "clock", "delivery", "edge", "free_at")

    def __init__(
        self, edge: Edge, delivery: Delivery, clock: VirtualClock, dies_at: float, idle: float
    ) -> None:
        self.edge = edge
        self.delivery = delivery
        self.clock = clock
        self.free_at = clock.seconds
        self._dies_at = dies_at
        self._idle = idle

    def is_alive(self, at: float) -> bool:
        return at < min(self._dies_at, self.free_at + self._idle)

    def invoke(self, at: float, event: Event, request_id: str) -> float:
        """Wake up, handle, freeze again. The seconds that it took."""
        self.clock.seconds = at
        self.edge(event, Context(self.clock, request_id))
        self.free_at = self.clock.seconds
        return self.free_at - at


class Fleet:
    """Routes calls, which come in the order of their time."""

    __slots__ = ("_busy", "_calls", "_end", "_make", "_warm", "made")

    def __init__(self, make: Callable[[float], Environment], end: Callable[[Environment], None]) -> None:
        """`make` an environment at a moment; `end` is told of each that has ended."""
        self._make = make
        self._end = end
        self._warm: list[Environment] = []  # the one that was used last comes last
        self._busy: list[tuple[float, int, Environment]] = []
        self._calls = 0
        self.made = 0  # environments, each of which began with a cold start

    def serve(self, at: float, event: Event, request_id: str) -> float:
        """The seconds that the invocation took."""
        while self._busy and self._busy[0][0] <= at:
            self._warm.append(heappop(self._busy)[2])
        environment = self._take(at)
        took = environment.invoke(at, event, request_id)
        self._calls += 1  # so that no two entries are equal
        heappush(self._busy, (environment.free_at, self._calls, environment))
        return took

    def close(self) -> None:
        """Traffic is over: sooner or later every environment ends, with what is in its memory."""
        for environment in [*self._warm, *(entry[2] for entry in self._busy)]:
            self._end(environment)

    def _take(self, at: float) -> Environment:
        while self._warm:
            environment = self._warm.pop()
            if environment.is_alive(at):
                return environment
            self._end(environment)
        self.made += 1
        return self._make(at)
