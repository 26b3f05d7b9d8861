"""`edgewise invalidate`: removes objects from the running site's caches."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from edgewise.cli.control import running


def invalidate(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Paths of objects, such as '/images/*' or '/a.css?v=1'."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as one JSON object.")] = False,
) -> None:
    """Remove objects from the caches of all edge locations of the running site, as an invalidation does."""
    # As in CloudFront's console, the leading slash may be left out; its API insists on it.
    slashed = [path if path.startswith("/") else f"/{path}" for path in paths]
    made = running().post("/invalidations", {"paths": slashed})
    if as_json:
        print(json.dumps(made))
        return
    print(f"{made['removed']:,} {'object' if made['removed'] == 1 else 'objects'} removed ({made['id']})")
