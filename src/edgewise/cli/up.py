"""`edgewise up`: the whole site on this machine, every request shown."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer


def up(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    *,
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="Run a CloudFormation template instead of a site."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin",
            metavar="ID=PLACE",
            help="Where an origin (or a domain) is here: a URL, or a bucket's folder.",
        ),
    ] = None,
    distribution: Annotated[
        str | None, typer.Option(metavar="ID", help="Which distribution of the template, if it has several.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port for viewers, http and https; 0 takes a free one.")
    ] = 8080,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="The address for viewers; others than loopback can be reached from outside.",
        ),
    ] = "127.0.0.1",
    location: Annotated[
        str, typer.Option(metavar="NAME", help="The edge location of viewers who name no other.")
    ] = "FRA56-P2",
    max_environments: Annotated[
        int, typer.Option(min=1, max=100, help="Execution environments that one function may have at a time.")
    ] = 4,
    lifetime: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="How long an environment serves; AWS recycles them every few hours.",
        ),
    ] = None,
    access_log: Annotated[
        bool,
        typer.Option(
            "--access-log", help="Write CloudFront's standard access log, into .edgewise/logs/s3/access-log."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print objects, one a line.")] = False,
) -> None:
    """Run a site at the edge on this machine, and show every request."""
    # Here, so that the other commands start without them.
    import asyncio

    import uvloop

    from edgewise.cli.running.screen import Screen
    from edgewise.cli.running.session import Session, UpOptions

    options = UpOptions(
        directory,
        template,
        distribution,
        port,
        _places(origin or []),
        max_environments,
        lifetime,
        host,
        location,
        access_log,
    )
    screen = Screen(sys.stdout, as_json=as_json, color=not as_json and sys.stdout.isatty())
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with closing(screen), _pointing_to_check(template), runner:
        runner.run(Session(options, screen).run())


@contextmanager
def _pointing_to_check(template: Path | None) -> Iterator[None]:
    """A run ends at the first mistake of a template that can be read; a check goes on."""
    from edgewise.cdn.errors import TemplateError

    try:
        yield
    except TemplateError as error:
        if template and error.line and error.key:
            more = f"`edgewise check --template {shlex.quote(str(template))}` lists all mistakes"
            error.hint = f"{error.hint}; {more}" if error.hint else more
        raise


def _places(given: list[str]) -> dict[str, str]:
    places = {}
    for pair in given:
        name, equals, place = pair.partition("=")
        if not (name and equals and place):
            raise typer.BadParameter(f"{pair!r} is not ID=PLACE, such as app=http://127.0.0.1:8000")
        places[name] = place
    return places
