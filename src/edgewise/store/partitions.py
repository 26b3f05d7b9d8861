"""Where Parquet files lie and what their names say; which of them count. Reads names, changes nothing.

    data/stream=edge/date=2026-11-21/hour=01/part-0000000012-0000000019.parquet

holds what the journal's segments 12 to 19 had for that stream and hour. Two rules make every crash harmless,
with no list of files to keep in step: a file whose segment is still in the journal is an unfinished copy of
it, and a file whose range lies inside another's was replaced by it. Neither counts.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

HOUR: Final = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PART = re.compile(
    r"stream=(?P<stream>[^/]+)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)/"
    r"part-(?P<first>\d{10})-(?P<last>\d{10})\.parquet\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file: `hour` counts hours since 1970, `first` and `last` are numbers of journal segments.

    What its content says, as far as somebody looked: `shape` is the same for files of the same columns, `once` says
    that every record is of a request of its own (`once.py`), `facts` that it has those columns (`facts.py`).
    """

    path: Path
    stream: str
    hour: int
    first: int
    last: int
    shape: int = field(default=0, compare=False)
    once: bool = field(default=False, compare=False)
    facts: bool = field(default=False, compare=False)

    def covers(self, other: Part) -> bool:
        """True when this file replaced the other."""
        same = (self.stream, self.hour) == (other.stream, other.hour)
        return same and self != other and self.first <= other.first and other.last <= self.last

    def overlaps(self, start: int | None, end: int | None) -> bool:
        """Can it hold a `_timestamp` from `start` to before `end` (microseconds)?"""
        return (start is None or (self.hour + 1) * HOUR > start) and (end is None or self.hour * HOUR < end)


def part(data: Path, stream: str, hour: int, first: int, last: int) -> Part:
    """The file for these segments' records of one stream and hour."""
    moment = _EPOCH + timedelta(hours=hour)
    folder = data / f"stream={stream}" / f"date={moment.date().isoformat()}" / f"hour={moment.hour:02d}"
    return Part(folder / f"part-{first:010d}-{last:010d}.parquet", stream, hour, first, last)


def parse_part(data: Path, path: Path) -> Part | None:
    """What a file's place and name say; nothing when they are not of ours."""
    match = _PART.match(path.relative_to(data).as_posix())
    if match is None:
        return None
    moment = datetime.fromisoformat(f"{match['date']}T{match['hour']}:00:00+00:00")
    hour = (moment - _EPOCH) // timedelta(hours=1)
    return Part(path, match["stream"], hour, int(match["first"]), int(match["last"]))


def find_parts(data: Path) -> list[Part]:
    """All Parquet files of ours, counting or not."""
    found = (parse_part(data, path) for path in data.glob("stream=*/date=*/hour=*/part-*.parquet"))
    return sorted(
        (one for one in found if one is not None), key=lambda one: (one.stream, one.hour, one.first)
    )


def split_live(parts: Iterable[Part], in_journal: Container[int]) -> tuple[list[Part], list[Part]]:
    """The files that count, and those that do not, by the two rules above."""
    live: list[Part] = []
    dead: list[Part] = []
    partitions: dict[tuple[str, int], list[Part]] = {}
    for one in parts:
        partitions.setdefault((one.stream, one.hour), []).append(one)
    for members in partitions.values():
        finished = [one for one in members if not (one.first == one.last and one.first in in_journal)]
        for one in members:
            replaced = one not in finished or any(other.covers(one) for other in finished)
            (dead if replaced else live).append(one)
    return live, dead
