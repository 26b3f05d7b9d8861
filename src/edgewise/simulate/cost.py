"""Money: what a use of AWS costs, as a sum of lines, each with its quantity, its price and where that is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from .prices import Prices
from .usage import EVENT_BYTES, FIREHOSE_BYTES, HOME, PLATFORM_BYTES, Usage

EXPRESS_MS, EXPRESS_MB = (
    100,
    64,
)  # the least that an Express workflow is billed (Step Functions' pricing page)
NO_RECORDS = "openobserve"  # what is sent elsewhere is not on AWS's bill
DELIVERIES = ("stdout", NO_RECORDS, "firehose", "step-functions", "eventbridge")
BATCHED, SINGLE, DIRECT, LOG = "step-functions", "step-functions, one by one", "firehose", "import of the log"
PATHS = (BATCHED, SINGLE, DIRECT, LOG)


@dataclass(frozen=True, slots=True)
class Line:
    """`units` of something in a region; `amount` is None where the price is not known."""

    name: str
    region: str
    units: float
    unit: str
    amount: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of one month, and their sum as far as prices are known."""

    lines: tuple[Line, ...]

    @property
    def known(self) -> float:
        return sum(line.amount or 0.0 for line in self.lines)

    @property
    def unknown(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.amount is None)


@dataclass(frozen=True, slots=True)
class Workflow:
    """The state machine of `step-functions`: Express, billed the least there is, or Standard with so many `states`."""

    kind: str = "express"
    states: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """How often functions run at the viewer's triggers for a request, at the origin's for one that reaches an origin.

    `viewer_records` and `origin_records` of those runs make a record.
    """

    viewer: int = 1
    origin: int = 1
    viewer_records: float = 1.0
    origin_records: float = 1.0


@dataclass(frozen=True, slots=True)
class Month:
    """What `edgewise cost` is told. `requests` of visitors a month, of which the share `miss` reaches the origin and
    is recorded a second time there; `ms` an invocation on the average; records that share one `batch`."""

    requests: float
    miss: float
    ms: float
    record_bytes: int
    batch: float
    edge: Edge = Edge()


def usages_of(
    month: Month, delivery: str, regions: Mapping[str, float], service_region: str = HOME
) -> dict[str, Usage]:
    """What AWS would count in each region. Functions in all of them call one stream, bus or state machine."""
    usages: dict[str, Usage] = {}
    service = Usage()
    for region, share in regions.items():
        edge, requests = month.edge, month.requests * share
        runs = round(requests * (edge.viewer + edge.origin * month.miss))
        count = round(requests * (edge.viewer_records + edge.origin_records * month.miss))
        usage = usages.setdefault(region, Usage())
        usage.invocations, usage.billed_ms = runs, runs * max(1, ceil(month.ms))
        if delivery == "stdout":
            usage.log_bytes = count * (month.record_bytes + 1)
        elif delivery == "firehose":
            service.firehose_bytes += count * ceil((month.record_bytes + 1) / FIREHOSE_BYTES) * FIREHOSE_BYTES
        elif delivery == "step-functions":
            service.executions += ceil(count / month.batch)
        elif delivery == "eventbridge":
            service.events += count * ceil(month.record_bytes / EVENT_BYTES)
    taken = usages.setdefault(service_region, Usage())
    taken.firehose_bytes, taken.executions = service.firehose_bytes, service.executions
    taken.events = service.events
    return usages


def usages_of_views(
    month: Month, views: float, path: str, regions: Mapping[str, float], service_region: str = HOME
) -> dict[str, Usage]:
    """What AWS would count for page views, of so many of the month's requests, on one of `PATHS`.

    A view is one event and one record, both of the least size that is billed; `month.record_bytes` is what is stored.
    """
    if path == LOG:
        return {service_region: Usage()}
    usages = usages_of(replace(month, record_bytes=0), NO_RECORDS, regions, service_region)
    service, count = usages[service_region], round(views)
    service.firehose_bytes = count * FIREHOSE_BYTES
    service.partitioned_bytes = count * month.record_bytes
    if path != DIRECT:
        service.events = count
        service.executions = ceil(count / (1.0 if path == SINGLE else month.batch))
    return usages


def bill(
    usages: Mapping[str, Usage], memory_mb: int, prices: Prices, workflow: Workflow, scale: float = 1.0
) -> Bill:
    """The lines for these usages, `scale` times as much of each."""
    return Bill(
        tuple(
            _line(prices, name, region, quantity * scale)
            for region, usage in sorted(usages.items())
            for name, quantity in _quantities(usage, memory_mb, workflow)
            if quantity
        )
    )


def lines_of(quantities: Mapping[str, float], region: str, prices: Prices) -> Iterator[Line]:
    """The lines for so much of each thing, by the names of the list of prices, in one region."""
    return (_line(prices, name, region, quantity) for name, quantity in quantities.items() if quantity)


def _quantities(usage: Usage, memory_mb: int, workflow: Workflow) -> Iterator[tuple[str, float]]:
    yield "lambda-edge-requests", usage.invocations
    yield "lambda-edge-duration", usage.billed_ms / 1000 * memory_mb / 1024
    yield "lambda-logs", usage.log_bytes + usage.invocations * PLATFORM_BYTES
    yield "firehose", usage.firehose_bytes
    yield "firehose-partitioning", usage.partitioned_bytes
    yield "eventbridge", usage.events
    if workflow.kind == "standard":
        yield "step-functions-standard", usage.executions * workflow.states
    else:
        yield "step-functions-express-requests", usage.executions
        yield "step-functions-express-duration", usage.executions * EXPRESS_MS / 1000 * EXPRESS_MB / 1024


def _line(prices: Prices, name: str, region: str, quantity: float) -> Line:
    price = prices.of[name]
    units = quantity / price.quantum
    return Line(price.name, region, units, price.unit, price.amount(units, region), price.source)


def facts(bill: Bill, prices: Prices) -> dict[str, Any]:
    """As an object for JSON; `known` is the sum of the amounts that are not null."""
    return {
        "dated": prices.dated.isoformat(),
        "currency": prices.currency,
        "known": round(bill.known, 6),
        "complete": not bill.unknown,
        "lines": [
            {
                "name": line.name,
                "region": line.region,
                "units": round(line.units, 6),
                "unit": line.unit,
                "amount": None if line.amount is None else round(line.amount, 6),
                "source": line.source,
            }
            for line in bill.lines
        ],
    }
