"""A clock that can be moved, so that an hour of ageing in the cache takes no hour.

It is what the cache measures ages with and what `Date` and `Age` tell. Records and logs keep the real time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from edgewise.errors import EdgewiseError

# Longer than any time to live, and short of the year 9999, in which the dates of HTTP end.
_FARTHEST = 100 * 365 * 86_400
_SPAN = re.compile(r"\+?((?:\d{1,10}[smhdw])+)", re.ASCII)
_PART = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class ClockError(EdgewiseError):
    """The clock of a local CDN cannot be moved that way."""

    code = "cdn.clock"


class MovableClock:
    """Seconds since the epoch: the real time, moved forward by `offset` seconds."""

    __slots__ = ("_real", "offset")

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self.offset = 0.0

    def __call__(self) -> float:
        return self._real() + self.offset

    def move(self, seconds: float) -> None:
        """Go forward. Raises `ClockError` for what is not forward, or too far."""
        # Written so that NaN is refused too.
        if not 0 <= seconds <= _FARTHEST - self.offset:
            raise ClockError(
                f"the clock cannot be moved by {seconds:g} seconds: it only goes forward, 100 years at most",
                hint="`edgewise clock reset` brings the real time back",
            )
        self.offset += seconds

    def reset(self) -> None:
        """Back to the real time. What was stored meanwhile keeps its later end."""
        self.offset = 0.0


def span(text: str) -> float:
    """`+1h`, `90s` or `1h30m` in seconds. Raises `ClockError` for what is no span of time."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ClockError(f"{text!r} is no span of time", hint="write +30s, +10m, +1h, +2d or +1h30m")
    return float(sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(match[1])))
