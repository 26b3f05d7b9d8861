"""The SQL of the views that a query sees: one per stream, and `requests`. Text in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.store.engine import StreamData
from edgewise.store.known import ACCESS, EDGE
from edgewise.store.partitions import HOUR, Part

REQUESTS: Final = "requests"
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


def streams_in(sql: str, streams: list[str]) -> list[str]:
    """The streams a query may mean: those whose names occur in its text; all when none does."""
    text = sql.lower()
    named = [stream for stream in streams if stream in text]
    if REQUESTS in text:
        named += [stream for stream in JOINED if stream not in named]
    return named or list(streams)


def helper(role: str, stream: str) -> str:
    """The name of a relation beside the stream's own; the space keeps it apart from every stream."""
    return f"{role} {stream}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def stream_relation(tail: str, parts: Iterable[Part]) -> str:
    """A SELECT of a stream's records: a registered table of them (or of none, for the columns) and files."""
    relation = f"SELECT * FROM {quoted(tail)}"
    # Files of the same columns are read without a look at each of them first.
    for shape, alike in groupby(
        sorted(parts, key=lambda one: (one.shape, one.hour)), key=lambda one: one.shape
    ):
        paths = ", ".join("'" + str(one.path).replace("'", "''") + "'" for one in alike)
        by_name = "false" if shape else "true"
        relation += (
            " UNION ALL BY NAME SELECT * FROM "
            f"read_parquet([{paths}], union_by_name = {by_name}, hive_partitioning = false)"
        )
    return relation


def settled(data: Mapping[str, StreamData]) -> list[Part]:
    """The files of `access` that hold all there is of their requests: nothing needs to be joined or grouped.

    Each is all there is of its hour, holds no request twice, and lies apart from the records of functions. Access
    records of one request are of one hour: CloudFront writes one, and repeats bear its time.
    """
    in_hour = Counter(one.hour for one in data[ACCESS].parts)
    busy = _hours(data[ACCESS].tail)
    for hour in {one.hour for one in data[EDGE].parts} | _hours(data[EDGE].tail):
        busy |= {hour - 1, hour, hour + 1}
    return [
        one for one in data[ACCESS].parts if one.unique and in_hour[one.hour] == 1 and one.hour not in busy
    ]


def _hours(table: Any) -> set[int]:
    hours = pc.floor(pc.divide(table["_timestamp"].cast(pa.float64()), float(HOUR)))
    return {int(hour) for hour in pc.unique(hours).to_pylist()}


def within(relation: str, start: int | None, end: int | None) -> str:
    """The relation's rows with `start` <= `_timestamp` < `end`."""
    conditions = []
    if start is not None:
        conditions.append(f"_timestamp >= {start:d}")
    if end is not None:
        conditions.append(f"_timestamp < {end:d}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT * FROM ({relation}){where}"


def requests_relation() -> str:
    """The join behind `requests`, over the views `all edge`, `all access` and `settled access`."""
    return files("edgewise.store").joinpath("requests.sql").read_text(encoding="utf-8")
