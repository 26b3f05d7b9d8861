"""`edgewise cost`: what records of every request cost on AWS, as a sum that can be checked line by line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgewise.simulate.cost import Bill, Line, Month
    from edgewise.simulate.prices import Prices

_DATED: Final = (
    "Prices as listed on {}, without tax and free tiers; docs/cost.md says what is not in the sum."
)
# A finished view of the usual length, and how many share an execution where views wait for each other a little.
_VIEW_BYTES: Final = 450
_VIEWS_TOGETHER: Final = 10.0
# More than anything counts, and few enough to multiply.
_MOST: Final = 1e18


def cost(
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="With --app: the site's folder.")
    ] = None,
    *,
    requests: Annotated[
        float, typer.Option(min=1, metavar="N", help="Of visitors, a month; 1e6 is a million.")
    ] = 1e6,
    miss: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, metavar="SHARE", help="What reaches the origin, recorded there too (default: 0.3)."
        ),
    ] = None,
    regions: Annotated[
        str, typer.Option(metavar="MIX", help="Where functions run: us-east-1=0.6,eu-central-1=0.4.")
    ] = "us-east-1",
    delivery: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How records leave (default: stdout, with `--app` the site's)."),
    ] = None,
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
    page_views: Annotated[
        float | None,
        typer.Option(
            min=1, metavar="N", help="Compare the ways of counting so many page views of the requests."
        ),
    ] = None,
    logs: Annotated[
        bool,
        typer.Option("--logs", help="Compare functions that record with CloudFront's own logs, by traffic."),
    ] = False,
    line_bytes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="`--logs`: of a line of CloudFront's (default: 500)."),
    ] = None,
    percent: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, metavar="N", help="`--logs`: of requests in the real-time log (default: 100)."
        ),
    ] = None,
    app: Annotated[
        str | None, typer.Option(metavar="NAME", help="Add the function of this image origin of the site.")
    ] = None,
    app_ms: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="N", help="`--app`: of one of its requests on the average (default: 50)."
        ),
    ] = None,
    app_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="`--app`: what of the requests reaches it (default: as --miss).",
        ),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another list of prices, of the same shape.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Add up what a month costs on AWS: functions, logs and the service that takes the records."""
    from edgewise.cdn.location import REGIONS
    from edgewise.cli.costapps import MISS, app_month, check_app, site_month
    from edgewise.simulate import PlanError, read_prices
    from edgewise.simulate.apps import bill_with_app
    from edgewise.simulate.cost import Edge, Month, Workflow, bill, facts, usages_of
    from edgewise.simulate.parsing import parse_regions
    from edgewise.simulate.prices import PACKAGED

    check_app(app, (app_ms, app_share), directory, alone=not logs and page_views is None)
    found = site_month(directory, app, miss, app_share, delivery) if app is not None else None
    miss = found.miss if found else MISS if miss is None else miss
    delivery = (found.delivery if found else delivery) or "stdout"
    _check_service(delivery, service_region)
    if page_views is None:
        _check_workflow(delivery, batch, workflow, states)
    elif (workflow, states) != (None, None):
        raise PlanError(
            "the state machine of page views is an express workflow",
            hint="Leave --workflow and --states away.",
        )
    _check_numbers(
        {"--requests": requests, "--ms": ms, "--batch": batch or 1.0, "--page-views": page_views or 1.0}
    )
    shares = parse_regions(regions, REGIONS)
    known = read_prices(prices or PACKAGED)
    _check_logs(logs, line_bytes, percent, page_views)
    if logs:
        from edgewise.cli.costways import compare_logs
        from edgewise.simulate.ways import Own

        own = Own(line_bytes=line_bytes or 500, share=(percent or 100) / 100)
        compare_logs(
            Month(requests, miss, ms, record_bytes, 1.0), own, shares, memory, known, as_json=as_json
        )
        if not as_json:
            print(_DATED.format(known.dated))
        return
    if page_views is not None:
        month = Month(requests, miss, ms, _VIEW_BYTES, batch or _VIEWS_TOGETHER)
        bills = _bills_of_views(month, page_views, shares, service_region, known, memory)
        _compare(bills, known, page_views, month.batch, as_json=as_json)
        return
    month = Month(requests, miss, ms, record_bytes, batch or 1.0, found.edge if found else Edge())
    workflow_of = Workflow(workflow or "express", states or 1)
    usages = usages_of(month, delivery, shares, service_region)
    made = (
        bill_with_app(app_month(found, requests, app_ms), usages, memory, known, workflow_of)
        if found
        else bill(usages, memory, known, workflow_of)
    )
    if as_json:
        said = {"delivery": found.delivery, "site": found.said} if found else {"delivery": delivery}
        print(json.dumps({**said, "requests": requests, **facts(made, known)}))
    else:
        _print(made, known, requests)
        if found:
            print(found.said)
        if delivery == "step-functions" and batch is None:
            print(
                "An execution for each record is the most it can be; `edgewise simulate` counts how many share one."
            )


