"""`edgewise again`: one past request once more, and what came out differently."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from edgewise.cli.control import REQUEST_HELP, REVEAL_HELP, request_path, running
from edgewise.cli.terminal import one_line


def again(
    request: Annotated[str, typer.Argument(metavar="REQUEST|last", help=REQUEST_HELP)] = "last",
    reveal: Annotated[bool, typer.Option("--reveal", help=REVEAL_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as one JSON object.")] = False,
) -> None:
    """Send one past request through the running site again, and compare what came out."""
    control = running()
    compared = control.post(request_path(request, reveal=reveal, action="/again"), {})
    if as_json:
        print(json.dumps(compared))
        return
    for note in compared["notes"]:
        print(one_line(note))
    for each in compared["differences"]:
        print(
            one_line(
                f"{each['stage']}, {each['field']}: {each['before'] or '(none)'} → {each['after'] or '(none)'}"
            )
        )
    if not compared["differences"] and not compared["notes"]:
        print("nothing differs")
    times = compared["ms"]
    print(f"{times['before']:.1f} ms then, {times['after']:.1f} ms now")
    print(control.page(compared["request_id"]))
