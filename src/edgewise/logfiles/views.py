"""Files of finished page views, as the statistics write them: JSON lines or Parquet in folders by `view_date`.

Each view is a record of the stream `page_views`, with its event's id as the record's. What is no finished view is told
line by line, as lines of logs are.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from edgewise.logfiles.errors import FormatError
from edgewise.logfiles.layouts import Chunk
from edgewise.logfiles.parquet import UNREADABLE, unreadable
from edgewise.logfiles.tables import Bad, Parsed
from edgewise.store.known import CONFLICTS, KNOWN_STREAMS, OVERFLOW, PAGE_VIEWS
from edgewise.store.timestamps import LATEST, MICROSECONDS_ABOVE

SCHEMA_NAME: Final = "pageview/1"
DATE: Final = "view_date"
_TYPES: Final = {"int": int, "text": str, "bool": bool}
_ARROW: Final = {"int": pa.int64(), "text": pa.string(), "bool": pa.bool_()}
_COLUMNS: Final = {
    name: kind for name, kind in KNOWN_STREAMS[PAGE_VIEWS].items() if name not in (CONFLICTS, OVERFLOW)
}
SCHEMA: Final = pa.schema([(name, _ARROW[kind]) for name, kind in _COLUMNS.items()])
# What a view that is not finished lacks; its bots would be people.
_FINISHED: Final = ("event_id", "_timestamp", "view_time", "host", "page", "device")
_PAGES: Final = (None, 200, 304)  # what a page is answered with
_KEY: Final = re.compile(r"(?:^|/)view_date=(\d{4}-\d\d-\d\d)/")
_INT64: Final = range(-(2**63), 2**63)
_LONGEST: Final = 2_048
_ROWS: Final = 16_384

Record = dict[str, Any]


def read_file(key: str, body: bytes) -> tuple[list[Record], list[Bad]]:
    """The records of one object as it lies in the bucket, and what is none. Raises `FormatError`."""
    if body[:4] == b"PAR1":
        records: list[Record] = []
        bad: list[Bad] = []
        for first, rows in _row_groups(BytesIO(body), date_of(key)):
            found, other = _sifted(rows, first)
            records += found
            bad += other
        return records, bad
    try:
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    except (EOFError, OSError, zlib.error) as error:
        raise FormatError(f"the compressed data are damaged: {error}") from None
    return _sifted(_lines(text), 1)


def parse(chunk: Chunk) -> Parsed:
    """Lines of JSON as columns of `SCHEMA`."""
    return _columns(*_sifted(_lines(chunk.data), chunk.line))


def parse_rows(rows: list[Record], first: int) -> Parsed:
    """The same of rows of a Parquet file."""
    return _columns(*_sifted(((orjson.dumps(row, default=str), row) for row in rows), first))


def batches(path: Path, name: str) -> Iterator[tuple[int, list[Record]]]:
    """Rows of a Parquet file with the number of the first, from 1. Its name tells the date that its columns do not."""
    for first, rows in _row_groups(path, date_of(name)):
        yield first, [row for _, row in rows]


def date_of(name: str) -> str | None:
    """`2026-11-21` of `page_views/view_date=2026-11-21/…`."""
    match = _KEY.search(name)
    return match[1] if match else None


def _row_groups(source: Path | BytesIO, date: str | None) -> Iterator[tuple[int, list[tuple[bytes, Record]]]]:
    """Rows with the number of the first, each as JSON too."""
    row = 1
    try:
        with pq.ParquetFile(source) as content:
            for batch in content.iter_batches(_ROWS):
                rows = [{DATE: date, **one} for one in batch.to_pylist()]
                yield row, [(orjson.dumps(one, default=str), one) for one in rows]
                row += batch.num_rows
    except UNREADABLE as error:
        raise unreadable(error) from None


def _lines(data: bytes) -> Iterator[tuple[bytes, Any]]:
    for line in data.split(b"\n"):
        try:
            yield line, orjson.loads(line) if line.strip() else None
        except orjson.JSONDecodeError as error:
            yield line, error


def _sifted(rows: Iterable[tuple[bytes, Any]], first: int) -> tuple[list[Record], list[Bad]]:
    records: list[Record] = []
    bad: list[Bad] = []
    for number, (text, value) in enumerate(rows, first):
        if value is None and not text.strip():
            continue
        reason = _reason(value)
        if reason:
            bad.append(Bad(number, reason, text))
        else:
            records.append({"record_id": value["event_id"], **{name: value.get(name) for name in _GIVEN}})
    return records, bad


def _reason(value: Any) -> str:
    """Why it is no finished view; empty if it is one."""
    if isinstance(value, orjson.JSONDecodeError):
        return f"no JSON: {value}"
    if not isinstance(value, dict) or value.get("schema") != SCHEMA_NAME:
        return "no page view"
    lacking = [name for name in _FINISHED if name not in value]
    if lacking:
        return f"not finished: without {', '.join(lacking)}"
    wrong = [name for name, kind in _GIVEN.items() if not _fits(value.get(name), kind)]
    if "status" not in wrong and value.get("status") not in _PAGES:
        wrong.append("status")
    if wrong or not value["event_id"] or not value["page"]:
        return f"{', '.join(wrong or ['event_id, page'])}: no such value can be"
    time = value["_timestamp"]
    # As a smaller number is read as milliseconds, by whom it is handed to.
    return "" if time is not None and MICROSECONDS_ABOVE < time <= LATEST else "the time is not a date"


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return True
    if type(value) is not _TYPES[kind]:
        return False
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return isinstance(value, bool) or value in _INT64


_GIVEN: Final = {name: kind for name, kind in _COLUMNS.items() if name != "record_id"}


def _columns(records: list[Record], bad: list[Bad]) -> Parsed:
    made = pa.Table.from_pylist(records, SCHEMA)
    return Parsed({name: made[name].combine_chunks() for name in SCHEMA.names}, range(made.num_rows), bad)


def table(parsed: Parsed) -> Any:
    """What was parsed as a table of `SCHEMA`."""
    return pa.table([parsed.columns[name] for name in SCHEMA.names], schema=SCHEMA)
