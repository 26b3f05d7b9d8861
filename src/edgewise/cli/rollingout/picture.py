"""A release as people read it: the plan with where it is, the two versions side by side, and what the judge says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from edgewise.cli.terminal import printable
from edgewise.rollout import STATES, Evidence, Look, Release
from edgewise.rollout.evidence import Total

_MINUTE: Final = 60_000_000
_CELLS: Final = 20
_VERBS: Final = {
    "hold": "leave it as it is",
    "promote": "go on to the next step",
    "finish": "finish it",
    "rollback": "roll it back",
}


def picture(found: Look, where: str, now: int) -> str:
    """All of it, lines of plain text."""
    release = found.release
    parts = [
        f"{release.release}   {release.stable} → {release.new}   {_state(release)}   {where}",
        plan(release, now),
        _story(release, now),
    ]
    if found.evidence is not None:
        parts.append(versions(release, found.evidence))
    parts.append(f"The judge would {_VERBS[found.verdict.action]}: {found.verdict.sentence}")
    return printable_block("\n\n".join(parts))


def plan(release: Release, now: int) -> str:
    """The steps, a line each: over, on now with how much of it is over, or to come. A share by hand is a step too."""
    over = release.state in ("full", "draining", "done")
    going = release.state in ("ramping", "frozen")
    reached = release.weight if going else release.steps[release.step].weight
    steps = {step.weight: step.minutes for step in release.steps}
    if going:
        steps.setdefault(release.weight, release.steps[release.step].minutes)
    lines = []
    for weight in sorted(steps):
        name = f"{weight:>6g} %   {_minutes(steps[weight]):>7}"
        if going and weight == reached:
            lines.append(f"  ▶ {name}   {_progress(release, steps[weight], now)}")
        else:
            lines.append(f"  {'✓' if over or weight < reached else '·'} {name}")
    lines.append(f"  {'▶' if over else '·'} everybody new")
    return "\n".join(lines)


def versions(release: Release, evidence: Evidence) -> str:
    """The two versions side by side, since the release began."""
    rows: list[tuple[str, ...]] = [
        ("", "visitors", "requests", "answers", "errors", "", "half within", "95 % within")
    ]
    rows += [
        _row(name, total) for name, total in ((release.stable, evidence.old), (release.new, evidence.new))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "   ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def moment(release: Release, now: int) -> str:
    """One line for one look of `watch`."""
    return f"{_clock(now)}  {_state(release)}"


def printable_block(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _state(release: Release) -> str:
    if release.off:
        return f"switched off ({release.state} underneath)"
    share = f" at {release.weight:g} %" if release.state in ("ramping", "frozen") else ""
    return f"{release.state.replace('-', ' ')}{share}"


def _story(release: Release, now: int) -> str:
    who = f", by {release.by}" if release.by else ""
    story = f"{STATES[release.state][0].upper()}{STATES[release.state][1:]}."
    last = f"Since {_clock(release.since)} ({_ago(now - release.since)}){who}: {release.reason or 'no reason given'}"
    if release.off:
        story = "Switched off: everybody meets the old version, whatever session they have."
    return f"{story}\n{last}"


def _progress(release: Release, minutes: float, now: int) -> str:
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


def _clock(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
