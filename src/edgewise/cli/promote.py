"""`edgewise promote`: what was staged for a few visitors becomes what everybody meets."""

from __future__ import annotations

from pathlib import Path

from edgewise.cli.deploy import AsJson, BreakLock, Directory, LoseData, NoVerify, Yes


def promote(
    directory: Directory = Path(),
    *,
    yes: Yes = False,
    no_verify: NoVerify = False,
    break_lock: BreakLock = False,
    lose_data: LoseData = False,
    as_json: AsJson = False,
) -> None:
    """Bring the staged change to everybody: what was tried, whatever has become of the site's folder since."""
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cli.deploying.trial import end
    from edgewise.cloud.staged import plan_promotion

    screen = Screen(as_json)
    end(
        directory,
        "promote",
        plan_promotion,
        screen,
        yes=yes,
        check=not no_verify,
        break_lock=break_lock,
        lose_data=lose_data,
    )
