"""`edgewise diff`: the template that is deployed against the one that would be, line by line."""

from __future__ import annotations

from pathlib import Path

from edgewise.cli.deploy import Directory
from edgewise.cli.terminal import printable


def diff(directory: Directory = Path()) -> None:
    """Show how the deployed template and the site's own differ, line by line. Nothing is written to AWS."""
    import difflib

    from edgewise.cli.deploying.desk import deployment_of, package_of
    from edgewise.cli.deploying.screen import Screen
    from edgewise.cloud.clients import Clients
    from edgewise.site import load_site, render_yaml

    site = load_site(directory)
    deployment = deployment_of(site, Clients(), Screen(as_json=False))
    plan = deployment.plan(package_of(site, deployment))
    sides = [(one.deployed, one.template, f" in {one.region}") for one in plan.apps]
    for deployed, template, where in (*sides, (plan.deployed, plan.template, "")):
        old = "" if deployed is None or deployed.is_remains else render_yaml(deployed.template)
        new = "" if template is None else render_yaml(template)
        for line in difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"deployed{where}", f"site{where}", lineterm=""
        ):
            print(printable(line))
