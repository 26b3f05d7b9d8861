"""`edgewise query`: one SELECT over the store, as a table or as JSON lines."""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import re
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.reading import reading
from edgewise.cli.terminal import printable

if TYPE_CHECKING:
    from edgewise.store import Answer, Reader
    from edgewise.store.errors import QueryError

SINCE_HELP: Final = "Only what is younger: 30s, 10m, 1h, 2d."
STORE_HELP: Final = (
    "A store's or a site's directory, or http://user:password@host:port (default: the running `edgewise up`)."
)
_HINT: Final = (
    "One SELECT over requests, access, edge or your own; `SELECT * FROM requests LIMIT 1` shows columns."
)
_LESS: Final = (
    "Ask about less time with --since, for fewer columns, or leave out what need not be sorted or joined."
)
_TIMEOUT: Final = 20010
_STREAMS: Final = ("requests", "access", "edge")
_COLUMN: Final = re.compile(r'column (?:named )?"([^"]+)"')
_TABLE: Final = re.compile(r"Table with name (\S+) does not exist")
_FROM: Final = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)', re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d{1,9})([smhdw])\Z")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def query(
    sql: Annotated[
        str | None,
        typer.Argument(metavar="[SQL]", help="One SELECT over edge, access, requests or your own."),
    ] = None,
    file: Annotated[
        typer.FileText | None,
        typer.Option(
            "--file",
            metavar="FILE",
            encoding="utf-8",
            errors="replace",
            help="Take the SELECT from a file; - is standard input.",
        ),
    ] = None,
    store: Annotated[str | None, typer.Option("--store", metavar="DIR|URL", help=STORE_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
    since: Annotated[str | None, typer.Option("--since", metavar="SPAN", help=SINCE_HELP)] = None,
) -> None:
    """Ask the store a question in SQL; it need not be running."""
    from edgewise.store.errors import QueryError

    if (sql is None) == (file is None):
        raise typer.BadParameter("give one SELECT: as text, or in a file with --file", param_hint="SQL")
    sql = file.read() if file else str(sql)
    start = None if since is None else time.time_ns() // 1000 - microseconds(since)
    with reading(store) as reader:
        try:
            answer = reader.query(sql, start=start)
        except QueryError as error:
            error.hint = error.hint or _hint(reader, sql, error)
            raise
    if as_json:
        for row in answer.rows:
            print(json.dumps({column: _plain(row.get(column)) for column in answer.columns}))
    else:
        _print_table(answer)
    if answer.partial:
        print(f"There are more rows than these {len(answer.rows)}; add a LIMIT or a WHERE.", file=sys.stderr)


def microseconds(span: str, option: str = "--since") -> int:
    """`10m` is 600 000 000; `option` is where it was given. Raises `typer.BadParameter` for what is no span of time."""
    match = _SPAN.match(span.strip())
    if match is None:
        raise typer.BadParameter(f"{span!r} is no span of time; write 30s, 10m, 1h or 2d", param_hint=option)
    return int(match[1]) * _SECONDS[match[2]] * 1_000_000


def _plain(value: Any) -> Any:
    """The value as JSON has it: there is no number in it that is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _hint(reader: Reader, sql: str, error: QueryError) -> str:
    """What to do about a refused question."""
    if error.number == _TIMEOUT:
        return _LESS
    column, table = _COLUMN.search(error.message), _TABLE.search(error.message)
    near: list[str] = []
    if table is not None:
        near = difflib.get_close_matches(table[1].lower(), _STREAMS, 1)
    elif column is not None:
        near = difflib.get_close_matches(column[1].lower(), _columns(reader, sql), 1)
    return f"Did you mean {near[0]}? {_HINT}" if near else _HINT


def _columns(reader: Reader, sql: str) -> list[str]:
    """The columns of the streams that are named in a question."""
    from edgewise.store import StoreError

    found: list[str] = []
    for name in dict.fromkeys(_FROM.findall(sql)):
        # A name may be of the question's own; what was wrong with the question is told in any case.
        with contextlib.suppress(StoreError):
            found += reader.query(f'SELECT * FROM "{name}" LIMIT 0').columns
    return found


def _print_table(answer: Answer) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(row.get(column)) for column in answer.columns] for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(answer.columns, *cells, strict=True)]
    needed = sum(widths) + 3 * len(widths)
    # Only a terminal has a width: in a file or a pipe a row is a line, however long.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else max(needed, 80))
    if needed > console.width:
        _print_blocks(answer.columns, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in answer.columns:
        numeric = any(isinstance(row.get(column), int | float) for row in answer.rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        # Text, never markup: what is in a record was written by strangers.
        table.add_row(*map(Text, row))
    console.print(table)


def _print_blocks(columns: list[str], cells: list[list[str]]) -> None:
    """A row as a block of lines, for rows that are wider than the terminal."""
    width = max(map(len, columns))
    for number, row in enumerate(cells, 1):
        print(f"── {number} " + "─" * 40)
        for column, cell in zip(columns, row, strict=True):
            if cell:
                print(f"{printable(column):<{width}}  {cell}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
