"""Several small Parquet files of one partition become one, and records that are there twice become one.

The new file's range covers the old files', so from the moment it has its name they no longer count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from edgewise.store.disk import Disk
from edgewise.store.partitions import Part, part
from edgewise.store.sealing import write_part
from edgewise.store.tables import conform

MIN_FILES: Final = 8
MAX_FILES: Final = 16
SMALL_ROWS: Final = 200_000
ROW_GROUP: Final = 64_000

# Hashes first: they are small, and nearly always no two are the same.
_SUSPECTS: Final = """
    CREATE TEMP TABLE suspects AS
    SELECT hash(record_id) AS hash
    FROM read_parquet($paths, hive_partitioning = false)
    WHERE record_id IS NOT NULL
    GROUP BY hash(record_id)
    HAVING count(*) > 1
"""
_REPEATS: Final = """
    SELECT filename, file_row_number
    FROM read_parquet($paths, filename = true, file_row_number = true, hive_partitioning = false)
    WHERE hash(record_id) IN (SELECT hash FROM suspects)
    QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY filename, file_row_number) > 1
"""

_REQUESTS_TWICE: Final = """
    SELECT count(*)
    FROM (
        SELECT 1
        FROM read_parquet($paths, union_by_name = true, hive_partitioning = false)
        WHERE request_id IS NOT NULL
        GROUP BY hash(request_id)
        HAVING min(hash(record_id)) <> max(hash(record_id)) OR (count(record_id) < count(*) AND count(*) > 1)
        LIMIT 1
    )
"""


def choose(parts: Sequence[Part], rows: Callable[[Part], int], at_least: int = MIN_FILES) -> list[Part]:
    """The next files to put together: neighbours, small, of one partition; empty when there is no need."""
    run: list[Part] = []
    for one in sorted(parts, key=lambda one: (one.stream, one.hour, one.first)):
        if run and ((run[-1].stream, run[-1].hour) != (one.stream, one.hour) or len(run) == MAX_FILES):
            if len(run) >= at_least:
                return run
            run = []
        if rows(one) < SMALL_ROWS:
            run.append(one)
        elif len(run) >= at_least:
            return run
        else:
            run = []
    return run if len(run) >= at_least else []


def compact(run: Sequence[Part], data: Path, spill: Path, disk: Disk) -> Part:
    """Write the file that replaces the run; the caller removes the old ones when nobody reads them.

    `spill` is a folder for what does not fit in memory meanwhile.
    """
    merged = part(data, run[0].stream, run[0].hour, run[0].first, run[-1].last)
    schemas = [pq.read_schema(one.path) for one in run]
    schema = pa.unify_schemas(schemas, promote_options="permissive")
    paths = [str(one.path) for one in run]
    with _database(spill) as database:
        repeats = _repeats(database, paths)
        unique = all(one.unique for one in run) and _requests_are_apart(database, paths)
    write_part(merged.path, _without_repeats(run, schema, repeats), schema, disk, unique=unique)
    return merged


def _without_repeats(run: Sequence[Part], schema: Any, repeats: dict[str, set[int]]) -> Iterator[Any]:
    """The run's records in row groups of a good size; one or two of them are in memory at a time."""
    gathered: list[Any] = []
    for table in _row_groups(run, repeats):
        gathered.append(conform(table, schema))
        if sum(one.num_rows for one in gathered) >= ROW_GROUP:
            yield pa.concat_tables(gathered)
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered)


def _row_groups(run: Sequence[Part], repeats: dict[str, set[int]]) -> Iterator[Any]:
    for one in run:
        unwanted = repeats.get(str(one.path), set())
        row = 0
        with pq.ParquetFile(one.path, page_checksum_verification=True) as content:
            for index in range(content.num_row_groups):
                table = content.read_row_group(index)
                numbers = range(row, row + table.num_rows)
                row += table.num_rows
                yield (
                    table.filter(pa.array([number not in unwanted for number in numbers]))
                    if unwanted
                    else table
                )


@contextmanager
def _database(spill: Path) -> Iterator[Any]:
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB"}) as database:
        database.execute("SET temp_directory = $folder", {"folder": str(spill)})
        yield database


def _repeats(database: Any, paths: list[str]) -> dict[str, set[int]]:
    """The rows to leave out of each file: records whose id is in the run already."""
    found: dict[str, set[int]] = {}
    database.execute(_SUSPECTS, {"paths": paths})
    if database.execute("SELECT count(*) FROM suspects").fetchone() == (0,):
        return found
    for name, row in database.execute(_REPEATS, {"paths": paths}).fetchall():
        found.setdefault(name, set()).add(row)
    return found


def _requests_are_apart(database: Any, paths: list[str]) -> bool:
    """Has no request two records, once repeats are gone?"""
    return bool(database.execute(_REQUESTS_TWICE, {"paths": paths}).fetchone() == (0,))
