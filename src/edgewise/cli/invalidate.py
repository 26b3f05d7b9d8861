"""`edgewise invalidate`: removes objects from the running site's caches."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from edgewise.cli.control import running
from edgewise.cli.terminal import one_line


def invalidate(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Paths of objects, such as '/images/*' or '/a.css?v=1'."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as one JSON object.")] = False,
) -> None:
    """Remove objects from the caches of all edge locations of the running site, as an invalidation does."""
    made = running().post("/invalidations", {"paths": paths})
    if as_json:
        print(json.dumps(made))
        return
    removed = f"{made['removed']:,} {'object' if made['removed'] == 1 else 'objects'} removed"
    matched = "" if made["removed"] else ": nothing in the caches matches " + ", ".join(map(one_line, paths))
    print(f"{removed}{matched} ({made['id']})")
