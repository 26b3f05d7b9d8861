"""`edgewise simulate`: the real code of the edge under an hour of traffic, in virtual time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edgewise.simulate import Outcome, Plan
    from edgewise.simulate.cost import Bill
    from edgewise.simulate.traffic import Traffic

_MOST_REQUESTS = 5_000_000  # each is remembered until the end


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
    from edgewise.cdn.location import REGIONS
    from edgewise.simulate import Plan, PlanError
    from edgewise.simulate import parsing as parse
    from edgewise.simulate.deliveries import SETTINGS

    if plot is not None and plot.suffix != ".svg":
        raise PlanError("the plot is an SVG drawing", file=plot, hint="Name a file that ends in .svg.")
    names = list(dict.fromkeys(delivery or SETTINGS))
    for name in names:
        if name not in SETTINGS:
            raise PlanError(f"{name!r} is no delivery", hint=f"Known: {', '.join(SETTINGS)}.")
    shares = parse.parse_regions(regions, REGIONS)
    traffic, seconds, skipped = _traffic(log or [], rate, minutes, shares, miss, seed)
    plan = Plan(
        traffic=traffic,
        seconds=seconds,
        lifetime=parse.parse_spread(lifetime, "--lifetime"),
        idle=parse.parse_spread(idle, "--idle"),
        round_trips=parse.parse_round_trips(round_trip or [], list(SETTINGS)),
        keep_alive=parse.parse_seconds(keep_alive, "--keep-alive"),
        faults=parse.parse_faults(fault or [], seconds),
        budget_ms=budget,
        work=parse.parse_seconds(work, "--work"),
        ttl=parse.parse_seconds(ttl, "--ttl"),
        seed=seed,
    )
    outcomes = _run(plan, names, quiet=as_json)
    if plot is not None:
        _draw(plot, plan, outcomes)
    _report(plan, outcomes, memory, skipped, as_json)


def _traffic(
    log: list[Path],
    rate: float | None,
    minutes: float | None,
    shares: dict[str, float],
    miss: float,
    seed: int,
) -> tuple[Traffic, float, int]:
    """The traffic, its seconds, and how many lines of the logs were skipped."""
    from edgewise.simulate import PlanError
    from edgewise.simulate.traffic import LogTraffic, RateTraffic

    if minutes is not None and not 0 < minutes < float("inf"):
        raise PlanError(f"{minutes:g} minutes is no time", hint="Give a number above 0.")
    if log and rate is not None:
        raise PlanError("a log has a rate of its own", hint="Give --log or --rate.")
    if log:
        from edgewise.cli.simulating.logs import read_logs

        logged, skipped = read_logs(log)
        times = [visit.at for visit in logged]
        seconds = float(max(times) - min(times) + 1) if minutes is None else minutes * 60
        return LogTraffic(logged, seconds, shares, miss, seed), seconds, skipped
    rate = 50.0 if rate is None else rate
    seconds = 3600.0 if minutes is None else minutes * 60
    if not 0 < rate * seconds <= _MOST_REQUESTS:
        raise PlanError(
            f"{rate:g} requests a second for {seconds / 60:g} minutes cannot be simulated",
            hint=f"Give a rate above 0, and less than {_MOST_REQUESTS:,} requests in all.",
        )
    return RateTraffic(rate, seconds, shares, miss, seed), seconds, 0


def _run(plan: Plan, names: list[str], *, quiet: bool) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import Progress

    from edgewise.simulate import PlanError, compare

    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("simulating", total=len(names))
        for outcome in compare(plan, names):
            outcomes.append(outcome)
            progress.advance(task)
    if not outcomes[0].visits:
        raise PlanError("no request arrives in this time", hint="Give a higher rate, or more minutes.")
    return outcomes


def _draw(file: Path, plan: Plan, outcomes: list[Outcome]) -> None:
    from edgewise.simulate import PlanError
    from edgewise.simulate.plot import plot

    drawing = plot(outcomes, plan.faults, plan.seconds)
    try:
        file.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise PlanError(f"the plot cannot be written: {error}", file=file) from error


def _report(plan: Plan, outcomes: list[Outcome], memory: int, skipped: int, as_json: bool) -> None:
    from edgewise.simulate import read_prices
    from edgewise.simulate.cost import Workflow, bill, facts

    prices = read_prices()
    bills: dict[str, Bill] = {
        outcome.delivery: bill(outcome.usages, memory, prices, Workflow(), 1_000_000 / outcome.visits)
        for outcome in outcomes
    }
    if as_json:
        deliveries: list[dict[str, Any]] = [
            {**outcome.facts(), "a_million": facts(bills[outcome.delivery], prices)} for outcome in outcomes
        ]
        print(json.dumps({"seconds": plan.seconds, "skipped_lines": skipped, "deliveries": deliveries}))
        return
    from rich.console import Console

    from edgewise.cli.simulating.table import notes, records, visitors

    console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False)
    visits = outcomes[0].visits
    print(
        f"{visits:,} requests in {plan.seconds / 60:g} min · seed {plan.seed} · prices as listed on {prices.dated}"
    )
    if skipped:
        print(f"{skipped:,} {'line' if skipped == 1 else 'lines'} of the log without a request: skipped")
    for table in (visitors(outcomes, bills), records(outcomes)):
        print()
        console.print(table)
    print()
    for note in notes(bills):
        print(note)
