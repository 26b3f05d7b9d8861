"""What a folder began and did not finish comes first: by the same command it goes on, before another one it asks.

What CloudFormation had not begun with is dropped.
"""

from __future__ import annotations

from edgewise.cli.deploying.desk import settle
from edgewise.cli.deploying.screen import Screen
from edgewise.cloud.clients import Clients
from edgewise.cloud.deploy import Deployment, Result
from edgewise.site import Site


def go_on(
    site: Site,
    aws: Clients,
    deployment: Deployment,
    action: str,
    screen: Screen,
    *,
    yes: bool,
    break_lock: bool,
    again: int | None = None,
) -> Result | None:
    """Finish the unfinished run; its result if it is what is asked for: this `action`, and this deployment `again`.

    Another one is asked for, and settled: what it began may be the very thing that nobody wants any more.
    """
    run = deployment.unfinished(break_lock=break_lock)
    if run is None:
        return None
    own = run.action == action and again in (None, run.again)
    if not own:
        what = f"{run.action} to {run.again}" if run.again else run.action
        screen.note(f"CloudFormation has begun with the {what} of this folder, and that is unfinished.")
        screen.confirm(f"Finish that {what} first?", yes)
    finished = deployment.resume(break_lock=break_lock)
    if finished is None:
        return None
    screen.result(finished)
    if not own and run.action != "stage":
        settle(site, aws, deployment.assets, finished, screen, check=False, log_days=0)
    return finished if own else None
