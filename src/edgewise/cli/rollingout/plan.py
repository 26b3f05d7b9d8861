"""A plan as it is written on the command line: `5:30m,25:30m,50:1h`."""

from __future__ import annotations

from typing import Final

import typer

from edgewise.cli.query import microseconds
from edgewise.rollout import Step
from edgewise.rollout.transitions import check_steps

_MINUTE: Final = 60_000_000


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of a plan. Raises `typer.BadParameter` and `StepError`, which name the step."""
    steps = tuple(_step(each.strip(), place) for place, each in enumerate(text.split(","), 1))
    check_steps(steps)
    return steps


def _step(text: str, place: int) -> Step:
    where = f"--steps, step {place}"
    share, colon, span = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text!r} is no step; write 5:30m,25:1h", param_hint=where)
    weight, lasts = percent(share, where), microseconds(span, where)
    if not lasts:
        raise typer.BadParameter(f"the step {text!r} is over at once", param_hint=where)
    return Step(weight, lasts / _MINUTE)


def percent(text: str, option: str) -> float:
    """`5`, `0.5` or `5%`. Raises `typer.BadParameter`."""
    try:
        share = float(text.strip().removesuffix("%"))
    except ValueError:
        share = -1
    if not 0 <= share <= 100:
        raise typer.BadParameter(f"{text!r} is no share; write a number from 0 to 100", param_hint=option)
    return share
