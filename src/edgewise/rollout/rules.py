"""The rules of the judge, with the values that they have when a site says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from edgewise.rollout.errors import RulesError

# Least and most of each rule; latency_factor may be 0 too.
RANGES: Final[dict[str, tuple[float, float]]] = {
    "false_rollback_percent": (0.01, 10),
    "least_requests": (1, 1_000_000),
    "least_visitors": (1, 1000),
    "least_difference_percent": (0, 100),
    "most_error_percent": (0.1, 99),
    "latency_factor": (1.05, 100),
    "fresh_minutes": (1, 1440),
    "settle_seconds": (1, 600),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """`false_rollback_percent`: of releases that are no worse than what they replace, as many go back at most.

    Any rollback needs `least_visitors` who met what it is for (a visitor counts once; where visitors are not known each
    request does); one for errors, a share `least_difference_percent` points above the old version's. A promotion
    needs `least_requests` answers of each version in the step. Above `most_error_percent` a version is bad whatever the
    other one does; one whose answers take `latency_factor` times as long is too slow (0: time does not matter). Records
    are waited for `settle_seconds`; without any for `fresh_minutes` nothing is promoted.
    """

    false_rollback_percent: float = 1.0
    least_requests: int = 50
    least_visitors: int = 3
    least_difference_percent: float = 0.2
    most_error_percent: float = 10.0
    latency_factor: float = 1.5
    fresh_minutes: float = 10.0
    settle_seconds: float = 20.0


def rules_from(given: Mapping[str, Any]) -> Rules:
    """Rules with some values set. Raises `RulesError`, which names the one at fault."""
    known = {each.name: each.type for each in fields(Rules)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise RulesError(f"there is no such rule; rules are {', '.join(known)}", key=name)
        least, most = RANGES[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RulesError("expected a number", key=name)
        if not least <= value <= most and not (name == "latency_factor" and value == 0):
            raise RulesError(f"expected a number from {least:g} to {most:g}", key=name)
        values[name] = int(value) if known[name] == "int" else float(value)
    return Rules(**values)
