"""`edgewise destroy`: take the site down, in two goes if its functions have to wait for CloudFront."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploy import AsJson, BreakLock, Directory, Yes

if TYPE_CHECKING:
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.destroy import Leaving


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
    from edgewise.cli.deploying.desk import state_folder
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.destroy import Destruction
    from edgewise.cloud.errors import ReplicasError
    from edgewise.site import load_site

    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    with screen.interruptible("run `edgewise destroy` again to go on"):
        destruction = Destruction(
            aws, site.name, state_folder(site), tell=screen.step, regions=site.app_regions
        )
        leaving = destruction.plan()
        _tell(screen, site.name, leaving)
        screen.confirm(f"Take {site.name} down?" if leaving else f"Take away what {site.name} left?", yes)
        if leaving:
            try:
                destruction.carry_out(leaving, break_lock=break_lock)
            except ReplicasError:
                # The site is off: only its functions wait.
                _leave(site.name, aws, screen)
                raise
            for one in leaving:
                screen.note(f"The stack {one.name} is gone.")
        else:
            destruction.forget()
        # Also without a stack: the run that deleted it may have ended there, and regions may have refused.
        _leave(site.name, aws, screen)
        if logs:
            _remove_logs(screen, aws, site.name, leaving)
        bucket = destruction.assets.bucket
        if destruction.assets.exists() and assets:
            destruction.remove_assets(break_lock=break_lock)
            screen.note(f"The bucket {bucket} is gone.")
        elif destruction.assets.exists():
            screen.note(f"The bucket {bucket} is left; --assets deletes it too.")


def _tell(screen: Screen, name: str, leaving: Sequence[Leaving]) -> None:
    if not leaving:
        screen.note(f"There is no stack {name} in us-east-1.")
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
