"""Lines over time as one SVG file, without any library: two panels, what visitors waited and what did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .faults import Fault
from .outcome import Outcome, Point

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BETWEEN = 860, 220, 70, 190, 40, 70
# Told apart by those who do not see colours as others do (Okabe and Ito, 2008).
_COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_DASHES = ("", "6 3", "2 2", "8 3 2 3", "4 4", "1 3")


def plot(outcomes: Sequence[Outcome], faults: Sequence[Fault], end: float) -> str:
    """The whole text of an SVG file about `end` seconds."""
    height = 2 * (_HEIGHT + _BETWEEN) + _TOP
    panels = (
        _Panel("waited longer, 99th percentile, ms", lambda point: point.p99_ms, _TOP, end),
        _Panel(
            "records that did not arrive, printed ones too",
            lambda point: point.printed + point.lost,
            _TOP + _HEIGHT + _BETWEEN,
            end,
        ),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + _RIGHT} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        *(part for panel in panels for part in panel.drawn(outcomes, faults)),
        *_legend(outcomes),
        "</svg>\n",
    ]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One value over time, for each outcome a line."""

    title: str
    value: Callable[[Point], float]
    top: float
    end: float

    @property
    def bottom(self) -> float:
        return self.top + _HEIGHT

    def drawn(self, outcomes: Sequence[Outcome], faults: Sequence[Fault]) -> Iterator[str]:
        values = (self.value(point) for outcome in outcomes for point in outcome.points)
        most = max(values, default=0.0) or 1.0
        yield f'<text x="{_LEFT}" y="{self.top - 10}" font-weight="bold">{escape(self.title)}</text>'
        for fault in faults:
            yield from self._fault(fault)
        yield from self._axes(most)
        for number, outcome in enumerate(outcomes):
            yield self._line(outcome, most, _stroke(number))

    def _fault(self, fault: Fault) -> Iterator[str]:
        start, stop = self._x(fault.start), self._x(fault.stop)
        yield f'<path d="M{start} {self.top}H{stop}V{self.bottom}H{start}Z" fill="#eeeeee"/>'
        yield f'<text x="{start + 3}" y="{self.top + 13}" fill="#666666">{escape(fault.kind)}</text>'

    def _axes(self, most: float) -> Iterator[str]:
        right, below = _LEFT + _WIDTH, self.bottom + 16
        yield f'<path d="M{_LEFT} {self.top}V{self.bottom}H{right}" fill="none" stroke="#666666"/>'
        yield f'<text x="{_LEFT - 6}" y="{self.top + 4}" text-anchor="end">{most:g}</text>'
        yield f'<text x="{_LEFT - 6}" y="{self.bottom + 4}" text-anchor="end">0</text>'
        yield f'<text x="{_LEFT}" y="{below}">0</text>'
        yield f'<text x="{right}" y="{below}" text-anchor="end">{self.end / 60:g} min</text>'

    def _line(self, outcome: Outcome, most: float, stroke: str) -> str:
        """Steps: a value holds until the next."""
        points = []
        ends = [*(point.at for point in outcome.points[1:]), self.end]
        for point, stop in zip(outcome.points, ends, strict=True):
            y = round(self.bottom - self.value(point) / most * _HEIGHT, 1)
            points.append(f"{self._x(point.at)},{y} {self._x(stop)},{y}")
        return f'<polyline points="{" ".join(points)}" fill="none" {stroke}/>'

    def _x(self, seconds: float) -> float:
        return round(_LEFT + min(seconds, self.end) / self.end * _WIDTH, 1)


def _legend(outcomes: Sequence[Outcome]) -> list[str]:
    left = _LEFT + _WIDTH + 20
    parts = []
    for number, outcome in enumerate(outcomes):
        top = _TOP + 20 * number
        parts.append(f'<path d="M{left} {top}h30" {_stroke(number)}/>')
        parts.append(f'<text x="{left + 36}" y="{top + 4}">{escape(outcome.delivery)}</text>')
    return parts


def _stroke(number: int) -> str:
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
    return f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dash}"'
