"""The alarms, checked: a part of the model in `model.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarms:
    """What is too much, and who is told: an `email` by a topic of the template's, or the ARN of a `topic`.

    Counts are those of five minutes.
    """

    email: str | None
    topic: str | None
    error_percent: float
    least_requests: int
    function_errors: float
    duration_ms: float
    dropped: float
    dashboard: bool
    more_metrics: bool
