"""Spans of time, mixes of regions, lifetimes and faults, as they are written on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .errors import PlanError
from .faults import KINDS, Fault

_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Spread:
    """Any span from `least` to `most` seconds is as likely as any other."""

    least: float
    most: float


def parse_seconds(text: str, what: str) -> float:
    """`80ms`, `1.5s` or `1h30m` in seconds. `what` it is of, for the message of a PlanError."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise PlanError(f"{text!r} is no span of time for {what}", hint="Write 80ms, 2s, 10m, 1h30m or 2d.")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def parse_spread(text: str, what: str) -> Spread:
    """`2h`, or `90m-150m`: any span between them."""
    first, dash, last = text.partition("-")
    least = parse_seconds(first, what)
    most = parse_seconds(last, what) if dash else least
    if not 0 < least <= most:
        hint = "Write the shorter span first: 90m-150m." if least else "Write a span above 0, such as 10m."
        raise PlanError(f"{text!r} is no range for {what}", hint=hint)
    return Spread(least, most)


def parse_regions(text: str, known: Iterable[str]) -> dict[str, float]:
    """`us-east-1=0.6,eu-central-1=0.4`: shares of the requests, which add up to 1. One name alone has them all."""
    shares: dict[str, float] = {}
    names = sorted(known)
    for part in text.split(","):
        name, equals, share = part.strip().partition("=")
        if name not in names:
            raise PlanError(
                f"{name!r} is no region in which functions of CloudFront run",
                hint=f"Known: {', '.join(names)}.",
            )
        if name in shares:
            raise PlanError(f"the region {name} is there twice")
        shares[name] = _share(share, name) if equals else 1.0
    if not math.isclose(sum(shares.values()), 1, abs_tol=0.001):
        raise PlanError(
            f"the shares of the regions add up to {sum(shares.values()):g}",
            hint="They are shares of all requests, and add up to 1: us-east-1=0.6,eu-central-1=0.4.",
        )
    return shares


def _share(text: str, name: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise PlanError(f"{text!r} is no share for {name}", hint="Write a number above 0 and up to 1.")
    return share


def parse_faults(texts: Sequence[str], seconds: float = math.inf) -> tuple[Fault, ...]:
    """`10m-12m=dead`, each; in the order of time, not overlapping, all begun within the `seconds` of the traffic."""
    faults = sorted((_fault(text) for text in texts), key=lambda fault: fault.start)
    for before, after in pairwise(faults):
        if after.start < before.stop:
            raise PlanError("two faults overlap", hint="A collector has one fault at a time.")
    if faults and faults[-1].start >= seconds:
        raise PlanError(f"a fault begins after the traffic, which ends after {seconds / 60:g} minutes")
    return tuple(faults)


def _fault(text: str) -> Fault:
    times, _, kind = text.partition("=")
    first, dash, last = times.partition("-")
    if not dash or kind not in KINDS:
        raise PlanError(
            f"{text!r} is no fault", hint=f"Write 10m-12m=dead, or another of {', '.join(KINDS)}."
        )
    start, stop = parse_seconds(first, "a fault"), parse_seconds(last, "a fault")
    if start >= stop:
        raise PlanError(f"the fault {text!r} ends before it begins")
    return Fault(start, stop, kind)


def parse_round_trips(texts: Sequence[str], deliveries: Sequence[str]) -> dict[str, float]:
    """Seconds for each delivery: `80ms` is for all of them, `firehose=10ms` for one."""
    everywhere, own = 0.08, {}
    for text in texts:
        name, equals, span = text.rpartition("=")
        if equals and name not in deliveries:
            raise PlanError(f"{name!r} is no delivery", hint=f"Known: {', '.join(deliveries)}.")
        if name == "stdout":
            raise PlanError("stdout has no round trip", hint="It calls nobody.")
        seconds = parse_seconds(span, "--round-trip")
        if equals:
            own[name] = seconds
        else:
            everywhere = seconds
    return {name: own.get(name, everywhere) for name in deliveries}
