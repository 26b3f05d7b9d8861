"""`edgewise simulate`: the real code of the edge under an hour of traffic, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.progress import progress_bar

if TYPE_CHECKING:
    from edgewise.simulate import Outcome, Plan


def simulate(
    *,
    log: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="An access log whose requests arrive again. May be repeated."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(metavar="N", help="Without a log: so many requests a second (default: 50)."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="N", help="How long (default: 60, or the whole log).")
    ] = None,
    regions: Annotated[
        str, typer.Option(metavar="MIX", help="Where functions run: us-east-1=0.6,eu-central-1=0.4.")
    ] = "us-east-1",
    miss: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="What reaches the origin, where no log says it."),
    ] = 0.3,
    delivery: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one. May be repeated (default: all).")
    ] = None,
    round_trip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPAN", help="To the collector: 80ms, or firehose=10ms for one. May be repeated."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="WHEN=KIND", help="10m-12m=dead, or hang, 503, lying, slow. May be repeated."),
    ] = None,
    lifetime: Annotated[
        str, typer.Option(metavar="SPAN", help="Of an environment: 2h, or from-to.")
    ] = "2h-4h",
    idle: Annotated[
        str, typer.Option(metavar="SPAN", help="After which an environment ends: 10m, or from-to.")
    ] = "10m",
    keep_alive: Annotated[
        str, typer.Option(metavar="SPAN", help="After which the collector closes an idle connection.")
    ] = "60s",
    budget: Annotated[
        float, typer.Option(min=1, max=5000, metavar="MS", help="The setting `budget_ms`.")
    ] = 50,
    work: Annotated[
        str, typer.Option(metavar="SPAN", help="That an invocation takes without waiting.")
    ] = "1ms",
    ttl: Annotated[
        str, typer.Option(metavar="SPAN", help="For which memory keeps a value that steps ask for.")
    ] = "5m",
    memory: Annotated[int, typer.Option(min=128, max=10_240, metavar="MB", help="Of the functions.")] = 128,
    seed: Annotated[int, typer.Option(help="Another seed is another day; the same one is the same.")] = 1,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw waiting and missing records over time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the real edge code under simulated traffic: what visitors wait, what is lost, what it costs."""
    # Here, so that the other commands start without it.
    from edgewise.cdn.location import REGIONS
    from edgewise.cli.simulating.report import Report
    from edgewise.cli.simulating.traffic import choose_traffic
    from edgewise.simulate import Plan
    from edgewise.simulate import parsing as parse
    from edgewise.simulate.deliveries import SETTINGS

    _check_drawing(plot)
    names = _known(delivery or [], list(SETTINGS))
    shares = parse.parse_regions(regions, REGIONS)
    chosen = choose_traffic(log or [], rate, minutes, shares, miss, seed)
    plan = Plan(
        traffic=chosen.traffic,
        seconds=chosen.traffic.seconds,
        lifetime=parse.parse_spread(lifetime, "--lifetime"),
        idle=parse.parse_spread(idle, "--idle"),
        round_trips=parse.parse_round_trips(round_trip or [], list(SETTINGS)),
        keep_alive=parse.parse_seconds(keep_alive, "--keep-alive"),
        faults=parse.parse_faults(fault or [], chosen.traffic.seconds),
        budget_ms=budget,
        work=parse.parse_seconds(work, "--work"),
        ttl=parse.parse_seconds(ttl, "--ttl"),
        seed=seed,
    )
    report = Report(plan, _run(plan, names, quiet=as_json), memory, chosen.skipped)
    if plot is not None:
        report.draw(plot)
    if as_json:
        print(json.dumps(report.facts()))
    else:
        report.show()


def _check_drawing(file: Path | None) -> None:
    from edgewise.simulate import PlanError

    if file is not None and file.suffix != ".svg":
        raise PlanError("the plot is an SVG drawing", file=file, hint="Name a file that ends in .svg.")


def _known(asked: Sequence[str], deliveries: Sequence[str]) -> list[str]:
    """The deliveries that are asked for, each once; all without any."""
    from edgewise.simulate import PlanError

    for name in asked:
        if name not in deliveries:
            raise PlanError(f"{name!r} is no delivery", hint=f"Known: {', '.join(deliveries)}.")
    return list(dict.fromkeys(asked or deliveries))


def _run(plan: Plan, names: Sequence[str], *, quiet: bool) -> list[Outcome]:
    from edgewise.simulate import PlanError, compare

    outcomes: list[Outcome] = []
    with progress_bar("simulating", len(names), quiet=quiet) as advance:
        for outcome in compare(plan, names):
            outcomes.append(outcome)
            advance(1)
    if not outcomes[0].visits:
        raise PlanError("no request arrives in this time", hint="Give a higher rate, or more minutes.")
    return outcomes
