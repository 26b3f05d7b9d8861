"""`edgewise init`: a new small site that runs at once."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make; it must be new or empty.")
    ],
) -> None:
    """Make a new small site that runs at once."""
    # Here, so that the other commands start without it.
    from edgewise.site import create_site, load_site

    files = create_site(directory)
    folder = shlex.quote(str(directory))
    typer.echo(f"Made the site {load_site(directory).name} in {folder}:")
    for file in files:
        typer.echo(f"  {file}")
    typer.echo(f"\nRun it:     edgewise up {folder}")
    typer.echo(f"Change it:  {shlex.quote(str(directory / 'edgewise.toml'))}; docs/site.md has every key")
    typer.echo(f"Deploy it:  edgewise deploy {folder}")
