"""`edgewise regions`: what a site has in the regions of the edge beside its stack. `edgewise deploy` does the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploy import AsJson, Directory, LogDays

if TYPE_CHECKING:
    from edgewise.cloud.clients import Clients
    from edgewise.site import Site


def regions(
    directory: Directory = Path(),
    *,
    remove: Annotated[
        bool,
        typer.Option("--remove", help="Take alarms and subscriptions away, whatever the site file says now."),
    ] = False,
    alarms_role: Annotated[
        str | None,
        typer.Option("--alarms-role", metavar="ARN", help="EdgeAlarmsRole, of a site that has no stack."),
    ] = None,
    logs_role: Annotated[
        str | None,
        typer.Option("--logs-role", metavar="ARN", help="EdgeLogsRole, of a site that has no stack."),
    ] = None,
    log_days: LogDays = None,
    as_json: AsJson = False,
) -> None:
    """See to every region where functions run: how long logs are kept, where their lines go, alarms."""
    from edgewise.cli.deploying.edge import keep_regions, leave_regions
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.loggroups import check_days
    from edgewise.site import load_site

    if log_days:
        check_days(log_days)
    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    given = {"EdgeAlarmsRoleArn": alarms_role, "EdgeLogsRoleArn": logs_role}
    with screen.interruptible("run `edgewise regions` again to go on"):
        if remove:
            fine = leave_regions(site, aws, screen, always=True)
        else:
            outputs = {name: arn for name, arn in given.items() if arn} or _outputs(site, aws)
            fine = keep_regions(site, aws, outputs, screen, log_days=log_days)
    if not fine:
        raise typer.Exit(1)
    screen.note("Alarms and subscriptions are gone." if remove else "Every region is as the site file says.")


def _outputs(site: Site, aws: Clients) -> Mapping[str, str]:
    from edgewise.cli.errors import DeployCommandError
    from edgewise.cloud.stack import Stack

    deployed = Stack(aws("cloudformation"), site.name).read()
    if deployed is None:
        hint = "`edgewise deploy` makes it. Deployed by another tool? Name the roles: --alarms-role, --logs-role."
        raise DeployCommandError(f"there is no stack {site.name}", file=site.file, hint=hint)
    return deployed.outputs