def _check_numbers(given: Mapping[str, float]) -> None:
    from edgewise.simulate import PlanError

    for option, value in given.items():
        if not value <= _MOST:
            raise PlanError(
                f"{option} {value:g} is no number to reckon with", hint=f"Give one up to {_MOST:g}."
            )


def _check_service(delivery: str, service_region: str) -> None:
    from edgewise.simulate import PlanError
    from edgewise.simulate.cost import DELIVERIES

    if delivery not in DELIVERIES:
        raise PlanError(f"{delivery!r} is no delivery", hint=f"Known: {', '.join(DELIVERIES)}.")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", service_region):
        raise PlanError(f"{service_region!r} is no region of AWS", hint="Write one as eu-west-1.")


def _check_workflow(delivery: str, batch: float | None, workflow: str | None, states: int | None) -> None:
    from edgewise.simulate import PlanError

    if delivery != "step-functions" and (batch, workflow, states) != (None, None, None):
        hint = "Leave --batch, --workflow and --states away, or take --delivery step-functions."
        raise PlanError(f"{delivery} runs no workflow", hint=hint)
    if workflow not in (None, "express", "standard"):
        raise PlanError(f"{workflow!r} is no kind of workflow", hint="It is express or standard.")
    if states is not None and workflow != "standard":
        raise PlanError("only a standard workflow is billed by --states", hint="Add --workflow standard.")


def _check_logs(logs: bool, line_bytes: int | None, percent: int | None, page_views: float | None) -> None:
    from edgewise.simulate import PlanError

    if logs and page_views is not None:
        raise PlanError(
            "logs and page views are compared one at a time", hint="Leave --logs or --page-views away."
        )
    if not logs and (line_bytes, percent) != (None, None):
        raise PlanError("--line-bytes and --percent are of CloudFront's own logs", hint="Add --logs.")


def _bills_of_views(
    month: Month, views: float, shares: Mapping[str, float], service_region: str, prices: Prices, memory: int
) -> dict[str, Bill]:
    from edgewise.simulate import PlanError
    from edgewise.simulate.cost import PATHS, Workflow, bill, usages_of_views

    if views > month.requests:
        raise PlanError("there are more page views than requests", hint="Every page view is a request, too.")
    return {
        path: bill(usages_of_views(month, views, path, shares, service_region), memory, prices, Workflow())
        for path in PATHS
    }


def _compare(bills: dict[str, Bill], prices: Prices, views: float, batch: float, *, as_json: bool) -> None:
    """The ways of counting page views beside each other."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from edgewise.simulate.cost import BATCHED, facts

    if as_json:
        paths = {path: facts(made, prices) for path, made in bills.items()}
        print(json.dumps({"page_views": views, "batch": batch, "paths": paths}))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("page views by")
    for name in (f"{prices.currency} a month", "a million views"):
        table.add_column(name, justify="right")
    for path, made in bills.items():
        least = "at least " if made.unknown else ""
        name = f"{path}, {batch:g} together" if path == BATCHED else path
        table.add_row(name, f"{least}{made.known:,.2f}", f"{made.known / views * 1e6:,.2f}")
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False).print(table)
    _say_unknown({line.name: line for made in bills.values() for line in made.unknown}.values())
    print(_DATED.format(prices.dated))


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
        price = "" if line.amount is None else f"{line.amount / line.units:.10f}".rstrip("0").rstrip(".")
        units = f"{line.units:,.0f}" if line.units >= 10_000 else f"{line.units:,.6g}"
        table.add_row(line.name, line.region, f"{units} {line.unit}", price, amount)
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False).print(table)
    least = "at least " if bill.unknown else ""
    a_million = bill.known / requests * 1_000_000
    print(
        f"{least}{bill.known:,.2f} {prices.currency} a month · {a_million:,.2f} a million requests of visitors"
    )
    _say_unknown(bill.unknown)
    print(_DATED.format(prices.dated))


def _say_unknown(lines: Iterable[Line]) -> None:
    for line in lines:
        print(f"unknown: the price of {line.name} in {line.region}; look it up at {line.source}")
