"""What a simulation has to say at its end, for people: two tables that fit a terminal, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.table import Table

from edgewise.simulate import Outcome
from edgewise.simulate.cost import Bill


def visitors(outcomes: Sequence[Outcome], bills: Mapping[str, Bill]) -> Table:
    """What visitors wait longer, in milliseconds; how environments fare; what a million requests cost."""
    made = _table("delivery", "p50 ms", "p99 ms", "most ms", "cold", "rules", "paths", "USD/million")
    for outcome in outcomes:
        waits = (outcome.waited_p50_ms, outcome.waited_p99_ms, outcome.waited_most_ms)
        bill = bills[outcome.delivery]
        made.add_row(
            outcome.delivery,
            *(f"{wait:.1f}" for wait in waits),
            f"{outcome.cold_share:.3%}",
            *("" if share is None else f"{share:.1%}" for share in outcome.hits.values()),
            f"{'over ' if bill.unknown else ''}{bill.known:.2f}",
        )
    return made


def records(outcomes: Sequence[Outcome]) -> Table:
    """What became of the records."""
    made = _table("delivery", "made", "sent", "dropped", "pending", "lost", "twice")
    for outcome in outcomes:
        counts = (
            outcome.made,
            outcome.sent,
            outcome.dropped,
            outcome.pending,
            outcome.lost,
            outcome.duplicated,
        )
        made.add_row(outcome.delivery, *(f"{count:,}" for count in counts))
    return made


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def notes(bills: Mapping[str, Bill]) -> Iterator[str]:
    """What the tables have no room for."""
    yield "p50, p99, most: what a delivery makes a visitor wait, without the time that its code takes."
    yield "rules, paths: found in memory. pending: in memory when an environment ended; lost: never arrived."
    for name, region in sorted(
        {(line.name, line.region) for bill in bills.values() for line in bill.unknown}
    ):
        yield f"unknown, and not in the sums: the price of {name} in {region}"
