"""`edgewise cost --logs`: the ways to a record of every request beside each other, and where one is the cheaper."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.simulate.cost import Bill, Month
    from edgewise.simulate.prices import Prices
    from edgewise.simulate.ways import Crossing, Own

_TRAFFIC: Final = (1e6, 1e7, 1e8, 1e9)


def compare_logs(
    month: Month, own: Own, regions: Mapping[str, float], memory: int, prices: Prices, *, as_json: bool
) -> None:
    """For several sizes of traffic, that of the month among them."""
    from dataclasses import replace

    from edgewise.simulate.cost import facts
    from edgewise.simulate.ways import WAYS, bill_of, crossings

    traffic = sorted({*_TRAFFIC, month.requests})
    bills = {
        way: [bill_of(way, replace(month, requests=one), own, regions, memory, prices) for one in traffic]
        for way in WAYS
    }
    found = list(crossings(own, month, regions, memory, prices))
    if not as_json:
        _print(bills, traffic, found, prices)
        return
    ways = {
        way: [{"requests": one, **facts(made, prices)} for one, made in zip(traffic, of_way, strict=True)]
        for way, of_way in bills.items()
    }
    crossing = [{"way": one.way, "cheaper_than": one.other, "from_requests": one.requests} for one in found]
    print(json.dumps({"ways": ways, "crossings": crossing}))


def _print(
    bills: Mapping[str, list[Bill]], traffic: list[float], found: list[Crossing], prices: Prices
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(f"{prices.currency} a month, requests:", no_wrap=True)
    for count in traffic:
        table.add_column(_short(count), justify="right")
    for way, of_way in bills.items():
        table.add_row(way, *(f"{'≥ ' if made.unknown else ''}{made.known:,.2f}" for made in of_way))
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False).print(table)
    for one in found:
        where = "at no traffic" if one.requests is None else f"from {_short(one.requests)} requests a month"
        print(f"the {one.way} is cheaper than {one.other} {where}")
    unknown = {line.name: line for of_way in bills.values() for made in of_way for line in made.unknown}
    for line in unknown.values():
        print(f"unknown: the price of {line.name} in {line.region}; look it up at {line.source}")


def _short(count: float) -> str:
    """`23 million`; two digits say enough of a place where two sums cross."""
    for unit, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if count >= unit:
            return f"{float(f'{count / unit:.2g}'):g} {name}"
    return f"{count:g}"
