"""`edgewise stage`: the site as it is here for a few visitors first, beside what is deployed; or what is staged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.deploying.options import (
    AsJson,
    BreakLock,
    Directory,
    Ignored,
    Images,
    NoVerify,
    PlanOnly,
    Yes,
)

if TYPE_CHECKING:
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud.planning import Plan
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
    plan_only: PlanOnly = False,
    yes: Yes = False,
    no_verify: NoVerify = False,
    ignore: Ignored = None,
    image: Images = None,
    break_lock: BreakLock = False,
    as_json: AsJson = False,
) -> None:
    """Try a change on a few visitors, beside what is deployed; without --percent and --header: say what is staged."""
    from edgewise.check import known_rules
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud.staged import plan_stage
    from edgewise.cloud.staging import refuse_apps_apart

    traffic = _traffic(percent, header, session)
    known_rules(ignore or ())
    desk = Desk(directory, as_json=as_json, yes=yes, no_verify=no_verify, break_lock=break_lock)
    with desk.screen.interruptible("run `edgewise stage` again to go on"):
        if traffic is None:
            _tell(desk)
            return
        refuse_apps_apart(desk.site)
        images = desk.images(image)
        if not plan_only:
            desk.go_on("stage")
        package = desk.package("edgewise stage", images)
        desk.refuse_errors(ignore)
        plan = plan_stage(desk.estate, package, traffic)
        desk.show(plan)
        desk.show_needed()
        if not plan_only:
            _carry_out(desk, plan)


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


def _tell(desk: Desk) -> None:
    """Say what is staged, and what somebody changed of it since."""
    from edgewise.cloud.drift import drift_of
    from edgewise.cloud.staged import what_is_staged

    deployed = desk.estate.stack.ours()
    staged = what_is_staged(deployed)
    desk.screen.staged(staged, deployed.outputs if deployed else {})
    if staged:
        desk.screen.drift(drift_of(desk.aws, deployed))


def _carry_out(desk: Desk, plan: Plan) -> None:
    from edgewise.cli.deploying.trial import look
    from edgewise.cloud.staged import what_is_staged

    desk.carry_out(plan, "Stage this?")
    deployed = desk.estate.stack.read()
    staged, outputs = what_is_staged(deployed), deployed.outputs if deployed else {}
    desk.screen.staged(staged, outputs)
    domain = outputs.get("DomainName")
    if staged and domain and not desk.no_verify:
        look(desk, staged, f"https://{domain}/")
