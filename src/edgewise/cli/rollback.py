"""`edgewise rollback`: bring an earlier deployment back, its function versions by the numbers that they had."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.deploy import AsJson, BreakLock, Directory, LoseData, NoVerify, Yes


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
    from edgewise.cli.deploying.desk import deployment_of, settle
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cli.deploying.unfinished import go_on
    from edgewise.cloud import history
    from edgewise.cloud.clients import Clients
    from edgewise.site import load_site

    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    with screen.interruptible("run `edgewise rollback` again to go on"):
        deployment = deployment_of(site, aws, screen)
        known = history.entries(deployment.assets)
        if listed:
            screen.history(known, deployment.state())
            return
        asked = None if to is None else history.numbered(known, to)
        again = asked.original if asked else None
        finished = go_on(
            site, aws, deployment, "rollback", screen, yes=yes, break_lock=break_lock, again=again
        )
        if finished:
            # What was asked for is done; to plan once more would go back further.
            settle(site, aws, deployment.assets, finished, screen, check=not no_verify, log_days=0)
            return
        entry = asked or history.one_before(history.entries(deployment.assets), deployment.state())
        package = history.package_of(deployment.assets, entry)
        plan = deployment.plan(package, again=entry.original)
        screen.note(f"Back to deployment {entry.original} of {entry.at}, by {entry.by}.")
        screen.plan(site.name, deployment.account, plan)
        if plan.nothing:
            result = deployment.result(0, package.settings_hash)
        else:
            screen.confirm("Go back to this?", yes)
            result = deployment.carry_out(plan, break_lock=break_lock, lose_data=lose_data)
        screen.result(result)
        settle(site, aws, deployment.assets, result, screen, check=not no_verify, log_days=0)
