"""The SQL of the views that a query sees: one per stream, and `requests`. Text in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from edgewise.store.engine import StreamData

REQUESTS: Final = "requests"
JOINED: Final = ("edge", "access")
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


def stream_relation(tail: str, data: StreamData) -> str:
    """A SELECT of a stream's records: its tail (a registered table) and its files."""
    relation = f"SELECT * FROM {quoted(tail)}"
    if data.parts:
        paths = ", ".join("'" + str(one.path).replace("'", "''") + "'" for one in data.parts)
        relation += (
            " UNION ALL BY NAME SELECT * FROM "
            f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        )
    return relation


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
    """The join behind `requests`, over the views `all edge` and `all access`."""
    return files("edgewise.store").joinpath("requests.sql").read_text(encoding="utf-8")
