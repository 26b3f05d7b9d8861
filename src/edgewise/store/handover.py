"""Many records at once from another process: Parquet files in a folder of their own, which the store takes in whole.

    incoming/ID/474954.0.parquet    the records of one hour since 1970
    incoming/ID/ready               {"stream", "note"}: written last; with it the folder counts (`adoption.py`)

All work is done by who hands over, down to what `facts.py` and `once.py` tell of. A running store only gives the files
their places, and so does the next one that opens, should none run. A folder without `ready` is unfinished.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from edgewise.store import facts
from edgewise.store.disk import Disk
from edgewise.store.home import Home
from edgewise.store.known import ACCESS
from edgewise.store.once import MARK, REQUEST_ID, files_are_once, small_database
from edgewise.store.partitions import HOUR

READY: Final = "ready"
_ROW_GROUP: Final = 64_000
# Rows that wait for their hour to be full, all hours together; an hour whose turn is over is written as it is.
_WAITING: Final = 128_000
_OPEN_FILES: Final = 64
_ZSTD_LEVEL: Final = 1


class HandOver:
    """Takes tables of one schema for one stream; `commit` hands all of them over, or `abandon` none.

    Texts may be dictionaries, which makes them cheap. Rows are best in order of time, more or less.
    """

    def __init__(self, home: Home, stream: str, schema: Any, disk: Disk | None = None) -> None:
        self.folder = home.incoming / f"{time.time_ns():x}-{secrets.token_hex(4)}"
        self._home = home
        self._stream = stream
        self._schema = facts.extended(schema) if stream == ACCESS else schema
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._disk = disk or Disk()
        # In the order in which they were last added to.
        self._waiting: dict[int, list[Any]] = {}
        self._waiting_rows = 0
        self._writers: dict[int, Any] = {}
        self._files: dict[int, list[Path]] = {}
        self._disk.make_directory(self.folder)

    def add(self, table: Any) -> None:
        """Rows with a `_timestamp` (microseconds) each."""
        for hour, rows in _by_hour(table):
            pieces = self._waiting.pop(hour, [])
            pieces.append(rows)
            self._waiting[hour] = pieces
            self._waiting_rows += rows.num_rows
            if sum(piece.num_rows for piece in pieces) >= _ROW_GROUP:
                self._write(hour)
        while self._waiting_rows > _WAITING:
            self._write(next(iter(self._waiting)))

    def commit(self, note: Mapping[str, Any]) -> None:
        """Everything is on the disk, and with `ready` the folder is handed over. `note` is kept with the store."""
        for hour in list(self._waiting):
            self._write(hour)
        for writer in self._writers.values():
            writer.close()
        with small_database(self._home.spill) as database:
            for hour, files in self._files.items():
                self._disk.sync_file(self._one_file(hour, files, database))
        self._disk.replace_bytes(
            self.folder / READY,
            orjson.dumps({"stream": self._stream, "note": note}, option=orjson.OPT_INDENT_2),
        )
        self._database.close()

    def abandon(self) -> None:
        self._database.close()
        for writer in self._writers.values():
            with suppress(OSError):
                writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, hour: int) -> None:
        pieces = self._waiting.pop(hour)
        table = pa.concat_tables(pieces).unify_dictionaries()
        self._waiting_rows -= table.num_rows
        if self._stream == ACCESS:
            table = facts.with_facts(self._database, table)
        self._writer(hour).write_table(table, row_group_size=_ROW_GROUP)

    def _writer(self, hour: int) -> Any:
        writer = self._writers.pop(hour, None)
        if writer is None:
            if len(self._writers) >= _OPEN_FILES:
                self._writers.pop(next(iter(self._writers))).close()
            files = self._files.setdefault(hour, [])
            files.append(self.folder / f"{hour}.{len(files)}.parquet")
            writer = _parquet(files[-1], self._schema, once=REQUEST_ID in self._schema.names)
        self._writers[hour] = writer
        return writer

    def _one_file(self, hour: int, files: list[Path], database: Any) -> Path:
        """An hour whose file was closed and that came back has several; the store wants one.

        Files are written as if their records were once, as nearly always they are; what says so must be true.
        """
        expected = REQUEST_ID in self._schema.names
        once = expected and _are_once(database, files)
        if len(files) == 1 and once == expected:
            return files[0]
        target = self.folder / f"{hour}.parquet"
        with _parquet(target, pq.read_schema(files[0]), once=once) as writer:
            for path in files:
                with pq.ParquetFile(path) as content:
                    for index in range(content.num_row_groups):
                        writer.write_table(content.read_row_group(index))
                path.unlink()
        return target


def hour_of(path: Path) -> int:
    """The hour since 1970 of a file in such a folder."""
    return int(path.name.partition(".")[0])


def _are_once(database: Any, files: list[Path]) -> bool:
    try:
        return files_are_once(database, files)
    except duckdb.Error:
        # Too little room to find out: they are only slower to read then.
        return False


def _parquet(path: Path, schema: Any, *, once: bool) -> Any:
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    writer = pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        write_page_checksum=True,
        # Whoever reads it shall see texts, not how they were held here.
        store_schema=False,
        # A visitor comes again, a request does not.
        use_dictionary=[*texts, *facts.NAMES] if texts else True,
        # What queries leave files out by.
        write_statistics=["_timestamp"],
    )
    writer.add_key_value_metadata((MARK if once else {}) | facts.said(schema))
    return writer


def _by_hour(table: Any) -> Iterator[tuple[int, Any]]:
    """The table cut at full hours; its rows are put in order only when they are of several."""
    if not table.num_rows:
        return
    ends = pc.min_max(table["_timestamp"]).as_py()
    first = ends["min"] // HOUR
    if first == ends["max"] // HOUR:
        yield first, table
        return
    # Counted from the first one, so that nothing is negative: Arrow divides towards zero.
    hours = pc.divide(pc.subtract(table["_timestamp"], first * HOUR), HOUR).combine_chunks()
    if not pc.all(pc.greater_equal(hours[1:], hours[:-1])).as_py():
        order = pc.sort_indices(hours)
        table, hours = table.take(order), hours.take(order)
    start = 0
    runs = pc.run_end_encode(hours)
    for hour, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield first + hour, table.slice(start, end - start)
        start = end
