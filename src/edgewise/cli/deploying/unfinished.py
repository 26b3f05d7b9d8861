"""What a folder began and did not finish comes first: by the same command it goes on, before another one it asks."""

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
) -> Result | None:
    """Finish the unfinished run; its result if it was one of this `action`, and did it.

    One of another action is asked for, and settled: what it began may be the very thing that nobody wants any more.
    """
    run = deployment.unfinished(action)
    if run is None:
        return None
    own = run.action == action
    if not own:
        screen.note(f"CloudFormation has begun with the {run.action} of this folder, and that is unfinished.")
        screen.confirm(f"Finish that {run.action} first?", yes)
    finished = deployment.resume(break_lock=break_lock)
    if finished is None:
        return None
    screen.result(finished)
    if not own and run.action != "stage":
        settle(site, aws, deployment.assets, finished, screen, check=False, log_days=0)
    return finished if own else None
