"""Figures as people read them. Values and units in, short text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edgewise.cli.statistics.period import written
from edgewise.cli.terminal import printable
from edgewise.questions import FILTERS, Column

NOTHING: Final = "–"
UNKNOWN: Final = "(unknown)"
# The place of visitors among the figures of an overview: see `visitors`.
VISITORS: Final = "visitors"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_ROUND: Final = 10_000_000
# What became this many times as much as it was is new, and no multiple of a number by chance.
_NEW: Final = 100


def figure(value: Any, unit: str) -> str:
    """The value in its unit; see `edgewise.questions` for units."""
    if value is None:
        return UNKNOWN if unit == "text" else NOTHING
    return _WRITERS[unit](value)


def shown(value: Any, column: Column) -> str:
    """The value in its column: where requests are told apart by it, what is not known is a kind of its own."""
    if value is None and column.name not in FILTERS:
        return NOTHING
    return figure(value, column.unit)


def _count(value: float) -> str:
    if value >= _ROUND:
        return f"{value / 1e6:,.1f}M"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def _milliseconds(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.0f} s"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _seconds(value: float) -> str:
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _percent(value: float) -> str:
    return f"{value:.1f} %"


_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    "bytes": _bytes,
    "count": _count,
    "min": lambda value: f"{value:,.1f} min",
    "ms": _milliseconds,
    "percent": _percent,
    "s": _seconds,
    "text": lambda value: printable(str(value)),
    "time": written,
}


def change(now: float | None, before: float | None, unit: str) -> str:
    """How much more or less: `▲ 12 %`, for percentages `▲ 1.5 pt`; empty when there is nothing to compare."""
    if now is None or before is None:
        return ""
    if unit == "percent":
        points = now - before
        return "= 0.0 pt" if abs(points) < 0.05 else f"{_arrow(points)} {abs(points):.1f} pt"
    if now >= _NEW * before:
        return "new" if now else ""
    share = 100 * (now - before) / before
    if abs(share) < 0.5:
        return "= 0 %"
    return f"{_arrow(share)} {abs(share):,.0f} %" if share < 1000 else f"▲ {now / before:,.0f}×"


def comparable(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether the overview of a time before is something to compare with: a few requests are not."""
    return (now.get("requests") or 0) < _NEW * (before.get("requests") or 0)


def _arrow(value: float) -> str:
    return "▲" if value > 0 else "▼"


def visitors(row: Mapping[str, Any]) -> tuple[str, str]:
    """The column of an overview that tells of its visitors, and its name: no mean where no full day is."""
    if row.get("visitors_per_day") is None:
        return "visitors", "Visitors"
    return "visitors_per_day", "Visitors a day"


def sparkline(values: Sequence[float]) -> str:
    """A character for each value, as high as it is of the highest; a blank for zero."""
    highest = max(values, default=0)
    if not highest:
        return " " * len(values)
    return "".join(_LEVELS[max(0, -int(-value * 8 // highest) - 1)] if value > 0 else " " for value in values)


def bar(value: float, highest: float, width: int) -> str:
    """A bar of at most `width` characters, to an eighth of one."""
    eighths = round(8 * width * value / highest) if highest else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")
