"""What one execution environment knows of itself. It lives in memory for as long as AWS keeps the environment,
which is frozen between invocations: there are no threads and no timers here."""

from __future__ import annotations

import os
import time

from .errors import describe
from .memory import Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_FAILURE_CHARACTERS = 300


class Clock:
    """Wall time and a steady counter. Tests pass their own."""

    __slots__ = ()

    def now(self) -> int:
        """Microseconds since the epoch. Runs on while the environment is frozen."""
        return time.time_ns() // 1000

    def ticks(self) -> float:
        """Seconds from an arbitrary start; for durations inside one invocation."""
        return time.perf_counter()


class Environment:
    """Identity, age, memory and failures of an execution environment, and the present invocation: when it began, how
    long it may last, and Lambda's `context`, None during the start."""

    __slots__ = (
        "born",
        "clock",
        "context",
        "entered",
        "environ",
        "environment_id",
        "failed_steps",
        "failure",
        "function_version",
        "invocation",
        "memory",
        "noted",
        "region",
        "started",
    )

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        self.clock = clock
        self.environ = environ
        self.environment_id = os.urandom(8).hex()
        self.region = environ.get("AWS_REGION")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.born = self.entered = clock.now()
        self.started = clock.ticks()
        self.invocation = 0
        self.failed_steps = 0
        self.failure = ""
        # Facts of the present invocation that a step adds to its record; fields that no record has are left out.
        self.noted: dict[str, Any] = {}
        self.context: Any = None
        self.memory = Memory(self)

    def enter(self, context: Any = None) -> None:
        """An invocation begins; `context` is Lambda's."""
        self.invocation += 1
        self.noted = {}
        self.context = context
        self.entered = self.clock.now()
        self.started = self.clock.ticks()

    def age_ms(self) -> int:
        """Milliseconds from this environment's start to that of the present invocation, frozen time included."""
        return max(0, (self.entered - self.born) // 1000)

    def elapsed_ms(self) -> float:
        """Milliseconds that the present invocation has taken so far."""
        return round((self.clock.ticks() - self.started) * 1000, 3)

    def remaining_ms(self) -> float:
        """Milliseconds that Lambda leaves the present invocation; infinite where nobody says, as during the start."""
        remaining = getattr(self.context, "get_remaining_time_in_millis", None)
        return float("inf") if remaining is None else float(remaining())

    def note_failure(self, step: str, fault: Exception) -> None:
        """Count a failed step; the next record says which and why. Never raises, whatever `fault` is."""
        self.failed_steps += 1
        self.failure = f"{step}: {describe(fault)}"[:_FAILURE_CHARACTERS]
