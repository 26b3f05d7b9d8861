"""`edgewise init`: a new small site that runs at once."""

from __future__ import annotations

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
    from edgewise.site import create_site

    files = create_site(directory)
    typer.echo(f"Made a site in {directory}:")
    for file in files:
        typer.echo(f"  {file}")
    typer.echo(f"\nRun it:     edgewise up {directory}")
    typer.echo(f"Change it:  {directory / 'edgewise.toml'} describes everything, with comments")
    typer.echo(f"Deploy it:  edgewise synth {directory}")
