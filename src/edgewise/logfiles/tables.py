"""Lines to columns of the stream `access`, and the lines that are no requests, with the reason.

Delimited lines are the fast path: Arrow reads them all at once, and looks at single lines only where one is broken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from edgewise.logfiles import fields as known
from edgewise.logfiles.fields import Columns
from edgewise.logfiles.layouts import Chunk, Layout
from edgewise.logfiles.lines import LoggedRequest, is_combined, parse_combined

NO_TIME: Final = "the time is not a date"
# A column that tells requests without an id of their own apart, where there is one.
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is no request: its number in the file, from 1, why, and its bytes without the line's end."""

    line: int
    reason: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """`columns` as `fields.access_columns` gives them, all rows with a time; `numbers` are their lines' numbers."""

    columns: Columns
    numbers: range | list[int]
    bad: list[Bad]


def parse(chunk: Chunk) -> Parsed:
    """Every line of a chunk that is not blank."""
    if chunk.layout.kind == "json":
        return _json(chunk)
    if chunk.layout.kind == "combined":
        return _combined(chunk)
    return _delimited(chunk)


# Delimited lines.


def _delimited(chunk: Chunk) -> Parsed:
    # Arrow takes a lone carriage return for a line's end. CloudFront would have written %0D.
    data = chunk.data.replace(b"\r\n", b"\n").replace(b"\r", b"%0D") if b"\r" in chunk.data else chunk.data
    raw = _read(data, chunk.layout)
    numbers: range | list[int] = range(chunk.line, chunk.line + chunk.lines)
    bad: list[Bad] = []
    if len(raw) != chunk.lines:
        kept, numbers, bad = _sift(data.split(b"\n"), chunk)
        raw = _read(b"\n".join(kept), chunk.layout)
    columns = known.access_columns({name: _only(raw[name]) for name in raw.column_names})
    return _with_times(columns, numbers, bad, lambda: data.split(b"\n"), chunk.line)


def _read(data: bytes, layout: Layout) -> Any:
    if not data:
        return pa.table({name: pa.array([], type) for name, type in _types(layout).items()})
    # CloudFront writes ASCII; whatever it is, the reader is to meet nothing that is no text.
    text = data if data.isascii() else data.decode("utf-8", "replace").encode()
    try:
        return _csv(text, layout, _types(layout))
    except pa.ArrowInvalid:
        # Some value is not what it should be: read all as text, and look at each.
        return _csv(text, layout, dict.fromkeys(_types(layout), pa.string()))


