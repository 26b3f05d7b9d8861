"""What `stage`, `promote` and `abandon` share: a look at the staged change, and its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.cli.deploying.desk import deployment_of, expected_of, settle
from edgewise.cli.deploying.unfinished import go_on
from edgewise.cloud.clients import Clients
from edgewise.cloud.edgelogs import find
from edgewise.cloud.errors import VerifyError
from edgewise.cloud.staged import is_gone, what_is_staged
from edgewise.cloud.verify import verify
from edgewise.site import load_site

if TYPE_CHECKING:
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.asking import Aws
    from edgewise.cloud.assets import Assets
    from edgewise.cloud.planning import Plan
    from edgewise.cloud.stack import Stack
    from edgewise.cloud.staged import Staged
    from edgewise.site import Site

Planned = Callable[["Aws", "Stack", "Assets"], "Plan"]
_QUESTIONS = {"promote": "Promote this?", "abandon": "Abandon it?"}


def look(site: Site, aws: Clients, staged: Staged, outputs: Mapping[str, str], screen: Screen) -> None:
    """Ask the site as one who meets the staged change. Raises `VerifyError`.

    Where chance decides who does, nobody can ask for it: then the answer alone is looked at.
    """
    headers = staged.traffic.headers
    domain = outputs.get("DomainName")
    if not domain:
        return
    try:
        seen = verify(
            f"https://{domain}/",
            expected_of(site, staged.settings_hash, staged.versions) if headers else None,
            lambda request, since: find(aws, site.name, request, since),
            tell=screen.step,
            headers=headers,
        )
    except VerifyError as error:
        error.hint = (
            "It takes some minutes until every edge knows of it: the same command asks again. `edgewise logs --from "
            "aws` shows what happens, `edgewise abandon` takes it back."
        )
        raise
    screen.note(seen)


def end(
    directory: Path,
    action: str,
    planned: Planned,
    screen: Screen,
    *,
    yes: bool,
    check: bool,
    break_lock: bool,
    lose_data: bool,
) -> None:
    """End the staged change, by promoting or abandoning it; an end that was interrupted goes on."""
    site, aws = load_site(directory), Clients()
    with screen.interruptible(f"run `edgewise {action}` again to go on"):
        deployment = deployment_of(site, aws, screen)
        staged = what_is_staged(deployment.stack.read())
        result = go_on(site, aws, deployment, action, screen, yes=yes, break_lock=break_lock)
        if result is None:
            staged = what_is_staged(deployment.stack.read())
            plan = planned(aws, deployment.stack, deployment.assets)
            screen.plan(site.name, deployment.account, plan)
            screen.confirm(_QUESTIONS[action], yes)
            result = deployment.carry_out(plan, break_lock=break_lock, lose_data=lose_data)
            screen.result(result)
        if staged and not is_gone(aws, staged.distribution):
            screen.note(
                f"CloudFormation could not delete the staging distribution {staged.distribution}, and let go of it: "
                "delete it and its continuous deployment policy in CloudFront's console."
            )
        settle(site, aws, deployment.assets, result, screen, check=check, log_days=0)
