"""The SQL of the views that a query sees: one per stream, and `requests`. Text in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.store.engine import StreamData
from edgewise.store.facts import COLUMNS_OF_STREAM, FACTS
from edgewise.store.known import ACCESS, EDGE
from edgewise.store.partitions import HOUR, Part

REQUESTS: Final = "requests"
# The same with what `facts.py` tells of, for the questions.
KNOWN_REQUESTS: Final = "known requests"
JOINED: Final = (EDGE, ACCESS)
# A request's records lie this far apart at most (microseconds): functions and origins end within minutes.
REQUEST_SPAN: Final = 300_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """The times a query asks for (microseconds), and around them those where the rest of a request may lie."""

    start: int | None
    end: int | None
    margin: int

    @property
    def low(self) -> int | None:
        return None if self.start is None else self.start - self.margin

    @property
    def high(self) -> int | None:
        return None if self.end is None else self.end + self.margin


def tail_of(stream: str) -> str:
    """The name of the table of what is in no file yet; the space keeps it apart from every stream."""
    return f"tail {stream}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def stream_relation(first: str, parts: Iterable[Part], columns: str = COLUMNS_OF_STREAM) -> str:
    """A SELECT of a stream's records: those of another SELECT (perhaps none, for the columns) and of files."""
    relation = first
    # Files of the same columns are read without a look at each of them first; the newest come first, so that a question
    # for the latest records soon knows that the others have none.
    for shape, alike in groupby(
        sorted(parts, key=lambda one: (one.shape, -one.hour)), key=lambda one: one.shape
    ):
        paths = ", ".join("'" + str(one.path).replace("'", "''") + "'" for one in alike)
        by_name = "false" if shape else "true"
        relation += (
            f" UNION ALL BY NAME SELECT {columns} FROM "
            f"read_parquet([{paths}], union_by_name = {by_name}, hive_partitioning = false)"
        )
    return relation


def settled(data: Mapping[str, StreamData]) -> list[Part]:
    """The files of `access` that hold all there is of their requests: nothing needs to be joined or grouped.

    Each is all there is of its hour, holds every request once, and lies apart from the records of functions. Access
    records of one request are of one hour: CloudFront writes one, and repeats bear its time.
    """
    in_hour = Counter(one.hour for one in data[ACCESS].parts)
    busy = _hours(data[ACCESS].tail)
    for hour in {one.hour for one in data[EDGE].parts} | _hours(data[EDGE].tail):
        busy |= {hour - 1, hour, hour + 1}
    return [one for one in data[ACCESS].parts if one.once and in_hour[one.hour] == 1 and one.hour not in busy]


def _hours(table: Any) -> set[int]:
    # In integers: a float does not hold every time. Arrow divides towards zero, and times before 1970 are negative.
    times = table["_timestamp"]
    hours = pc.divide(times, HOUR)
    beyond = pc.less(times, pc.multiply(hours, HOUR)).cast(pa.int64())
    return set(pc.unique(pc.subtract(hours, beyond)).to_pylist())


def within(relation: str, start: int | None, end: int | None) -> str:
    """The relation's rows with `start` <= `_timestamp` < `end`."""
    conditions = []
    if start is not None:
        conditions.append(f"_timestamp >= {start:d}")
    if end is not None:
        conditions.append(f"_timestamp < {end:d}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT * FROM ({relation}){where}"


def settled_relation(empty: str, parts: Iterable[Part]) -> str:
    """The records of settled files with their facts, which most of them have; `empty` is a SELECT of no record."""
    having: list[Part] = []
    others: list[Part] = []
    for one in parts:
        (having if one.facts else others).append(one)
    return stream_relation(f"SELECT *, {FACTS} FROM ({stream_relation(empty, others)})", having, "*")


def views(named: Collection[str], data: Mapping[str, StreamData], span: Span) -> Iterator[tuple[str, str]]:
    """The views of these names as SQL: streams, `requests` and `known requests`."""
    for stream, one in data.items():
        if stream in named:
            yield stream, within(_records(stream, one.parts), span.start, span.end)
    for name, columns in ((REQUESTS, COLUMNS_OF_STREAM), (KNOWN_REQUESTS, "*")):
        if name in named:
            relation = within(_requests(data, span), span.start, span.end)
            yield name, f"SELECT {columns} FROM ({relation})"


def _records(stream: str, parts: Iterable[Part]) -> str:
    return stream_relation(f"SELECT * FROM {quoted(tail_of(stream))}", parts)


def _requests(data: Mapping[str, StreamData], span: Span) -> str:
    """The join of the streams that tell of requests, and what needs no join; neither where there is nothing of it."""
    apart = set(settled(data))
    rest = {stream: [one for one in data[stream].parts if one not in apart] for stream in JOINED}
    relations = []
    if not apart or any(rest[stream] or data[stream].tail.num_rows for stream in JOINED):
        joined = {
            stream: within(_records(stream, parts), span.low, span.high) for stream, parts in rest.items()
        }
        relations.append(_text("joined").format(facts=FACTS, **joined))
    if apart:
        nothing = f"SELECT * FROM {quoted(tail_of(ACCESS))} WHERE false"
        records = within(settled_relation(nothing, apart), span.start, span.end)
        relations.append(_text("settled").format(settled=records))
    return " UNION ALL ".join(f"({one})" for one in relations)


@cache
def _text(name: str) -> str:
    return files("edgewise.store").joinpath(f"{name}.sql").read_text(encoding="utf-8")
