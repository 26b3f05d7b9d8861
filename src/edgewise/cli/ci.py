"""`edgewise ci`: GitHub's workflows for a site, and the roles they take on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ci(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    *,
    branch: Annotated[
        str, typer.Option("--branch", metavar="NAME", help="The branch that is deployed.")
    ] = "main",
) -> None:
    """Write GitHub Actions workflows for the site, and the template of the roles that they take on AWS."""
    # Here, so that the other commands start without it.
    from edgewise.cli.saving import queries_of
    from edgewise.cloud.doctor.actions import without_rights
    from edgewise.cloud.workflows import ROLES_FILE, render_workflows, repository_root, write_files
    from edgewise.site import compile_app_template, compile_template, load_site

    site = load_site(directory)
    root = repository_root(site.directory)
    # The roles depend on what kinds of resources there are, not on the code.
    edge = compile_template(site, code_hash="0" * 12, queries=queries_of(site))
    apps = [compile_app_template(site, region) for region in site.app_regions]
    files = render_workflows(site, [edge, *apps], root, branch)
    write_files(root, files)
    for name in files:
        typer.echo(f"Wrote {root / name}")
    if unknown := sorted({kind for one in (edge, *apps) for kind in without_rights(one)}):
        typer.echo(f"\nWhat these need is not known here, so give it to DeployRole: {', '.join(unknown)}")
    typer.echo(
        f"\nThen deploy {ROLES_FILE} once, as its first lines say: its outputs become variables of the repository."
    )
