"""`edgewise deploy`: plan first, then act, wait and look; run again after anything, it goes on where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
BreakLock = Annotated[
    bool, typer.Option("--break-lock", help="Deploy although somebody else seems to: theirs ended badly.")
]
LoseData = Annotated[
    bool, typer.Option("--lose-data", help="Also delete tables and buckets that the site no longer has.")
]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Do not ask the site afterwards.")]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="NAME=ADDRESS",
        help="The image in Amazon ECR that an origin's function runs; by default the one that it runs already.",
    ),
]
LogDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Keep the functions' logs so long, everywhere; by default as the site file says, else 30 where nothing is "
        "set; 0 changes nothing.",
    ),
]


def deploy(
    directory: Directory = Path(),
    *,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Only show what would change; AWS is only read.")
    ] = False,
    yes: Yes = False,
    no_verify: NoVerify = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="RULE", help="Deploy although a rule of the check finds an error."),
    ] = None,
    image: Images = None,
    log_days: LogDays = None,
    break_lock: BreakLock = False,
    lose_data: LoseData = False,
    as_json: AsJson = False,
) -> None:
    """Bring the site to AWS: show what changes, ask, do it, wait until every edge has it, and look at the site."""
    # Here, so that the other commands start without it.
    from edgewise.check import known_rules
    from edgewise.cli.deploying.desk import deployment_of, package_of, refuse_errors, settle
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cli.deploying.unfinished import go_on
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.images import given_images, moving_tags
    from edgewise.cloud.loggroups import check_days
    from edgewise.site import load_site, needed_on_aws

    if log_days:
        check_days(log_days)
    known_rules(ignore or ())
    site, screen, aws = load_site(directory), Screen(as_json), Clients()
    images = given_images(site, image or ())
    for one in moving_tags(images):
        screen.note(one)
    with screen.interruptible("run `edgewise deploy` again to go on"):
        deployment = deployment_of(site, aws, screen)
        if not plan_only:
            finished = go_on(site, aws, deployment, "deploy", screen, yes=yes, break_lock=break_lock)
            if finished:
                # Here too: an error of the site or the answer to the question may end the command below.
                settle(site, aws, deployment.assets, finished, screen, check=False, log_days=log_days)
        elif (run := deployment.journal.read()) and run.executing:
            screen.note(
                f"A {run.action} of this folder is unfinished: without --plan-only it is finished before this, or "
                "dropped if CloudFormation had not begun with it."
            )
        package = package_of(site, deployment, images)
        refuse_errors(site, screen, ignore or ())
        plan = deployment.plan(package)
        screen.plan(site.name, deployment.account, plan)
        for one in needed_on_aws(site):
            screen.note(f"The functions need, and the template does not make: {one}")
        if plan_only:
            return
        if plan.nothing:
            result = deployment.result(0, package.settings_hash)
        else:
            screen.confirm("Deploy this?", yes)
            result = deployment.carry_out(plan, break_lock=break_lock, lose_data=lose_data)
        screen.result(result)
        settle(site, aws, deployment.assets, result, screen, check=not no_verify, log_days=log_days)
