"""Answers as files: JSON, and CSV that no spreadsheet takes for formulas. Values in, bytes out.

A download is opened by a spreadsheet, so it has a mark in front; what a command prints is read by programs, to which
the mark would be a part of the first column's name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

# What makes a spreadsheet calculate, or skip to what does; also in the wide forms that East Asian ones accept.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = tuple("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
                        "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
# The byte order mark. Excel opens a file without it in the machine's own character set.
_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def as_json(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """An array of objects, each with every column (null where a row has none)."""
    whole = [{column: row.get(column) for column in columns} for row in rows]
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """RFC 4180 in UTF-8; texts that would be formulas get an apostrophe before them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(column) for column in columns])
    writer.writerows([safe(row.get(column)) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def as_download(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The same as a file for spreadsheets."""
    return _MARK.encode() + as_csv(columns, rows)


def safe(value: Any) -> Any:
    """The value as a cell: numbers stay numbers, texts never begin a formula, the rest is JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text
