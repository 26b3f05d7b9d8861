"""Which site a command about a release is about: the one that `edgewise up` runs in a folder, or the one on AWS.

To look at the wrong one is a nuisance, and the first line of every command says which it is. To change the wrong one is
an accident: where both could be meant, a change wants to be told.
"""

from __future__ import annotations

from pathlib import Path

from edgewise.cli.errors import RolloutCommandError
from edgewise.cli.running.local_aws import KEPT
from edgewise.cli.runs import STATE_FOLDER, Run, running_in
from edgewise.rollout import has_credentials

_HINT = "Say which one is meant: --local or --aws."


def run_that_is_meant(directory: Path, local: bool | None, changes: bool) -> Run | None:
    """The run, or None for AWS. `local` is what the user says, None for nothing.

    Raises `RolloutCommandError` for a run that is not there, for a change that may be meant for either, and for a look
    where a run has ended and nothing leads to AWS.
    """
    if local is False:
        return None
    run = running_in(directory / STATE_FOLDER)
    if local and run is None:
        raise RolloutCommandError(
            "no `edgewise up` runs in this folder", file=directory, hint="Start it, or name another: --dir."
        )
    if run is not None and changes and not local and has_credentials():
        raise RolloutCommandError(
            "`edgewise up` runs here, and there are credentials for AWS", file=directory, hint=_HINT
        )
    if run is None and has_ended_in(directory) and (changes or not has_credentials()):
        raise RolloutCommandError(
            "`edgewise up` has run here and has ended; its release is not the one on AWS",
            file=directory,
            hint="Start it again, or say that AWS is meant: --aws.",
        )
    return run


def has_ended_in(directory: Path) -> bool:
    """Whether a run that is over has left a release in this folder. To be asked where none goes on."""
    return (directory / STATE_FOLDER / KEPT).exists()
