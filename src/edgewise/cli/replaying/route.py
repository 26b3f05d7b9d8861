"""Where a replay sends its requests, and in which store it looks for them afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgewise.cli.errors import ReplayError
from edgewise.cli.replaying.connection import Target, check_loopback, parse_target
from edgewise.cli.runs import Run, find, store_place


@dataclass(frozen=True, slots=True)
class Route:
    """`store` is a folder or an address, None where nothing is looked for; `run` the running site, if they go there."""

    target: Target
    store: str | None
    run: Run | None


def find_route(to: str | None, store: str | None) -> Route:
    """From the flags, else from the running `edgewise up`. Raises `ReplayError`."""
    run = find()
    url = to or (run.url if run else None)
    if url is None:
        raise ReplayError(
            "no site is running",
            hint="Start one with `edgewise up` in another terminal, or give an address with --to.",
        )
    target = parse_target(url)
    if run is None or parse_target(run.url).place != target.place:
        check_loopback(target)
        return Route(target, None if store is None else store_place(store), None)
    # The run is of this machine, whichever of its addresses it has for viewers.
    return Route(replace(target, both=True), store_place(store), run)
