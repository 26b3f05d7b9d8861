"""The ways to a record of every request, beside each other: functions, the real-time log, the standard log.

What a month has of each thing that is billed, as a sum of lines like any other (`cost.py`), and the traffic from which
one way is cheaper than another. The real-time log's stream is paid for by the hour, so it is dear for few requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from .cost import Bill, Month, Workflow, bill, lines_of, usages_of
from .prices import Prices
from .usage import FIREHOSE_BYTES, HOME, PLATFORM_BYTES

REAL_TIME, FILES, PARQUET = "real-time log", "standard log, JSON files", "standard log, Parquet files"
# The functions' deliveries that have a counterpart here: into CloudWatch, to OpenObserve, through a stream.
FUNCTIONS: Final = {f"functions, {name}": name for name in ("stdout", "openobserve", "firehose")}
WAYS: Final = (*FUNCTIONS, REAL_TIME, FILES, PARQUET)

HOURS = 730  # of a month, as AWS reckons
KINESIS_BYTES = 1024  # each record is rounded up to these (Kinesis Data Streams' pricing page)
# The function between Kinesis and Firehose: a call for each megabyte, or when its buffer's time is over, of the four
# shards that a stream on demand begins with.
CALL_BYTES, CALL_SECONDS, SHARDS = 1 << 20, 30, 4
TRANSFORM_MB = 512
# Milliseconds a line there: 0.07 on a whole CPU (`edgewise.transform`, a line of 453 bytes), of which 512 MB have 0.29.
TRANSFORM_MS = 0.25
# Of files, as gzip leaves them, and of what is converted to Parquet before it is.
PACKED = 0.2

Quantities = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Own:
    """What CloudFront's own logs write: bytes a line, the share of requests that is logged, days that files stay."""

    line_bytes: int = 500
    share: float = 1.0
    days: float = 90.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """From so many `requests` a month on `way` is cheaper than `other`; None if it never is."""

    way: str
    other: str
    requests: float | None


def bill_of(
    way: str, month: Month, own: Own, regions: Mapping[str, float], memory_mb: int, prices: Prices
) -> Bill:
    """A month of one of `WAYS`. CloudFront's own logs are billed in the home region."""
    if way in FUNCTIONS:
        return bill(usages_of(month, FUNCTIONS[way], regions), memory_mb, prices, Workflow())
    quantities = _real_time(month.requests, own) if way == REAL_TIME else _files(month.requests, own, way)
    return Bill(tuple(lines_of(quantities, HOME, prices)))


def _real_time(requests: float, own: Own) -> Quantities:
    count = round(requests * own.share)
    kinesis = count * ceil(own.line_bytes / KINESIS_BYTES) * KINESIS_BYTES
    most_calls = SHARDS * HOURS * 3600 / CALL_SECONDS
    calls = max(ceil(count * own.line_bytes / CALL_BYTES), min(count, most_calls))
    return {
        "real-time-log": count,
        "kinesis-hours": HOURS,
        "kinesis-in": kinesis,
        "kinesis-out": kinesis,
        "firehose": count * ceil(own.line_bytes / FIREHOSE_BYTES) * FIREHOSE_BYTES,
        "lambda-requests": calls,
        "lambda-duration": count * TRANSFORM_MS / 1000 * TRANSFORM_MB / 1024,
        "lambda-logs": calls * PLATFORM_BYTES,
    }


def _files(requests: float, own: Own, way: str) -> Quantities:
    written = requests * own.line_bytes
    quantities = {"s3-storage": written * PACKED * own.days / 30}
    return quantities | ({"log-parquet": written} if way == PARQUET else {})


def crossings(
    own: Own, month: Month, regions: Mapping[str, float], memory_mb: int, prices: Prices
) -> Iterator[Crossing]:
    """From which traffic on the real-time log is cheaper than each way of the functions."""

    def dearer(requests: float, other: str) -> bool:
        """Whether the real-time log is."""
        at = Month(requests, month.miss, month.ms, month.record_bytes, month.batch)
        mine, theirs = (bill_of(one, at, own, regions, memory_mb, prices).known for one in (REAL_TIME, other))
        return mine >= theirs

    for other in FUNCTIONS:
        low, high = 1e3, 1e11
        if dearer(high, other):
            yield Crossing(REAL_TIME, other, None)
            continue
        while high / low > 1.001:
            middle = (low * high) ** 0.5
            low, high = (middle, high) if dearer(middle, other) else (low, middle)
        yield Crossing(REAL_TIME, other, high)
