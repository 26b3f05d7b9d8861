"""`edgewise store`: the embedded store as a process of its own, on the loopback address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def store(
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where it keeps everything; made if it is not there.")
    ] = Path(".edgewise/store"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 5080,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON objects, the first when it is ready.")
    ] = False,
    lifeline: Annotated[
        bool,
        typer.Option("--lifeline", help="Also end when standard input ends, as it does when a parent dies."),
    ] = False,
) -> None:
    """Run the store: OpenObserve's endpoints for records and searches. Ends on Ctrl-C."""
    # Here, so that the other commands start without the server and the database.
    from edgewise.store.process import Options, run

    run(Options(directory, port, as_json, lifeline))
