"""Files in which every record is of a request of its own: `requests` reads them without joining and grouping.

That every record has a request id, and none is there twice, is found out when a file is written; its footer says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow.compute as pc

MARK: Final = {b"edgewise.requests": b"once"}
REQUEST_ID: Final = "request_id"

# Hashes are small. Two ids with the same one only make a file be taken for what it is not: slower to read.
_NOT_ONCE: Final = """
    SELECT count(*)
    FROM (
        SELECT 1
        FROM read_parquet($paths, union_by_name = true, hive_partitioning = false)
        GROUP BY hash(request_id)
        HAVING count(request_id) < count(*) OR ({twice})
        LIMIT 1
    )
"""
_TWICE: Final = "count(*) > 1"
_TWICE_AND_NO_REPEAT: Final = """
    count(*) > 1 AND (count(record_id) < count(*) OR min(hash(record_id)) <> max(hash(record_id)))
"""


def rows_are_once(rows: Any) -> bool:
    """Is every row of an Arrow table of a request of its own?"""
    if REQUEST_ID not in rows.column_names:
        return False
    column = rows[REQUEST_ID]
    return not column.null_count and bool(pc.count_distinct(column).as_py() == len(column))


def files_are_once(database: Any, paths: Sequence[Path], *, but_repeats: bool = False) -> bool:
    """Is every record of these Parquet files of a request of its own? They have the column `request_id`.

    `but_repeats`: it is so once records with the same `record_id` are one.
    """
    sql = _NOT_ONCE.format(twice=_TWICE_AND_NO_REPEAT if but_repeats else _TWICE)
    return bool(database.execute(sql, {"paths": [*map(str, paths)]}).fetchall() == [(0,)])


@contextmanager
def small_database(spill: Path) -> Iterator[Any]:
    """A DuckDB that takes little and puts the rest into the folder `spill`."""
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB"}) as database:
        database.execute("SET temp_directory = $folder", {"folder": str(spill)})
        yield database
