"""Which traffic the options of a simulation mean: that of access logs, or one made up from a rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise.cli.simulating.logs import read_logs
from edgewise.simulate import PlanError
from edgewise.simulate.traffic import LogTraffic, RateTraffic

_MOST_REQUESTS = 5_000_000  # each is remembered until the end


@dataclass(frozen=True, slots=True)
class Chosen:
    """The traffic, and how many lines of its logs hold no request."""

    traffic: LogTraffic | RateTraffic
    skipped: int


def choose_traffic(
    log: Sequence[Path],
    rate: float | None,
    minutes: float | None,
    shares: Mapping[str, float],
    miss: float,
    seed: int,
) -> Chosen:
    """Without `minutes`, the whole log or an hour. PlanError for what cannot be."""
    if minutes is not None and not 0 < minutes < float("inf"):
        raise PlanError(f"{minutes:g} minutes is no time", hint="Give a number above 0.")
    if log and rate is not None:
        raise PlanError("a log has a rate of its own", hint="Give --log or --rate.")
    if log:
        logged, skipped = read_logs(log)
        times = [visit.at for visit in logged]
        seconds = float(max(times) - min(times) + 1) if minutes is None else minutes * 60
        return Chosen(LogTraffic(logged, seconds, shares, miss, seed), skipped)
    rate = 50.0 if rate is None else rate
    made_up = RateTraffic(rate, 3600.0 if minutes is None else minutes * 60, shares, miss, seed)
    _check_amount(made_up)
    return Chosen(made_up, skipped=0)


def _check_amount(traffic: RateTraffic) -> None:
    if not 0 < traffic.rate * traffic.seconds <= _MOST_REQUESTS:
        raise PlanError(
            f"{traffic.rate:g} requests a second for {traffic.seconds / 60:g} minutes cannot be simulated",
            hint=f"Give a rate above 0, and less than {_MOST_REQUESTS:,} requests in all.",
        )
