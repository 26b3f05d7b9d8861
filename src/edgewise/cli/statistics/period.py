"""The time that a report is about, and the time before it. All days are UTC, as those of visitors are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import typer

from edgewise.cli.query import microseconds

MOMENT_HELP: Final = (
    "30m, 24h, 7d, today, yesterday, or a day or moment (UTC) such as 2026-11-01 or 2026-11-01T08:00."
)
_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`, in microseconds since 1970."""

    start: int
    end: int

    def before(self) -> Period:
        """As much time, right before."""
        return Period(2 * self.start - self.end, self.start)

    def __str__(self) -> str:
        return f"{written(self.start)} to {written(self.end)} UTC"


def period(since: str, until: str | None, now: int) -> Period:
    """The period that two options name; `now` in microseconds. Raises `typer.BadParameter`."""
    start = _moment(since, now, "--since")
    end = now if until is None else _moment(until, now, "--until")
    if start >= end:
        raise typer.BadParameter("the period ends before it begins", param_hint="--since")
    return Period(start, end)


def written(moment: int) -> str:
    """`2026-11-21 08:00`, and only the day at midnight."""
    when = datetime.fromtimestamp(moment // 1_000_000, UTC)
    return f"{when:%Y-%m-%d}" if moment % _DAY == 0 else f"{when:%Y-%m-%d %H:%M}"


def newest(moment: int | None, thing: str = "request") -> str:
    """Where there is something, for who asked for a time without one."""
    if moment is not None:
        return f"The newest {thing} is of {written(moment)} UTC: try a longer --since."
    if thing != "request":
        return (
            "The store has none at all. `edgewise up` brings those of a site with [statistics]; "
            "`edgewise import s3://BUCKET/page_views/` reads those of a site on AWS."
        )
    return (
        "The store has none at all. `edgewise up` runs a site and keeps what is asked of it; "
        "`edgewise import` reads logs that you have."
    )


def _moment(text: str, now: int, option: str) -> int:
    midnight = now - now % _DAY
    match text.strip().lower():
        case "today":
            return midnight
        case "yesterday":
            return midnight - _DAY
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now - microseconds(text)
        except typer.BadParameter:
            raise typer.BadParameter(f"{text!r} is no time; write {MOMENT_HELP}", param_hint=option) from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()) * 1_000_000
