"""Which record ids were stored last, read back from journal and Parquet when a store is opened. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from edgewise.store.partitions import Part
from edgewise.store.recent import RecentIds
from edgewise.store.segment import Segment
from edgewise.store.tables import Converter


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the ids are: `segments` in order of number, and `parts`."""

    capacity: int
    converter: Converter
    segments: list[Segment]
    parts: list[Part]

    def recent(self, stream: str) -> RecentIds:
        """A stream's window as it was, so that a retry after a restart is still recognised.

        Raises `OSError` or `ArrowException` for a file that cannot be read.
        """
        newest_first: list[list[str]] = []
        wanted = self.capacity
        for ids in self._newest_first(stream):
            newest_first.append(ids)
            wanted -= len(ids)
            if wanted <= 0:
                break
        recent = RecentIds(self.capacity)
        for ids in reversed(newest_first):
            for record_id in ids:
                recent.add(record_id)
        return recent

    def _newest_first(self, stream: str) -> Iterator[list[str]]:
        for segment in reversed(self.segments):
            yield _ids(self.converter.table(stream, segment.bodies(stream), {"record_id": "text"}))
        mine = [one for one in self.parts if one.stream == stream]
        for one in sorted(mine, key=lambda one: one.last, reverse=True):
            with pq.ParquetFile(one.path) as content:
                yield _ids(content.read(columns=["record_id"]))


def _ids(table: Any) -> list[str]:
    column: list[str | None] = table["record_id"].to_pylist()
    return [record_id for record_id in column if record_id is not None]
