"""Several small Parquet files of one partition become one, and records that are there twice become one.

The new file's range covers the old files', so from the moment it has its name they no longer count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from edgewise.store.disk import Disk
from edgewise.store.facts import extended, with_facts, without_facts
from edgewise.store.known import ACCESS
from edgewise.store.once import files_are_once, small_database
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
# Rows are numbered here, because DuckDB's own columns for that bear names that a record's column may have.
_SUSPECTED: Final = """
    INSERT INTO suspected
    SELECT record_id, $file, number
    FROM (
        SELECT record_id, row_number() OVER () - 1 AS number
        FROM read_parquet($path, hive_partitioning = false)
    )
    WHERE hash(record_id) IN (SELECT hash FROM suspects)
"""
_REPEATS: Final = """
    SELECT file, number
    FROM suspected
    QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY file, number) > 1
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
    schema = without_facts(pa.unify_schemas(schemas, promote_options="permissive"))
    paths = [one.path for one in run]
    with small_database(spill) as database:
        repeats = _repeats(database, paths)
        once = all(one.once for one in run) and files_are_once(database, paths, but_repeats=True)
        tables = _without_repeats(run, schema, repeats)
        if merged.stream == ACCESS:
            tables, schema = (with_facts(database, table) for table in tables), extended(schema)
        write_part(merged.path, tables, schema, disk, once=once)
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


def _repeats(database: Any, paths: Sequence[Path]) -> dict[str, set[int]]:
    """The rows to leave out of each file: records whose id is in the run already."""
    found: dict[str, set[int]] = {}
    named = {"paths": [*map(str, paths)]}
    database.execute(_SUSPECTS, named)
    if database.execute("SELECT count(*) FROM suspects").fetchone() == (0,):
        return found
    database.execute("CREATE TEMP TABLE suspected (record_id VARCHAR, file INTEGER, number BIGINT)")
    for file, path in enumerate(paths):
        database.execute(_SUSPECTED, {"path": str(path), "file": file})
    for file, number in database.execute(_REPEATS).fetchall():
        found.setdefault(str(paths[file]), set()).add(number)
    return found
