"""`edgewise destroy`: take the site down, in two goes if its functions have to wait for CloudFront."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploying.options import AsJson, BreakLock, Directory, Yes

if TYPE_CHECKING:
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.destroy import Destruction, Leaving


def destroy(
    directory: Directory = Path(),
    *,
    yes: Yes = False,
    assets: Annotated[
        bool,
        typer.Option("--assets", help="Also delete the bucket with the functions' code and the history."),
    ] = False,
    logs: Annotated[
        bool, typer.Option("--logs", help="Also delete the functions' log groups, in every region.")
    ] = False,
    break_lock: BreakLock = False,
    as_json: AsJson = False,
) -> None:
    """Delete the site's stack. What holds files of yours stays; functions go some hours later, by the same command."""
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud.destroy import Destruction

    desk = Desk(directory, as_json=as_json, yes=yes, break_lock=break_lock)
    with desk.screen.interruptible("run `edgewise destroy` again to go on"):
        name, screen = desk.estate.name, desk.screen
        destruction = Destruction(desk.estate, desk.site.app_regions)
        leaving = destruction.plan()
        _tell(screen, name, leaving)
        screen.confirm(f"Take {name} down?" if leaving else f"Take away what {name} left?", yes)
        _take_down(desk, destruction, leaving)
        # Also without a stack: the run that deleted it may have ended there, and regions may have refused.
        _leave(name, desk.aws, screen)
        if logs:
            _remove_logs(screen, desk.aws, name, leaving)
        _see_to_assets(desk, destruction, remove=assets)


def _take_down(desk: Desk, destruction: Destruction, leaving: Sequence[Leaving]) -> None:
    from edgewise.cloud.errors import ReplicasError

    if not leaving:
        destruction.forget()
        return
    try:
        destruction.carry_out(leaving, break_lock=desk.break_lock)
    except ReplicasError:
        # The site is off: only its functions wait.
        _leave(desk.estate.name, desk.aws, desk.screen)
        raise
    for one in leaving:
        desk.screen.note(f"The stack {one.name} is gone.")


def _see_to_assets(desk: Desk, destruction: Destruction, *, remove: bool) -> None:
    bucket = desk.estate.assets
    if not bucket.exists():
        return
    if remove:
        destruction.remove_assets(break_lock=desk.break_lock)
        desk.screen.note(f"The bucket {bucket.bucket} is gone.")
    else:
        desk.screen.note(f"The bucket {bucket.bucket} is left; --assets deletes it too.")


def _tell(screen: Screen, name: str, leaving: Sequence[Leaving]) -> None:
    if not leaving:
        screen.note(f"There is no stack {name} in us-east-1 to take down.")
    for one in leaving:
        what = ", ".join(one.deleted) or "nothing, it is empty"
        if one.policy:
            screen.note(f"Taken off first: the policy {one.policy} of a staged change, which was left behind")
        screen.note(f"Deleted from the stack {one.name} in {one.region}: {what}")
        for resource, physical in one.kept.items():
            screen.note(f"Stays on AWS: {resource}, {physical}")
        for resource in one.data:
            screen.note(f"What is in {resource} is lost.")


def _leave(name: str, aws: Clients, screen: Screen) -> None:
    """Take away what the regions of the edge have, and say whether it is gone."""
    from edgewise.cli.deploying.edge import leave_regions

    if leave_regions(name, aws, screen):
        screen.note("Alarms and subscriptions in the regions of the edge are gone.")
    else:
        screen.note("`edgewise destroy` or `edgewise regions --remove` tries those regions again.")


def _remove_logs(screen: Screen, aws: Clients, name: str, leaving: Sequence[Leaving]) -> None:
    from edgewise.cloud.loggroups import remove

    distribution = next((one.distribution for one in leaving if one.distribution), "")
    others = {one.region: one.log_groups for one in leaving}
    for one in remove(aws, name, distribution=distribution, others=others):
        if one.trouble and not one.is_off:
            screen.note(f"logs in {one.region} are still there: {one.trouble}")
