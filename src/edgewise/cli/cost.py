"""`edgewise cost`: what records of every request cost on AWS, as a sum that can be checked line by line."""

from __future__ import annotations

import json
import re
import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgewise.simulate.cost import Bill
    from edgewise.simulate.prices import Prices


def cost(
    *,
    requests: Annotated[
        float, typer.Option(min=1, metavar="N", help="Of visitors, a month; 1e6 is a million.")
    ] = 1e6,
    miss: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="What reaches the origin, recorded there too."),
    ] = 0.3,
    regions: Annotated[
        str, typer.Option(metavar="MIX", help="Where functions run: us-east-1=0.6,eu-central-1=0.4.")
    ] = "us-east-1",
    delivery: Annotated[str, typer.Option(metavar="NAME", help="How records leave.")] = "stdout",
    ms: Annotated[
        float,
        typer.Option(min=0, metavar="N", help="Of one invocation on the average; billed in whole ones."),
    ] = 2.0,
    memory: Annotated[int, typer.Option(min=128, max=10_240, metavar="MB", help="Of the functions.")] = 128,
    record_bytes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Of one record on the average.")
    ] = 900,
    service_region: Annotated[
        str,
        typer.Option(metavar="REGION", help="Of the stream, bus or state machine that all functions call."),
    ] = "us-east-1",
    batch: Annotated[
        float | None,
        typer.Option(min=1, metavar="N", help="Records in one execution of `step-functions` (default: 1)."),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option(metavar="express|standard", help="Of `step-functions` (default: express)."),
    ] = None,
    states: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Transitions in one execution of a standard workflow."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another list of prices, of the same shape.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Add up what a month costs on AWS: functions, logs and the service that takes the records."""
    from edgewise.cdn.location import REGIONS
    from edgewise.simulate import PlanError, read_prices
    from edgewise.simulate.cost import DELIVERIES, Month, Workflow, bill, facts, usages_of
    from edgewise.simulate.parsing import parse_regions
    from edgewise.simulate.prices import PACKAGED

    if delivery not in DELIVERIES:
        raise PlanError(f"{delivery!r} is no delivery", hint=f"Known: {', '.join(DELIVERIES)}.")
    if delivery != "step-functions" and (batch, workflow, states) != (None, None, None):
        hint = "Leave --batch, --workflow and --states away, or take --delivery step-functions."
        raise PlanError(f"{delivery} runs no workflow", hint=hint)
    if workflow not in (None, "express", "standard"):
        raise PlanError(f"{workflow!r} is no kind of workflow", hint="It is express or standard.")
    if states is not None and workflow != "standard":
        raise PlanError("only a standard workflow is billed by --states", hint="Add --workflow standard.")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", service_region):
        raise PlanError(f"{service_region!r} is no region of AWS", hint="Write one as eu-west-1.")
    for option, value in (("--requests", requests), ("--ms", ms), ("--batch", batch or 1.0)):
        if not isfinite(value):
            raise PlanError(f"{option} {value:g} is no number to reckon with", hint="Give a finite one.")
    shares = parse_regions(regions, REGIONS)
    known = read_prices(prices or PACKAGED)
    month = Month(requests, miss, ms, record_bytes, batch or 1.0)
    workflow_of = Workflow(workflow or "express", states or 1)
    made = bill(usages_of(month, delivery, shares, service_region), memory, known, workflow_of)
    if as_json:
        print(json.dumps({"delivery": delivery, "requests": requests, **facts(made, known)}))
    else:
        _print(made, known, requests)
        if delivery == "step-functions" and batch is None:
            print(
                "An execution for each record is the most it can be; `edgewise simulate` counts how many share one."
            )


def _print(bill: Bill, prices: Prices, requests: float) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("what", "region"):
        table.add_column(name)
    for name in ("units", "price", "amount"):
        table.add_column(name, justify="right")
    for line in bill.lines:
        amount = "unknown" if line.amount is None else f"{line.amount:,.2f}"
        # By tiers there is no one price, so this is what a unit costs on the average.
        price = "" if line.amount is None else f"{line.amount / line.units:.8f}".rstrip("0").rstrip(".")
        units = f"{line.units:,.0f}" if line.units >= 10_000 else f"{line.units:,.6g}"
        table.add_row(line.name, line.region, f"{units} {line.unit}", price, amount)
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False).print(table)
    least = "at least " if bill.unknown else ""
    a_million = bill.known / requests * 1_000_000
    print(
        f"{least}{bill.known:,.2f} {prices.currency} a month · {a_million:,.2f} a million requests of visitors"
    )
    for line in bill.unknown:
        print(f"unknown: the price of {line.name} in {line.region}; look it up at {line.source}")
    print(
        f"Prices as listed on {prices.dated}, without tax and free tiers; docs/cost.md says what is not in the sum."
    )
