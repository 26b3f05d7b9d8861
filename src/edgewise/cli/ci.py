"""`edgewise ci`: GitHub's workflows for a site, and the roles they take on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgewise.site import Site


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
    from edgewise.cloud.workflows import render_workflows, repository_root, roles_file, write_files
    from edgewise.site import compile_app_template, compile_template, load_site

    site = load_site(directory)
    root = repository_root(site.directory)
    # The roles depend on what kinds of resources there are, not on the code.
    edge = compile_template(site, code_hash="0" * 12, queries=queries_of(site))
    apps = [compile_app_template(site, region) for region in site.app_regions]
    files = render_workflows(site, [edge, *apps], root, branch)
    removed = write_files(root, files)
    for name in files:
        typer.echo(f"Wrote {root / name}")
    for name in removed:
        typer.echo(f"Removed {root / name}: it was made for the site as it was before.")
    _tell_of_the_rest(site, root)
    if unknown := sorted({kind for one in (edge, *apps) for kind in without_rights(one)}):
        typer.echo(f"\nWhat these need is not known here, so give it to DeployRole: {', '.join(unknown)}")
    typer.echo(
        f"\nThen deploy {roles_file(site)} once, as its first lines say: "
        "its outputs become variables of the repository."
    )


def _tell_of_the_rest(site: Site, root: Path) -> None:
    """What the workflows lack."""
    from edgewise.cloud.workflows import REQUIREMENTS, app_workflow, smoke_path, untested

    for origin in site.images:
        typer.echo(
            f"\n{app_workflow(site, origin)}.yml asks the site for {smoke_path(site, origin)} after an update and goes "
            "back unless it is answered with 2xx or 3xx; docs/deploy/ci.md says how to name another path."
        )
    for origin in untested(site):
        typer.echo(
            f"\n{app_workflow(site, origin)}.yml runs no tests: {origin.folder} has no requirements.txt. "
            "Add the step that runs yours."
        )
    if not (root / REQUIREMENTS).is_file():
        typer.echo(
            f"\n{REQUIREMENTS} is not there, and no job can install Edgewise without: make it, with hashes, as "
            "docs/deploy/ci.md says."
        )
