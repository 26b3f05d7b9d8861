"""`edgewise promote` and `edgewise abandon`: the two ends of a staged change, which differ in what is deployed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.cli.deploying.options import AsJson, BreakLock, Directory, LoseData, NoVerify, Yes

if TYPE_CHECKING:
    from edgewise.cli.deploying.desk import Desk
    from edgewise.cloud.staged import End


def _end(action: End, question: str, help_text: str) -> Callable[..., None]:
    """The command `action`."""

    def command(
        directory: Directory = Path(),
        *,
        yes: Yes = False,
        no_verify: NoVerify = False,
        break_lock: BreakLock = False,
        lose_data: LoseData = False,
        as_json: AsJson = False,
    ) -> None:
        from edgewise.cli.deploying.desk import Desk

        desk = Desk(
            directory,
            as_json=as_json,
            yes=yes,
            no_verify=no_verify,
            break_lock=break_lock,
            lose_data=lose_data,
        )
        with desk.screen.interruptible(f"run `edgewise {action}` again to go on"):
            _carry_out(desk, action, question)

    command.__name__, command.__doc__ = action, help_text
    return command


promote = _end(
    "promote",
    "Promote this?",
    "Bring the staged change to everybody: what was tried, whatever has become of the site's folder since.",
)
abandon = _end(
    "abandon", "Abandon it?", "Take the staged change back: everybody meets what was deployed before it."
)


def _carry_out(desk: Desk, action: End, question: str) -> None:
    """End what is staged; an end that was interrupted goes on."""
    from edgewise.cloud.staged import is_gone, plan_end, what_is_staged

    staged = what_is_staged(desk.estate.stack.read())
    result = desk.go_on(action)
    if result is None:
        # What was finished first may have staged it.
        staged = what_is_staged(desk.estate.stack.read())
        plan = plan_end(desk.estate, action)
        desk.show(plan)
        result = desk.carry_out(plan, question)
        desk.screen.result(result)
    if staged and not is_gone(desk.aws, staged.distribution):
        desk.screen.note(
            f"CloudFormation could not delete the staging distribution {staged.distribution}, and let go of it: "
            "delete it and its continuous deployment policy in CloudFront's console."
        )
    desk.settle(result)
