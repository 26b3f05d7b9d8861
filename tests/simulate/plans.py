"""Small plans, so that a simulation takes a moment."""

from __future__ import annotations

from typing import Any

from edgewise.simulate import Plan
from edgewise.simulate.deliveries import SETTINGS
from edgewise.simulate.parsing import Spread, parse_faults
from edgewise.simulate.traffic import RateTraffic


def plan(*faults: str, rate: float = 5, seconds: float = 60, miss: float = 0.3, **others: Any) -> Plan:
    """A plan of which `others` are fields."""
    seed = others.get("seed", 1)
    values: dict[str, Any] = {
        "traffic": RateTraffic(rate, seconds, {"us-east-1": 0.6, "eu-central-1": 0.4}, miss, seed),
        "seconds": seconds,
        "lifetime": Spread(7200, 14_400),
        "idle": Spread(600, 600),
        "round_trips": dict.fromkeys(SETTINGS, 0.08),
        "keep_alive": 60.0,
        "faults": parse_faults(faults),
        "budget_ms": 50,
        "work": 0.001,
        "ttl": 300.0,
        "seed": seed,
    }
    return Plan(**(values | others))
