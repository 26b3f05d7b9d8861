"""A release as people read it: the plan with where it is, the two versions side by side, and what the judge says."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from edgewise.cli.terminal import printable
from edgewise.rollout import STATES, Evidence, Look, Release
from edgewise.rollout.evidence import LONGEST_ANSWER, SECOND, Total

_MINUTE: Final = 60_000_000
_CELLS: Final = 20
_VERBS: Final = {
    "hold": "leave it as it is",
    "promote": "go on to the next step",
    "finish": "finish it",
    "rollback": "roll it back",
}


def picture(found: Look, now: int) -> str:
    """All of it, lines of plain text."""
    release = found.release
    parts = [
        f"{release.release}   {release.stable} → {release.new}   {_state(release)}",
        plan(release, now),
        _story(release, now),
    ]
    if found.evidence is not None:
        parts.append(versions(release, found.evidence))
    parts.append(wrapped(f"The judge would {_VERBS[found.verdict.action]}: {found.verdict.sentence}"))
    return printable_block("\n\n".join(parts))


def plan(release: Release, now: int) -> str:
    """The steps, a line each: over, on now with how much of it is over, or to come. A share by hand is a step too, and
    so is the one from which the release went back."""
    over = release.state in ("full", "draining", "done")
    reached = _reached(release)
    steps = {step.weight: step.minutes for step in release.steps}
    if not over:
        steps.setdefault(reached, release.steps[release.step].minutes)
    lines = []
    for weight in sorted(steps):
        name = f"{weight:>6g} %   {_minutes(steps[weight]) if weight else '':>7}"
        if not over and weight == reached:
            lines.append(f"  {_at(release)} {name}   {_progress(release, steps[weight], now)}")
        else:
            lines.append(f"  {'✓' if over or weight < reached else '·'} {name}")
    lines.append(f"  {'▶' if over else '·'} everybody new")
    return "\n".join(lines)


def versions(release: Release, evidence: Evidence) -> str:
    """The two versions side by side, since the release began, and how their numbers differ from the judge's."""
    rows: list[tuple[str, ...]] = [
        ("", "visitors", "asked", "answered", "unanswered", "errors", "", "half in", "95 % in")
    ]
    rows += [
        _row(name, total) for name, total in ((release.stable, evidence.old), (release.new, evidence.new))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([*(f"  {line.rstrip()}" for line in lines), *map(wrapped, _counting(evidence))])


def _counting(evidence: Evidence) -> Iterator[str]:
    """What the numbers of the table stand for, if any of them says something bad."""
    totals = (evidence.old, evidence.new)
    if any(total.unanswered for total in totals):
        waited = LONGEST_ANSWER // SECOND
        yield f"Unanswered: nothing but the origin can answer, and no record says that it has in {waited} s."
    if any(total.unanswered or total.errors for total in totals):
        yield "The table is of all requests; the judge counts a visitor's errors once, and not what he asks later."


def wrapped(text: str, indent: str = "") -> str:
    """The text in lines that a terminal shows whole; whoever reads it in another way gets one line."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if columns < 40:
        return indent + text
    return textwrap.fill(
        text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def moment(release: Release, now: int) -> str:
    """One line for one look of `watch`."""
    return f"{clock(now)}  {_state(release)}"


def printable_block(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def state_of(state: str, weight: float, off: bool) -> str:
    share = f" at {weight:g} %" if state in ("ramping", "frozen") else ""
    told = f"{state.replace('-', ' ')}{share}"
    return f"switched off ({told} underneath)" if off else told


def _state(release: Release) -> str:
    return state_of(release.state, release.weight, release.off)


def _story(release: Release, now: int) -> str:
    who = f", by {release.by}" if release.by else ""
    since = max(release.since, release.switched or 0)
    last = f"Since {clock(since)} ({_ago(now - since)}){who}: {release.reason or 'no reason given'}"
    return "\n".join(wrapped(line) for line in (_meaning(release), last))


def _meaning(release: Release) -> str:
    """Who meets which version now, in a sentence or two."""
    if release.off:
        return "Switched off: everybody meets the old version, whatever session they have."
    if release.state in ("ramping", "frozen") and not release.weight:
        return f"Nobody new meets {release.new}; sessions there stay."
    told = f"{STATES[release.state][0].upper()}{STATES[release.state][1:]}."
    if release.state == "draining" and release.drain_until:
        return f"{told} They have until {clock(release.drain_until)}."
    return f"{told} {_sessions(release)}" if release.state == "rolled-back" else told


def _sessions(release: Release) -> str:
    if release.keeps_sessions:
        return f"Sessions on {release.new} stay there; `edgewise rollout rollback` moves them too."
    return f"Sessions on {release.new} were moved to {release.stable}."


def _reached(release: Release) -> float:
    if release.state != "rolled-back":
        return release.weight
    return release.steps[release.step].weight if release.reached is None else release.reached


def _at(release: Release) -> str:
    return "✗" if release.state == "rolled-back" else "▶"


def _progress(release: Release, minutes: float, now: int) -> str:
    if release.state == "rolled-back":
        return "it went back from here"
    if release.state == "frozen":
        return "frozen"
    if not release.weight:
        return "until another is set"
    share = min(1.0, (now - release.since) / (minutes * _MINUTE)) if minutes else 1.0
    full = round(share * _CELLS)
    return f"{'█' * full}{'░' * (_CELLS - full)}  {'over' if share == 1 else f'{share * 100:.0f} %'}"


def _row(name: str, total: Total) -> tuple[str, ...]:
    share = f"{100 * total.errors / total.answers:.2f} %" if total.answers else "–"
    return (
        name,
        f"{total.visitors:,}" if total.visitors else "–",
        f"{total.asked:,}",
        f"{total.answers:,}",
        f"{total.unanswered:,}",
        f"{total.errors:,}",
        share,
        "–" if total.p50_ms is None else f"{total.p50_ms:,.0f} ms",
        "–" if total.p95_ms is None else f"{total.p95_ms:,.0f} ms",
    )


def _minutes(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:g} s"
    return f"{minutes:g} min" if minutes < 120 else f"{minutes / 60:g} h"


def _ago(microseconds: int) -> str:
    minutes = max(0, microseconds) // _MINUTE
    return f"{minutes} min ago" if minutes < 120 else f"{minutes // 60} h ago"


def clock(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
