"""The records that are durable but not yet in Parquet, as Arrow tables for queries. Converted once, on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from edgewise.store.known import Kind
from edgewise.store.segment import Segment
from edgewise.store.tables import Converter, arrow_schema, conform

_MAX_PIECES: Final = 32


@dataclass(slots=True)
class _Converted:
    frames: int = 0
    pieces: list[Any] = field(default_factory=list)


class Tail:
    """One segment as seen by queries: each query converts only what was added since the one before."""

    def __init__(self, segment: Segment, converter: Converter) -> None:
        self.segment = segment
        self._converter = converter
        self._streams: dict[str, _Converted] = {}

    def pieces(self, stream: str, kinds: Mapping[str, Kind], durable: int) -> list[Any]:
        """The stream's records in the first `durable` frames, as tables with the columns of then or of now.

        `kinds` must be no older than `durable`: what a frame holds that has no column yet would be left out.
        """
        done = self._streams.setdefault(stream, _Converted())
        fresh = list(self.segment.bodies(stream, done.frames, durable))
        if fresh:
            done.pieces.append(self._converter.table(stream, fresh, kinds))
        done.frames = durable
        if len(done.pieces) > _MAX_PIECES:
            schema = arrow_schema(kinds)
            tables = [conform(piece, schema) for piece in done.pieces]
            done.pieces = [pa.concat_tables(tables).combine_chunks()]
        return done.pieces
