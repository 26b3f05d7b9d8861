"""The rows of a checked query, within bounds: an answer is never larger in memory than it may be."""

from __future__ import annotations

from typing import Any, Final

from edgewise.store.answer import Answer
from edgewise.store.errors import QueryError
from edgewise.store.statements import one_statement
from edgewise.store.values import plain_row

# Rows at a time: few, because a row may be wide, and the bound on bytes is looked at between batches.
_BATCH: Final = 50


def fetch(connection: Any, sql: str, skip: int, most: int, size: int) -> Answer:
    """At most so many rows after the first `skip`, and so many bytes of them.

    Raises `QueryError` when not even one row fits; errors of DuckDB and Arrow as they are.
    """
    room = size
    reader = connection.sql(one_statement(connection, sql)).to_arrow_reader(_BATCH)
    columns: list[str] = list(dict.fromkeys(reader.schema.names))
    rows: list[dict[str, Any]] = []
    for batch in reader:
        fresh = batch.slice(min(skip, batch.num_rows))
        skip -= batch.num_rows - fresh.num_rows
        fitting = _fitting(fresh.slice(0, most - len(rows)), room)
        rows += map(plain_row, fitting.to_pylist())
        room -= fitting.nbytes
        if fitting.num_rows < fresh.num_rows:
            if not rows and most:
                raise QueryError(
                    f"the first row of the answer is larger than {size} bytes",
                    hint="Ask for fewer columns, or for a part of the text.",
                )
            return Answer(columns, rows, partial=True)
    return Answer(columns, rows)


def _fitting(batch: Any, room: int) -> Any:
    """The first rows of a batch, no larger together than so many bytes, looked at before they grow into Python's."""
    while batch.num_rows and batch.nbytes > room:
        batch = batch.slice(0, batch.num_rows // 2)
    return batch
