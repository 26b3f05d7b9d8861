"""Lines over time as one SVG file, without any library: two panels, what visitors waited and what did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + _RIGHT} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        *_panel(
            "waited longer, 99th percentile, ms", lambda point: point.p99_ms, outcomes, faults, _TOP, end
        ),
        *_panel(
            "records that did not arrive, printed ones too",
            lambda point: point.printed + point.lost,
            outcomes,
            faults,
            _TOP + _HEIGHT + _BETWEEN,
            end,
        ),
        *_legend(outcomes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _panel(
    title: str,
    value: Callable[[Point], float],
    outcomes: Sequence[Outcome],
    faults: Sequence[Fault],
    top: float,
    end: float,
) -> list[str]:
    most = max((value(point) for outcome in outcomes for point in outcome.points), default=0.0) or 1.0
    bottom = top + _HEIGHT

    def x(seconds: float) -> float:
        return round(_LEFT + min(seconds, end) / end * _WIDTH, 1)

    def y(value: float) -> float:
        return round(bottom - value / most * _HEIGHT, 1)

    parts = [f'<text x="{_LEFT}" y="{top - 10}" font-weight="bold">{escape(title)}</text>']
    for fault in faults:
        start, stop = x(fault.start), x(fault.stop)
        parts += [
            f'<path d="M{start} {top}H{stop}V{bottom}H{start}Z" fill="#eeeeee"/>',
            f'<text x="{start + 3}" y="{top + 13}" fill="#666666">{escape(fault.kind)}</text>',
        ]
    parts += [
        f'<path d="M{_LEFT} {top}V{bottom}H{_LEFT + _WIDTH}" fill="none" stroke="#666666"/>',
        f'<text x="{_LEFT - 6}" y="{top + 4}" text-anchor="end">{most:g}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom + 4}" text-anchor="end">0</text>',
        f'<text x="{_LEFT}" y="{bottom + 16}">0</text>',
        f'<text x="{_LEFT + _WIDTH}" y="{bottom + 16}" text-anchor="end">{end / 60:g} min</text>',
    ]
    for number, outcome in enumerate(outcomes):
        ends = [*(point.at for point in outcome.points[1:]), end]
        steps = (
            f"{x(point.at)},{y(value(point))} {x(stop)},{y(value(point))}"
            for point, stop in zip(outcome.points, ends, strict=True)
        )
        parts.append(f'<polyline points="{" ".join(steps)}" fill="none" {_stroke(number)}/>')
    return parts


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
