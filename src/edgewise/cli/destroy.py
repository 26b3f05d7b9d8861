"""`edgewise destroy`: take the site down, in two goes if its functions have to wait for CloudFront."""

from __future__ import annotations

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
    from edgewise.site import load_site

    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    with screen.interruptible("run `edgewise destroy` again to go on"):
        destruction = Destruction(aws, site.name, state_folder(site), tell=screen.step)
        leaving = destruction.plan()
        _tell(screen, site.name, leaving)
        if leaving or assets or logs:
            screen.confirm(f"Take {site.name} down?", yes)
        if leaving:
            destruction.carry_out(leaving, break_lock=break_lock)
            screen.note(f"The stack {site.name} is gone.")
        else:
            destruction.forget()
        if logs:
            _remove_logs(screen, aws, site.name)
        bucket = destruction.assets.bucket
        if destruction.assets.exists() and assets:
            destruction.remove_assets(break_lock=break_lock)
            screen.note(f"The bucket {bucket} is gone.")
        elif destruction.assets.exists():
            screen.note(f"The bucket {bucket} is left; --assets deletes it too.")


def _tell(screen: Screen, name: str, leaving: Leaving | None) -> None:
    if leaving is None:
        screen.note(f"There is no stack {name} in us-east-1.")
        return
    screen.note(f"Deleted from the stack {name}: {', '.join(leaving.deleted)}")
    for resource, physical in leaving.kept.items():
        screen.note(f"Stays on AWS: {resource}, {physical}")
    for resource in leaving.data:
        screen.note(f"What is in {resource} is lost.")


def _remove_logs(screen: Screen, aws: Clients, name: str) -> None:
    from edgewise.cloud.loggroups import remove

    for one in remove(aws, name):
        if one.trouble and not one.is_off:
            screen.note(f"logs in {one.region} are still there: {one.trouble}")
