"""Records as Parquet, by the columns of a table in the Glue catalog.

Source: the Data Firehose developer guide, "Convert input data format". A key of a record that has no column is left
out, a column that the record lacks is null.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from edgewise.localaws.errors import UnsupportedError


class Column(NamedTuple):
    """A column of the table: its name and Hive's name of its type."""

    name: str
    kind: str


class ConversionError(Exception):
    """A record does not fit the table."""


def _types() -> dict[str, Any]:
    import pyarrow as pa

    return {
        "string": pa.string(),
        "bigint": pa.int64(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
    }


def check_columns(columns: Sequence[Column]) -> None:
    """Raises `UnsupportedError` for a type that is not played here."""
    known = _types()
    for column in columns:
        if column.kind not in known:
            raise UnsupportedError(
                f"the column {column.name} has the type {column.kind!r}, which is not played on this machine",
                hint=f"these are: {', '.join(known)}",
            )


def read_row(data: bytes, columns: Sequence[Column]) -> dict[str, Any]:
    """The values of one record by column. Raises `ConversionError`."""
    import pyarrow as pa

    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        raise ConversionError("the record is no JSON") from None
    if not isinstance(record, dict):
        raise ConversionError("the record is no JSON object")
    types = _types()
    row = {column.name: record.get(column.name) for column in columns}
    for column in columns:
        try:
            pa.scalar(row[column.name], types[column.kind])
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            raise ConversionError(f"the value of {column.name} is no {column.kind}") from None
    return row


def parquet(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> bytes:
    """Rows as a Parquet file, compressed with Snappy as Firehose does."""
    import pyarrow as pa
    import pyarrow.parquet

    types = _types()
    schema = pa.schema([(column.name, types[column.kind]) for column in columns])
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(list(rows), schema), file, compression="snappy")
    return file.getvalue()
