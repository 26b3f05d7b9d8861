"""Logs as Parquet files: CloudFront's standard logs have the fields' names with underscores, all text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from edgewise.logfiles import fields as known
from edgewise.logfiles.errors import FormatError
from edgewise.logfiles.tables import NO_TIME, Bad, Parsed

_MAGIC: Final = b"PAR1"
_ROWS: Final = 16_384
# What a damaged or hostile file raises: also of texts that are no UTF-8, of dates that are none of Python's, and of
# lists in lists in lists that no JSON can be made of.
UNREADABLE: Final = (pa.ArrowException, OSError, ValueError, OverflowError, orjson.JSONEncodeError)


def is_one(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def holds_views(path: Path) -> bool:
    """Are its rows page views, and no log's? Raises `FormatError`."""
    try:
        return {"event_id", "view_time"} <= set(pq.read_schema(path).names)
    except UNREADABLE as error:
        raise unreadable(error) from None


def batches(path: Path) -> Iterator[tuple[int, Any]]:
    """Tables of the known fields, with the number of their first row, from 1. Raises `FormatError`."""
    try:
        with pq.ParquetFile(path) as content:
            wanted: dict[str, str] = {}
            for name in content.schema_arrow.names:
                if known.field(name) in known.TYPES:
                    wanted.setdefault(known.field(name), name)
            if reason := known.missing(set(wanted)):
                raise FormatError(f"the columns do not have {reason}", hint="A record needs it.")
            row = 1
            for batch in content.iter_batches(_ROWS, columns=list(wanted.values())):
                yield row, pa.table({name: _text(batch[column]) for name, column in wanted.items()})
                row += batch.num_rows
    except UNREADABLE as error:
        raise unreadable(error) from None


def unreadable(error: Exception) -> FormatError:
    """What Arrow says of a file that is none of Parquet's."""
    return FormatError(f"not readable as Parquet: {(str(error).splitlines() or [type(error).__name__])[0]}")


def _text(array: Any) -> Any:
    text = array.cast(pa.string())
    return pc.if_else(pc.is_in(text, pa.array([known.NOTHING, ""])), pa.scalar(None, pa.string()), text)


def parse(table: Any, first: int) -> Parsed:
    """The rows with a time; `first` is the number of the first one."""
    columns = known.access_columns({name: table[name].combine_chunks() for name in table.column_names})
    good = pc.is_valid(columns["_timestamp"])
    numbers = [number for number, kept in enumerate(good.to_pylist(), first) if kept]
    bad = [
        Bad(first + index, NO_TIME, orjson.dumps(row))
        for index, row in enumerate(table.to_pylist() if len(numbers) < len(table) else [])
        if not good[index].as_py()
    ]
    return Parsed({name: array.filter(good) for name, array in columns.items()}, numbers, bad)
