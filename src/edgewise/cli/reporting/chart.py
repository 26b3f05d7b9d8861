"""Charts of a report as SVG: bars on top of each other, and lines. Numbers in, elements out; no script, no style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from edgewise.cdn.control.html import Html, h, join
from edgewise.cli.statistics.figures import figure

_WIDTH: Final = 920
_HEIGHT: Final = 240
_LEFT: Final = 66
_TOP: Final = 10
_BOTTOM: Final = 26
_STEPS: Final = (1, 2, 2.5, 5, 10)
_LINES: Final = 4
_DATES: Final = 9
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 1440 * _MINUTE
# Between two dates or times of the axis: whole parts of an hour and of a day, then whole days.
_GAPS: Final = (
    *(seconds * _SECOND for seconds in (1, 5, 10, 15, 30)),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * _DAY for days in (1, 2, 7, 14, 28, 91, 365)),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One measure: a value for each bucket, or None. `look` is the class of the style sheet that colours it."""

    label: str
    look: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart is drawn of: the start of the first bucket and the width of one (microseconds), and the series."""

    title: str
    unit: str
    start: int
    step: int
    series: Sequence[Series]
    stacked: bool = False


def drawn(chart: Chart) -> Html:
    """The figure with its legend. For those who do not see it, the document has the numbers."""
    count = len(chart.series[0].values)
    top = _heights(chart, count)
    marks = scale(top)
    high = marks[-1]
    width = (_WIDTH - _LEFT) / count
    shapes = (
        _bars(chart, high, width)
        if chart.stacked
        else join(*(_line(one, high, width) for one in chart.series))
    )
    legend = (h("span", h("i", class_=one.look), one.label) for one in chart.series)
    picture = h(
        "svg",
        h("title", chart.title),
        *(_grid(mark, high, chart.unit) for mark in marks),
        *_times(chart, count, width),
        shapes,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )
    return h("figure", h("figcaption", chart.title, h("span", *legend, class_="legend")), picture)


def scale(most: float) -> list[float]:
    """Round marks from 0 up to a value: `[0, 50, 100, 150]`."""
    if not most > 0:
        return [0, 1]
    raw = most / _LINES
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(each * power for each in _STEPS if each * power >= raw * 0.999)
    return [round(number * step, 9) for number in range(math.ceil(most / step - 1e-9) + 1)]


def _heights(chart: Chart, count: int) -> float:
    if chart.stacked:
        return max(sum(one.values[at] or 0 for one in chart.series) for at in range(count))
    return max((value for one in chart.series for value in one.values if value is not None), default=0)


def _y(value: float, high: float) -> float:
    return round(_HEIGHT - _BOTTOM - value / high * (_HEIGHT - _TOP - _BOTTOM), 1)


def _bars(chart: Chart, high: float, width: float) -> Html:
    below = [0.0] * len(chart.series[0].values)
    parts = []
    for one in chart.series:
        ways = []
        for at, value in enumerate(one.values):
            if value:
                low, below[at] = below[at], below[at] + value
                left = round(_LEFT + at * width, 1)
                right = round(width * 0.86, 1)
                ways.append(f"M{left} {_y(low, high)}V{_y(below[at], high)}h{right}V{_y(low, high)}z")
        parts.append(h("path", d="".join(ways), class_=one.look))
    return join(*parts)


def _line(one: Series, high: float, width: float) -> Html:
    """A line with gaps where nothing is known; a value alone, through which no line goes, is a point."""
    points = [
        None if value is None else f"{round(_LEFT + (at + 0.5) * width, 1)} {_y(value, high)}"
        for at, value in enumerate(one.values)
    ]
    parts = [list(part) for known, part in groupby(points, lambda point: point is not None) if known]
    lines = "".join(f"M{'L'.join(map(str, part))}" for part in parts if len(part) > 1)
    alone = "".join(f"M{part[0]}h0" for part in parts if len(part) == 1)
    return join(
        h("path", d=lines, class_=f"line {one.look}"), h("path", d=alone, class_=f"line point {one.look}")
    )


def _grid(mark: float, high: float, unit: str) -> Html:
    y = _y(mark, high)
    line = h("line", x1=_LEFT, x2=_WIDTH, y1=y, y2=y)
    return join(line, h("text", figure(mark, unit), x=_LEFT - 8, y=y + 4, text_anchor="end"))


def _times(chart: Chart, count: int, width: float) -> list[Html]:
    return [
        h("text", name, x=x, y=_HEIGHT - 8, text_anchor="middle")
        for moment, name in ticks(chart.start, chart.start + count * chart.step)
        # A name in the corner would be cut off.
        if (x := round(_LEFT + (moment - chart.start) / chart.step * width, 1)) < _WIDTH - 20
    ]


def ticks(start: int, end: int) -> list[tuple[int, str]]:
    """Round moments (UTC) of a time with their names: a midnight has its date, another moment its time of day."""
    gap = next(
        (each for each in _GAPS if (end - start) / each <= _DATES), (end - start) // _DATES // _DAY * _DAY
    )
    form = "%H:%M:%S" if gap < _MINUTE else "%H:%M"
    return [
        (moment, datetime.fromtimestamp(moment // _SECOND, UTC).strftime(form if moment % _DAY else "%-d %b"))
        for moment in range(-(-start // gap) * gap, end, gap)
    ]
