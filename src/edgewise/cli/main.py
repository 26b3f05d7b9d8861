"""The command line: a module for each command or two; this one only puts them together and prints errors."""

from __future__ import annotations

import sys

import typer

from edgewise import __version__
from edgewise.cli.again import again
from edgewise.cli.build import build
from edgewise.cli.check import check
from edgewise.cli.ci import ci
from edgewise.cli.clock import clock
from edgewise.cli.commands import PlainCommand, PlainGroup, ValueCommand
from edgewise.cli.cost import cost
from edgewise.cli.dashboards import dashboards
from edgewise.cli.deploy import deploy
from edgewise.cli.destroy import destroy
from edgewise.cli.diff import diff
from edgewise.cli.doctor import doctor
from edgewise.cli.ending import abandon, promote
from edgewise.cli.importing import import_logs
from edgewise.cli.init import init
from edgewise.cli.inspect import inspect
from edgewise.cli.invalidate import invalidate
from edgewise.cli.logs import logs
from edgewise.cli.query import query
from edgewise.cli.regions import regions
from edgewise.cli.replay import replay
from edgewise.cli.report import report
from edgewise.cli.rollback import rollback
from edgewise.cli.rollout import rollout
from edgewise.cli.simulate import simulate
from edgewise.cli.stage import stage
from edgewise.cli.stats import stats
from edgewise.cli.store import store
from edgewise.cli.synth import synth
from edgewise.cli.up import up
from edgewise.errors import EdgewiseError

app = typer.Typer(
    name="edgewise",
    cls=PlainGroup,
    help="Run, log and steer a site at the edge: on this machine and on Amazon CloudFront.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def options(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(f"edgewise {__version__}")
        raise typer.Exit


# In the order in which one meets them; `--help` shows it.
COMMANDS = (
    init,
    up,
    check,
    logs,
    query,
    stats,
    report,
    inspect,
    again,
    invalidate,
    clock,
    replay,
    simulate,
    cost,
    synth,
    build,
    doctor,
    diff,
    deploy,
    stage,
    promote,
    abandon,
    rollback,
    regions,
    destroy,
    ci,
    dashboards,
)
for command in COMMANDS:
    app.command(cls=ValueCommand if command in (inspect, again, clock) else PlainCommand)(command)
app.add_typer(store, name="store")
app.add_typer(rollout, name="rollout")
app.command("import", cls=PlainCommand)(import_logs)


def main() -> None:
    """Run the command line; an error of ours ends it with one message and exit status 1."""
    try:
        app()
    except EdgewiseError as error:
        print(f"error[{error.code}]: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # The reader went away (`edgewise query … | head`): nothing to say, and nothing to say it to.
        sys.stderr.close()
        sys.exit(141)
