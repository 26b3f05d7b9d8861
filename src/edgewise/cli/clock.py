"""`edgewise clock`: the time that the running site's cache goes by."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from edgewise.cli.control import CommandError, running


def clock(
    move: Annotated[
        str | None,
        typer.Argument(
            metavar="+1h|reset", help="How far to go forward, such as +30s, +1h or +2d; or `reset`."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clock as one JSON object.")] = False,
) -> None:
    """Show or move the clock by which the running site's cache ages: an hour passes at once."""
    if move is not None and move.startswith("-"):
        raise CommandError(
            "the clock only goes forward", hint="`edgewise clock reset` brings the real time back"
        )
    control = running()
    if move is None:
        told = control.get("/clock")
    else:
        told = control.post("/clock", {"reset": True} if move == "reset" else {"move": move})
    if as_json:
        print(json.dumps(told))
        return
    ahead = told["offset_seconds"]
    print(f"{told['time']}, {f'{ahead:,.0f} s ahead of the real time' if ahead else 'the real time'}")
