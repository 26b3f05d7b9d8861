"""`edgewise diff`: what a deployment would change, line by line, and what somebody changed on AWS by other means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.cli.deploying.options import AsJson, Directory, Images

if TYPE_CHECKING:
    from edgewise.cloud.parameters import Values
    from edgewise.cloud.planning import Plan


def diff(directory: Directory = Path(), *, image: Images = None, as_json: AsJson = False) -> None:
    """Show what `deploy` would change, line by line, and what somebody changed on AWS. Nothing is written there."""
    from edgewise.cli.deploying.desk import Desk

    desk = Desk(directory, as_json=as_json)
    plan = desk.plan(desk.package("edgewise diff", desk.images(image)))
    for stack, region, lines in _differences(plan, desk.site.name):
        desk.screen.difference(stack, region, lines)
    if plan.stray:
        desk.screen.note(f"Taken off by a deployment: the policy {plan.stray} of a staged change.")
    desk.screen.drift(plan.drift)


def _differences(plan: Plan, site: str) -> Iterator[tuple[str, str, list[str]]]:
    """The lines in which each stack differs, with its name and region: those of the apps, then the site's own."""
    import difflib

    from edgewise.cloud.clients import HOME_REGION
    from edgewise.cloud.deployed import whole

    own = (site, HOME_REGION, plan.deployed, plan.template, plan.values)
    apps = ((one.stack, one.region, one.deployed, one.template, one.values) for one in plan.apps)
    for stack, region, deployed, template, values in (*apps, own):
        there = whole(deployed)
        old = _lines(there.template, there.parameters) if there else []
        new = [] if template is None else _lines(template, values)
        where = "" if stack == site else f" in {region}"
        yield (
            stack,
            region,
            list(difflib.unified_diff(old, new, f"deployed{where}", f"site{where}", lineterm="")),
        )


def _lines(template: Mapping[str, Any], values: Values) -> list[str]:
    """What CloudFormation gets: the template, and below it the values of its parameters, such as images."""
    from edgewise.site import render_yaml

    # Sorted: CloudFormation tells them in an order of its own.
    given = (
        f"{name} = {'(known when the app is there)' if one is None else one}"
        for name, one in sorted(values.items())
    )
    return [*render_yaml(template).splitlines(), *given]
