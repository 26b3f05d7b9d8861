"""`edgewise replay`: recorded traffic through the local CDN, and proof that all of it was recorded again."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from edgewise.cli.errors import ReplayError
from edgewise.cli.runs import Run, find, store_place

if TYPE_CHECKING:
    from edgewise.cli.replaying.arrival import Arrival
    from edgewise.cli.replaying.connection import Target
    from edgewise.cli.replaying.sending import Tally
    from edgewise.logfiles.lines import LoggedRequest, SkippedLine


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
    from edgewise.cli.replaying.sending import Tally

    pace = _pace(speed)
    route = _route(to, store)
    requests, skipped = _read(file, limit)
    tally, since_us = Tally(), time.time_ns() // 1000
    finished = _send(requests, route.target, tally, pace=pace, host=host, quiet=as_json)
    strange = strange_hosts(route.run, tally) if finished else []
    if not as_json:
        _print(*summary.lines(tally, skipped), *summary.host_lines(strange))
    arrival = _check(route, tally, since_us, wait) if finished else None
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


@dataclass(frozen=True, slots=True)
class _Route:
    """Where requests go, and the store (folder or address) in which they are looked for afterwards.

    `run` is the running site if they go there.
    """

    target: Target
    store: str | None
    run: Run | None


def _route(to: str | None, store: str | None) -> _Route:
    """From the flags, else from the running `edgewise up`."""
    from edgewise.cli.replaying.connection import check_loopback, parse_target

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
        return _Route(target, None if store is None else store_place(store), None)
    # The run is of this machine, whichever of its addresses it has for viewers.
    return _Route(replace(target, both=True), store_place(store), run)


def _read(file: Path, limit: int | None) -> tuple[list[LoggedRequest], list[SkippedLine]]:
    """The first `limit` requests of the file and the lines before the last of them that hold none."""
    from edgewise.logfiles.lines import SkippedLine, read

    requests: list[LoggedRequest] = []
    skipped: list[SkippedLine] = []
    try:
        with open_log(file) as lines:
            for entry in read(lines):
                if isinstance(entry, SkippedLine):
                    skipped.append(entry)
                    continue
                requests.append(entry)
                if len(requests) == limit:
                    break
    except (OSError, EOFError, zlib.error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ReplayError(
            f"the log cannot be read: {reason}", hint="Name an access log, gzipped or not.", file=file
        ) from error
    if not requests:
        raise ReplayError(
            f"no request in this file: {skipped[0].reason}"
            if skipped
            else "no request in this file: it is empty",
            hint="An access log has Apache's common or combined format, or is CloudFront's standard log.",
            file=file,
            line=skipped[0].number if skipped else None,
        )
    return requests, skipped


def open_log(file: Path) -> IO[str]:
    """The lines of an access log, gzip or not, as the reader wants them. OSError if there is none."""
    with file.open("rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    # Only a line feed ends a line: a stray carriage return belongs to the text that a visitor sent.
    if is_gzip:
        return gzip.open(file, "rt", encoding="utf-8", errors="surrogateescape", newline="\n")
    return file.open(encoding="utf-8", errors="surrogateescape", newline="\n")


def _send(
    requests: list[LoggedRequest],
    target: Target,
    tally: Tally,
    *,
    pace: float | None,
    host: str | None,
    quiet: bool,
) -> bool:
    """Whether all was sent; False after Ctrl-C, with the tally as far as it came."""
    import asyncio

    from rich.console import Console
    from rich.progress import Progress

    from edgewise.cli.replaying.sending import schedule, send

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=len(requests))
        try:
            asyncio.run(
                send(
                    schedule(requests, pace),
                    target,
                    tally,
                    host=host,
                    progress=lambda: progress.advance(task),
                )
            )
        except KeyboardInterrupt:
            return False
    return True


def _check(route: _Route, tally: Tally, since_us: int, wait: float) -> Arrival | None:
    from edgewise.cli.replaying.arrival import asking, check
    from edgewise.store import open_reader

    if route.store is None:
        return None
    with closing(open_reader(route.store)) as reader:
        expected = tally.answered - tally.refused
        return check(tally.request_ids, expected, asking(reader, since_us), patience_s=wait)
