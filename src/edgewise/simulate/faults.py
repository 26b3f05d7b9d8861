"""When a collector is ill, and how. Times are seconds from the start of the simulation.

| kind | what it does |
|---|---|
| `dead` | ends every connection and refuses new ones |
| `hang` | opens no connection, takes no request, says nothing |
| `503` | answers 503 and stores nothing |
| `lying` | answers 200 and stores nothing |
| `slow` | stores, and answers SLOW_SECONDS later |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("dead", "hang", "503", "lying", "slow")
SLOW_SECONDS = 15.0  # longer than the courier has patience with an answer


@dataclass(frozen=True, slots=True)
class Fault:
    """From `start` on and before `stop` the collector has the fault `kind`."""

    start: float
    stop: float
    kind: str


class Faults:
    """A schedule of faults that do not overlap, in their order."""

    __slots__ = ("_faults",)

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = faults

    def at(self, moment: float) -> str:
        """The kind of the fault at a moment; empty if there is none."""
        for fault in self._faults:
            if fault.start <= moment < fault.stop:
                return fault.kind
        return ""

    def next_death(self, since: float) -> float:
        """When the collector next ends its connections, at `since` or later; infinite if it never does."""
        starts = (fault.start for fault in self._faults if fault.kind == "dead" and fault.start >= since)
        return min(starts, default=float("inf"))
