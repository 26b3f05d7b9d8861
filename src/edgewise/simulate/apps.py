"""The function of an app on the bill: its requests, and the time that they take at its memory.

One environment serves one request at a time, so that all of a request's time is billed, also what the app waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from .cost import Bill, Workflow, bill, lines_of
from .prices import Prices
from .usage import PLATFORM_BYTES, Usage

_DURATIONS: Final = {"arm64": "lambda-duration", "x86_64": "lambda-duration-x86"}


@dataclass(frozen=True, slots=True)
class AppMonth:
    """So many `requests` of a month reach the app, and take `ms` each on the average, billed in whole ones."""

    requests: float
    ms: float
    region: str
    memory_mb: int
    architecture: str


def bill_with_app(
    app: AppMonth, usages: Mapping[str, Usage], memory_mb: int, prices: Prices, workflow: Workflow
) -> Bill:
    """The bill of these usages, with what the function costs and what Lambda itself writes of each invocation.

    The latter is in the region's line for such logs, whose tiers are for all of them together.
    """
    count = round(app.requests)
    usage = usages.get(app.region, Usage())
    usage = replace(usage, log_bytes=usage.log_bytes + count * PLATFORM_BYTES)
    seconds = count * max(1, ceil(app.ms)) / 1000
    quantities = {
        "lambda-requests": count,
        _DURATIONS[app.architecture]: seconds * app.memory_mb / 1024,
    }
    others = bill({**usages, app.region: usage}, memory_mb, prices, workflow)
    return Bill((*others.lines, *lines_of(quantities, app.region, prices)))
