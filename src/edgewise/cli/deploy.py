"""`edgewise deploy`: plan first, then act, wait and look; run again after anything, it goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

from edgewise.cli.deploying.options import (
    AsJson,
    BreakLock,
    Directory,
    Ignored,
    Images,
    LogDays,
    LoseData,
    NoVerify,
    PlanOnly,
    Yes,
)


def deploy(
    directory: Directory = Path(),
    *,
    plan_only: PlanOnly = False,
    yes: Yes = False,
    no_verify: NoVerify = False,
    ignore: Ignored = None,
    image: Images = None,
    log_days: LogDays = None,
    break_lock: BreakLock = False,
    lose_data: LoseData = False,
    as_json: AsJson = False,
) -> None:
    """Bring the site to AWS: show what changes, ask, do it, wait until every edge has it, and look at the site."""
    # Here, so that the other commands start without it.
    from edgewise.check import known_rules
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud.loggroups import check_days

    if log_days:
        check_days(log_days)
    known_rules(ignore or ())
    desk = Desk(
        directory, as_json=as_json, yes=yes, no_verify=no_verify, break_lock=break_lock, lose_data=lose_data
    )
    images = desk.images(image)
    with desk.screen.interruptible("run `edgewise deploy` again to go on"):
        if plan_only:
            desk.note_unfinished()
        elif finished := desk.go_on("deploy"):
            # Here too: an error of the site or the answer to the question may end the command below.
            desk.keep_regions(finished, log_days=log_days)
        package = desk.package("edgewise deploy", images)
        desk.refuse_errors(ignore)
        plan = desk.plan(package)
        desk.show(plan)
        desk.show_needed()
        if plan_only:
            return
        result = desk.carry_out(plan, "Deploy this?")
        desk.screen.result(result)
        desk.settle(result, log_days=log_days)
