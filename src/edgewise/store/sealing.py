"""A finished journal segment becomes Parquet files. Every step can be the last one before a crash.

The files are written aside, synced, and given their names; only then is the segment removed. Until it is,
files that bear its number do not count (`partitions.py`), so its records are never there twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from edgewise.store import facts
from edgewise.store.disk import Disk
from edgewise.store.known import ACCESS, KINDS, Kind
from edgewise.store.once import MARK, rows_are_once
from edgewise.store.partitions import HOUR, Part, part
from edgewise.store.segment import Segment
from edgewise.store.tables import Converter

COMPRESSION: Final = "zstd"
# Rows that a query reads together: enough to compress well, few enough that several cores find work.
ROW_GROUP: Final = 120_000
SCHEMA_FILE: Final = "_schema.json"


def seal(
    segment: Segment, kinds: Mapping[str, Mapping[str, Kind]], data: Path, converter: Converter, disk: Disk
) -> list[Part]:
    """Write the segment's records as Parquet and remove the segment; return the new files."""
    sealed = [
        made
        for stream in segment.streams()
        for made in _seal_stream(segment, stream, kinds, data, converter, disk)
    ]
    drop(segment, disk)
    return sealed


def drop(segment: Segment, disk: Disk) -> None:
    """Take the segment out of the journal; a corrupt one is kept beside it for whoever wants to look."""
    if segment.corrupt:
        disk.rename(segment.path, segment.path.with_suffix(".corrupt"))
    else:
        disk.unlink(segment.path)


def _seal_stream(
    segment: Segment,
    stream: str,
    kinds: Mapping[str, Mapping[str, Kind]],
    data: Path,
    converter: Converter,
    disk: Disk,
) -> Iterator[Part]:
    table = converter.table(stream, segment.bodies(stream), kinds[stream])
    if stream == ACCESS:
        table = converter.with_facts(table)
    save_schema(data, stream, kinds[stream], disk)
    for hour, rows in by_hour(table):
        made = part(data, stream, hour, segment.number, segment.number)
        write_part(made.path, [rows], rows.schema, disk, once=rows_are_once(rows))
        yield made


def write_part(path: Path, tables: Any, schema: Any, disk: Disk, *, once: bool = False) -> None:
    """A Parquet file, whole and durable or not there at all. `once`: it will say so of its records."""
    disk.make_directory(path.parent)
    temporary = path.with_name(f".tmp-{path.name}")
    schema = schema.with_metadata((MARK if once else {}) | facts.said(schema))
    with pq.ParquetWriter(temporary, schema, compression=COMPRESSION, write_page_checksum=True) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=ROW_GROUP)
    disk.sync_file(temporary)
    disk.rename(temporary, path)


def by_hour(table: Any) -> Iterator[tuple[int, Any]]:
    """The table cut at full hours of `_timestamp`; in order when there is more than one hour."""
    if not table.num_rows:
        return
    ends = pc.min_max(table["_timestamp"]).as_py()
    if ends["min"] // HOUR == ends["max"] // HOUR:
        yield ends["min"] // HOUR, table
        return
    table = table.sort_by("_timestamp")
    while table.num_rows:
        hour = table["_timestamp"][0].as_py() // HOUR
        inside = pc.sum(pc.less(table["_timestamp"], pa.scalar((hour + 1) * HOUR, pa.int64()))).as_py()
        yield hour, table.slice(0, inside)
        table = table.slice(inside)


def save_schema(data: Path, stream: str, kinds: Mapping[str, Kind], disk: Disk) -> None:
    """Keep the columns' kinds beside the files: the journal, which stated them, is about to go."""
    path = data / f"stream={stream}" / SCHEMA_FILE
    content = orjson.dumps(dict(kinds), option=orjson.OPT_INDENT_2)
    if path.is_file() and path.read_bytes() == content:
        return
    disk.make_directory(path.parent)
    disk.replace_bytes(path, content)


def load_schemas(data: Path) -> tuple[dict[str, dict[str, Kind]], dict[Path, str]]:
    """The kept columns of every stream; and the files that do not say them, with the reason."""
    found: dict[str, dict[str, Kind]] = {}
    broken: dict[Path, str] = {}
    for path in data.glob(f"stream=*/{SCHEMA_FILE}"):
        try:
            kinds = orjson.loads(path.read_bytes())
            if not isinstance(kinds, dict) or not set(map(str, kinds.values())) <= KINDS:
                raise ValueError("expected an object of columns and their kinds")
        except ValueError as error:
            broken[path] = str(error)
        else:
            found[path.parent.name.removeprefix("stream=")] = kinds
    return found, broken
