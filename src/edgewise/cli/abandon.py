"""`edgewise abandon`: what was staged for a few visitors is taken back; everybody meets what is deployed."""

from __future__ import annotations

from pathlib import Path

from edgewise.cli.deploy import AsJson, BreakLock, Directory, LoseData, NoVerify, Yes


def abandon(
    directory: Directory = Path(),
    *,
    yes: Yes = False,
    no_verify: NoVerify = False,
    break_lock: BreakLock = False,
    lose_data: LoseData = False,
    as_json: AsJson = False,
) -> None:
    """Take the staged change back: everybody meets what was deployed before it."""
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cli.deploying.trial import end
    from edgewise.cloud.staged import plan_abandoning

    screen = Screen(as_json)
    end(
        directory,
        "abandon",
        plan_abandoning,
        screen,
        yes=yes,
        check=not no_verify,
        break_lock=break_lock,
        lose_data=lose_data,
    )
