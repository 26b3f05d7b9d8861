"""`edgewise replay`: recorded traffic through the local CDN, and proof that all of it was recorded again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.errors import ReplayError
from edgewise.cli.progress import progress_bar

if TYPE_CHECKING:
    from edgewise.cli.replaying.arrival import Arrival
    from edgewise.cli.replaying.connection import Target
    from edgewise.cli.replaying.sending import Tally
    from edgewise.logfiles.lines import LoggedRequest


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="An access log: common or combined format, or CloudFront's standard log; gzip or not.",
        ),
    ],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where to send it, on this machine (default: the running `edgewise up`)."
        ),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(metavar="10|max", help="How many times faster than recorded; `max` makes no pauses."),
    ] = "max",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Send only the first N requests of the file.")
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Host header of every request (default: the recorded one, else the target's)."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|URL", help="The store to check afterwards (default: that of `edgewise up`)."
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="How long the store may take until it has every request."
        ),
    ] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Send a recorded access log through the local CDN, then check that the store has every request once."""
    from edgewise.cli.replaying import summary
    from edgewise.cli.replaying.hosts import strange_hosts
    from edgewise.cli.replaying.recorded import read_recorded
    from edgewise.cli.replaying.route import find_route
    from edgewise.cli.replaying.sending import Tally

    pace = _pace(speed)
    route = find_route(to, store)
    recorded = read_recorded(file, limit)
    tally, since_us = Tally(), time.time_ns() // 1000
    finished = _send(recorded.requests, route.target, tally, pace=pace, host=host, quiet=as_json)
    strange = strange_hosts(route.run, tally) if finished else []
    skipped = recorded.skipped
    if not as_json:
        _print(*summary.lines(tally, skipped), *summary.host_lines(strange))
    arrival = _check(route.store, tally, since_us, wait) if finished else None
    if as_json:
        _print(json.dumps(summary.facts(tally, skipped, arrival, strange) | {"interrupted": not finished}))
    else:
        _print(*summary.arrival_lines(arrival, finished))
    if not finished:
        raise typer.Exit(130)
    if tally.unanswered or (arrival is not None and not arrival.complete):
        raise typer.Exit(1)


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _pace(speed: str) -> float | None:
    """How many times faster than recorded; None for no pauses."""
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        raise ReplayError(f"{speed!r} is not a speed", hint="Give a number above 0, such as 10, or `max`.")
    return pace


def _send(
    requests: Sequence[LoggedRequest],
    target: Target,
    tally: Tally,
    *,
    pace: float | None,
    host: str | None,
    quiet: bool,
) -> bool:
    """Whether all was sent; False after Ctrl-C, with the tally as far as it came."""
    import asyncio

    from edgewise.cli.replaying.sending import schedule, send

    with progress_bar("replaying", len(requests), quiet=quiet) as advance:
        try:
            planned = schedule(requests, pace)
            asyncio.run(send(planned, target, tally, host=host, progress=lambda: advance(1)))
        except KeyboardInterrupt:
            return False
    return True


def _check(store: str | None, tally: Tally, since_us: int, wait: float) -> Arrival | None:
    from edgewise.cli.replaying.arrival import asking, check
    from edgewise.store import open_reader

    if store is None:
        return None
    with closing(open_reader(store)) as reader:
        expected = tally.answered - tally.refused
        return check(tally.request_ids, expected, asking(reader, since_us), patience_s=wait)
