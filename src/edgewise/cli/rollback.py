"""`edgewise rollback`: bring an earlier deployment back, its function versions by the numbers that they had."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.deploying.options import AsJson, BreakLock, Directory, LoseData, NoVerify, Yes


def rollback(
    directory: Directory = Path(),
    *,
    to: Annotated[
        int | None, typer.Option("--to", metavar="NUMBER", help="Which one; by default the one before.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only show the deployments.")] = False,
    yes: Yes = False,
    no_verify: NoVerify = False,
    break_lock: BreakLock = False,
    lose_data: LoseData = False,
    as_json: AsJson = False,
) -> None:
    """Go back to the deployment before, or to one by its number: the whole template, not the functions alone."""
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud import history

    desk = Desk(
        directory, as_json=as_json, yes=yes, no_verify=no_verify, break_lock=break_lock, lose_data=lose_data
    )
    with desk.screen.interruptible("run `edgewise rollback` again to go on"):
        assets = desk.estate.assets
        known = history.entries(assets)
        if listed:
            desk.screen.history(known, desk.state())
            return
        asked = None if to is None else history.numbered(known, to)
        result = desk.go_on("rollback", again=asked.original if asked else None)
        if result is None:
            entry = asked or history.one_before(history.entries(assets), desk.state())
            plan = desk.plan(history.package_of(assets, entry), again=entry.original)
            desk.screen.note(f"Back to deployment {entry.original} of {entry.at}, by {entry.by}.")
            desk.show(plan)
            result = desk.carry_out(plan, "Go back to this?")
            desk.screen.result(result)
        # What was finished is what was asked for: to plan once more would go back further.
        desk.settle(result)
