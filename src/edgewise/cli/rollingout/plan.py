"""A plan as it is written on the command line: `5:30m,25:30m,50:1h`."""

from __future__ import annotations

from typing import Final

import typer

from edgewise.cli.query import microseconds
from edgewise.rollout import Step

_MINUTE: Final = 60_000_000


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of a plan. Raises `typer.BadParameter`."""
    steps = []
    for each in text.split(","):
        share, colon, span = each.strip().partition(":")
        if not colon:
            raise typer.BadParameter(f"{each!r} is no step; write 5:30m,25:1h", param_hint="--steps")
        lasts = microseconds(span, "--steps")
        if not lasts:
            raise typer.BadParameter(f"the step {each!r} is over at once", param_hint="--steps")
        steps.append(Step(percent(share, "--steps"), lasts / _MINUTE))
    return tuple(steps)


def percent(text: str, option: str) -> float:
    """`5`, `0.5` or `5%`. Raises `typer.BadParameter`."""
    try:
        share = float(text.strip().removesuffix("%"))
    except ValueError:
        share = -1
    if not 0 <= share <= 100:
        raise typer.BadParameter(f"{text!r} is no share; write a number from 0 to 100", param_hint=option)
    return share
