"""`edgewise regions`: what a site has in the regions of the edge beside its stack. `edgewise deploy` does the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploying.options import AsJson, Directory, LogDays

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
    from edgewise.cloud.asking import account_of
    from edgewise.cloud.assets import Assets
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.loggroups import check_days
    from edgewise.cloud.placed import Placed
    from edgewise.site import load_site

    if log_days:
        check_days(log_days)
    given = _roles({"--alarms-role": alarms_role, "--logs-role": logs_role})
    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    with screen.interruptible("run `edgewise regions` again to go on"):
        # First, as the other commands do: who asks nobody is told so in the same words.
        account = account_of(aws)
        if remove:
            fine = leave_regions(site.name, aws, screen)
        else:
            outputs = _outputs(site, aws, given)
            assets = Assets(aws("s3"), site.name, account)
            # Without the bucket nothing deploys that would read notes.
            placed = Placed(assets) if assets.exists() else None
            fine = keep_regions(site, aws, outputs, screen, log_days=log_days, placed=placed)
    if not fine:
        raise typer.Exit(1)
    screen.note("Alarms and subscriptions are gone." if remove else "Every region is as the site file says.")


def _roles(given: Mapping[str, str | None]) -> dict[str, str]:
    """The ARNs that are given, by their options. Raises `DeployCommandError` for what is none of a role's."""
    from edgewise.cli.errors import DeployCommandError
    from edgewise.site.limits import ROLE

    for option, arn in given.items():
        if arn is not None and not ROLE.fullmatch(arn):
            raise DeployCommandError(
                f"{option} is not the ARN of a role: {arn or '(empty)'}",
                hint="Expected arn:aws:iam::ACCOUNT:role/NAME, as the output of the stack or of Terraform has it.",
            )
    return {option: arn for option, arn in given.items() if arn}


def _outputs(site: Site, aws: Clients, given: Mapping[str, str]) -> Mapping[str, str]:
    """The outputs of the stack that the site file asks for, from the options if any of them is there.

    Raises `DeployCommandError` where one lacks: that a role is not given does not say that there is none.
    """
    from edgewise.cli.errors import DeployCommandError
    from edgewise.cloud.stack import Stack

    wanted = _wanted(site)
    lacking = [option for option in wanted if option not in given]
    if not lacking:
        return {output: given[option] for option, output in wanted.items()}
    if given:
        raise DeployCommandError(
            f"the site file asks for {lacking[0]} as well",
            file=site.file,
            hint="Name both roles; with neither they are taken from the stack.",
        )
    deployed = Stack(aws("cloudformation"), site.name).read()
    if deployed is None:
        hint = f"`edgewise deploy` makes it. Deployed by another tool? Name the roles: {', '.join(lacking)}."
        raise DeployCommandError(f"there is no stack {site.name}", file=site.file, hint=hint)
    return deployed.outputs


def _wanted(site: Site) -> dict[str, str]:
    """The options of the roles that the site file asks for, with the outputs that name them."""
    if not site.runs_functions:
        return {}
    subscription = site.log.subscription if site.log else None
    wanted = {"--alarms-role": "EdgeAlarmsRoleArn"} if site.alarms else {}
    return wanted | ({"--logs-role": "EdgeLogsRoleArn"} if subscription and subscription.needs_role else {})
