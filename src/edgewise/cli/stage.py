"""`edgewise stage`: the site as it is here for a few visitors first, beside what is deployed; or what is staged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploy import AsJson, BreakLock, Directory, Images, NoVerify, Yes

if TYPE_CHECKING:
    from edgewise.cloud.traffic import Traffic

_MINUTES = 60


def stage(
    directory: Directory = Path(),
    *,
    percent: Annotated[
        int | None, typer.Option("--percent", metavar="N", help="For so many of a hundred visitors, 1 to 15.")
    ] = None,
    header: Annotated[
        str | None,
        typer.Option(
            "--header",
            metavar="NAME=VALUE",
            help="For whoever sends this header; its name begins with aws-cf-cd-.",
        ),
    ] = None,
    session: Annotated[
        int | None,
        typer.Option(
            "--session",
            metavar="MINUTES",
            help="With --percent: how long a visitor stays on one side, 5 to 60, by default 60; 0 lets each request "
            "decide anew.",
        ),
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Only show what would change; AWS is only read.")
    ] = False,
    yes: Yes = False,
    no_verify: NoVerify = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="RULE", help="Stage although a rule of the check finds an error."),
    ] = None,
    image: Images = None,
    break_lock: BreakLock = False,
    as_json: AsJson = False,
) -> None:
    """Try a change on a few visitors, beside what is deployed; without --percent and --header: say what is staged."""
    from edgewise.check import known_rules
    from edgewise.cli.deploying.desk import deployment_of, package_of, refuse_errors
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cli.deploying.trial import look
    from edgewise.cli.deploying.unfinished import go_on
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.images import given_images, moving_tags
    from edgewise.cloud.staged import plan_stage, what_is_staged
    from edgewise.cloud.staging import refuse_apps_apart
    from edgewise.site import load_site, needed_on_aws

    traffic = _traffic(percent, header, session)
    known_rules(ignore or ())
    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    if traffic is not None:
        refuse_apps_apart(site)
    images = given_images(site, image or ())
    for one in moving_tags(images):
        screen.note(one)
    with screen.interruptible("run `edgewise stage` again to go on"):
        deployment = deployment_of(site, aws, screen)
        if traffic is None:
            deployed = deployment.stack.ours()
            screen.staged(what_is_staged(deployed), deployed.outputs if deployed else {})
            return
        if not plan_only:
            go_on(site, aws, deployment, "stage", screen, yes=yes, break_lock=break_lock)
        package = package_of(site, deployment, images, command="edgewise stage")
        refuse_errors(site, screen, ignore or ())
        plan = plan_stage(aws, deployment.stack, deployment.assets, package, traffic)
        screen.plan(site.name, deployment.account, plan)
        for one in needed_on_aws(site):
            screen.note(f"The functions need, and the template does not make: {one}")
        if plan_only:
            return
        if not plan.nothing:
            screen.confirm("Stage this?", yes)
            deployment.carry_out(plan, break_lock=break_lock)
        deployed = deployment.stack.read()
        staged, outputs = what_is_staged(deployed), deployed.outputs if deployed else {}
        screen.staged(staged, outputs)
        if staged and not no_verify:
            look(site, aws, staged, outputs, screen)


def _traffic(percent: int | None, header: str | None, session: int | None) -> Traffic | None:
    from edgewise.cloud.traffic import by_header, by_share

    if percent is not None and header is not None:
        raise typer.BadParameter("CloudFront takes one of them at a time", param_hint="--percent, --header")
    if session is not None and percent is None:
        raise typer.BadParameter(
            "it is for --percent, whose visitors stay on their side", param_hint="--session"
        )
    if header is not None:
        return by_header(header)
    return None if percent is None else by_share(percent, _MINUTES if session is None else session)
