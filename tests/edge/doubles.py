"""What the tests pass to the edge runtime in place of AWS: events, a context, a clock, standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.edge.environment import Clock

EVENTS = Path(__file__).parent / "events"
ENVIRON = {"AWS_REGION": "eu-west-2", "AWS_LAMBDA_FUNCTION_VERSION": "7"}


def load_event(trigger: str) -> dict[str, Any]:
    """A fresh copy of the golden event of `trigger`."""
    event: dict[str, Any] = json.loads((EVENTS / f"{trigger}.json").read_text())
    return event


class Context:
    """The part of Lambda's context that the runtime uses."""

    def __init__(
        self, aws_request_id: str = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", remaining_ms: int = 5000
    ) -> None:
        self.aws_request_id = aws_request_id
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class HandClock(Clock):
    """Stands still unless it is moved; a frozen environment is a clock moved far."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def now(self) -> int:
        return round(self.seconds * 1_000_000)

    def ticks(self) -> float:
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds


class Output:
    """Standard output: call it to write a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def notes(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("{")]