def _csv(data: bytes, layout: Layout, types: dict[str, Any]) -> Any:
    return pa.csv.read_csv(
        pa.BufferReader(data),
        pa.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=_names(layout)),
        pa.csv.ParseOptions(
            delimiter=layout.delimiter, quote_char=False, escape_char=False, invalid_row_handler=_skip
        ),
        pa.csv.ConvertOptions(
            include_columns=list(types),
            column_types=types,
            null_values=[known.NOTHING, ""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _only(column: Any) -> Any:
    """What was read as one block is in one piece; there is nothing to combine, which would copy it."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _skip(row: Any) -> str:
    return "skip"


@lru_cache(maxsize=64)
def _names(layout: Layout) -> list[str]:
    """The fields in one spelling; a name that is there twice counts the first time."""
    names: list[str] = []
    for name in map(known.field, layout.fields):
        names.append(name if name not in names else f"{name} {len(names)}")
    return names


@lru_cache(maxsize=64)
def _types(layout: Layout) -> dict[str, Any]:
    return {name: known.TYPES[name] for name in _names(layout) if name in known.TYPES}


def _sift(lines: list[bytes], chunk: Chunk) -> tuple[list[bytes], list[int], list[Bad]]:
    """The lines with the right number of fields, their numbers, and the others; blank ones are neither."""
    delimiter, wanted = chunk.layout.delimiter.encode(), len(chunk.layout.fields)
    kept: list[bytes] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    for number, line in enumerate(lines, chunk.line):
        found = line.count(delimiter) + 1
        if found == wanted and line.strip():
            kept.append(line)
            numbers.append(number)
        elif line.strip():
            bad.append(Bad(number, f"{found} fields instead of {wanted}", line))
    return kept, numbers, bad


# Lines that are read one by one.


def _json(chunk: Chunk) -> Parsed:
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    lines = chunk.data.split(b"\n")
    for number, line in enumerate(lines, chunk.line):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            bad.append(Bad(number, f"no JSON: {error}", line))
            continue
        if not isinstance(value, dict):
            bad.append(Bad(number, "no JSON object", line))
        else:
            rows.append({known.field(name): item for name, item in value.items()})
            numbers.append(number)
    names = {name for row in rows for name in row if name in known.TYPES}
    reason = known.missing(names)
    if reason:
        bad += [Bad(number, f"without {reason}", lines[number - chunk.line]) for number in numbers]
        return Parsed({"_timestamp": pa.array([], pa.int64())}, [], bad)
    columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names}
    return _with_times(known.access_columns(columns), numbers, bad, lambda: lines, chunk.line)


def _text(value: Any) -> str | None:
    if value is None or value in (known.NOTHING, ""):
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _combined(chunk: Chunk) -> Parsed:
    found: list[LoggedRequest] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    for number, line in enumerate(chunk.data.split(b"\n"), chunk.line):
        if not line.strip():
            continue
        result = parse_combined(line.rstrip(b"\r").decode("utf-8", "surrogateescape"))
        if number == chunk.ended + 1 and not is_combined(line.decode("utf-8", "surrogateescape")):
            # Its bytes may be the first digits of more; when the file has grown the whole line is read.
            result = "the line breaks off"
        if isinstance(result, str):
            bad.append(Bad(number, result, line))
        else:
            found.append(result)
            numbers.append(number)
    return Parsed(_request_columns(found), numbers, bad)


def _request_columns(found: list[LoggedRequest]) -> Columns:
    paths, _, queries = (
        zip(*(one.target.partition("?") for one in found), strict=True) if found else ((),) * 3
    )
    return {
        "_timestamp": pa.array([one.timestamp for one in found], pa.int64()),
        "status": pa.array([one.status or None for one in found], pa.int64()),
        "bytes_sent": pa.array([one.bytes_sent for one in found], pa.int64()),
        "method": _texts(one.method for one in found),
        "path": _texts(paths),
        "query": _texts(query or None for query in queries),
        "host": _texts(one.host for one in found),
        "client_ip": _texts(one.client_ip for one in found),
        "referrer": _texts(one.referrer for one in found),
        "user_agent": _texts(one.user_agent for one in found),
        DIGEST: pa.array([*map(_digest, found)], pa.string()),
    }


def _digest(one: LoggedRequest) -> str:
    """Of all that a line says but the address: who may not know that shall not find it here."""
    asked = (one.timestamp, one.host, one.method, one.target, one.protocol, one.referrer, one.user_agent)
    told = repr((*asked, one.status, one.bytes_sent))
    return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _texts(values: Iterable[str | None]) -> Any:
    return pa.array([*map(_storable, values)], pa.string()).dictionary_encode()


def _storable(text: str | None) -> str | None:
    # Bytes that are not UTF-8 came as halves of surrogate pairs, which no column can hold.
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# What all share.


def _with_times(
    columns: Columns, numbers: range | list[int], bad: list[Bad], lines: Any, first: int
) -> Parsed:
    """Only the rows that have a time; `lines` gives all lines of the chunk, the first of which has number `first`."""
    times = columns["_timestamp"]
    if not times.null_count:
        return Parsed(columns, numbers, bad)
    wanted = pc.is_valid(times)
    texts = lines()
    kept: list[int] = []
    for number, good in zip(numbers, wanted.to_pylist(), strict=True):
        if good:
            kept.append(number)
        else:
            bad.append(Bad(number, NO_TIME, texts[number - first]))
    return Parsed(
        {name: array.filter(wanted) for name, array in columns.items()}, kept, sorted(bad, key=_line)
    )


def _line(bad: Bad) -> int:
    return bad.line
