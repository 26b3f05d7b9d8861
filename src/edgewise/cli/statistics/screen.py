"""A page of the report on a terminal, narrow or wide. Text from requests is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from edgewise.agents import country_names
from edgewise.cli.statistics.figures import (
    UNKNOWN,
    VISITORS,
    bar,
    change,
    comparable,
    figure,
    shown,
    sparkline,
    visitors,
)
from edgewise.cli.statistics.pages import OVERVIEW, RECENT, Report, Row, questions_of
from edgewise.cli.statistics.period import newest, written
from edgewise.questions import PAGE_VIEWS, Column, Question, question

_WIDE: Final = 96
_NARROW: Final = 64
_FEW: Final = 4
_MANY: Final = 6
_GAP: Final = 3  # between two columns
_NAME: Final = 16  # characters of a name that is not folded
_DATE: Final = 10


@dataclass(frozen=True, slots=True)
class _List:
    """A short list of the overview: what names a row (the first of `names` where one is enough), and the count."""

    question: str
    title: str
    names: tuple[str, ...]
    count: str
    one_name: bool = False

    def key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in self.names)

    def label(self, row: Row) -> str:
        known = [figure(value, "text") for value in self.key(row) if value is not None]
        if self.names == ("country",):
            known += filter(None, [country_names().get(str(row.get("country")))])
        return " ".join(known[:1] if self.one_name else known) or UNKNOWN


_LISTS: Final = (
    _List("top_pages", "Top pages", ("page",), "page_views"),
    _List("referrers", "Sources", ("referrer",), "page_views"),
    _List("countries", "Countries", ("country",), "page_views"),
    _List("devices", "Devices", ("device",), "page_views"),
    _List("browsers", "Browsers", ("browser",), "page_views"),
    _List("languages", "Languages", ("language",), "page_views"),
    _List("campaigns", "Campaigns", ("source", "medium", "campaign"), "page_views"),
    _List("bots", "Bots", ("bot_reason", "agent"), "requests", one_name=True),
    _List("versions", "Versions", ("version",), "requests"),
    _List("errors_by_path", "Errors", ("status", "path"), "requests"),
)
# What is shown of the overview, and whether more of it is good news (1), bad (-1) or neither (0).
_KEYS: Final = (
    ("requests", "Requests", 0),
    ("page_views", "Page views", 1),
    (VISITORS, "", 1),
    ("hit_percent", "From the cache", 1),
    ("error_percent", "Server errors", -1),
    ("client_errors", "Client errors", -1),
    ("p50_ms", "Half within", -1),
    ("p95_ms", "95 % within", -1),
    ("bytes_sent", "Sent", 0),
    ("bot_requests", "Of bots", 0),
)
_SPARKS: Final = (("requests", "Requests"), ("page_views", "Page views"), ("server_errors", "Server errors"))
_THINGS: Final = {PAGE_VIEWS: "page view"}


def page(report: Report, width: int) -> RenderableType:
    """The whole page for a terminal of this width."""
    parts: list[RenderableType] = [_head(report)]
    if report.empty:
        parts.append(_nothing(report))
    elif report.page == OVERVIEW:
        parts += [_keys(report, width), _sparks(report, width), *_lists(report, width)]
    else:
        asked = questions_of(report.page, report.source)
        parts += [_table(one, one.known(report.source), _told(report, one.name), width) for one in asked]
    return Group(*_spaced(parts))


def _told(report: Report, name: str) -> list[Row]:
    """The rows of an answer that say something: of page views those of bots alone are left out."""
    rows = report.answers[name]
    return [row for row in rows if row.get("page_views", 1)] if report.source == PAGE_VIEWS else rows


def show(report: Report, console: Console) -> None:
    console.print(page(report, console.width))


def _spaced(parts: Iterable[RenderableType]) -> list[RenderableType]:
    return [each for part in parts for each in (part, Text(""))][:-1]


def _head(report: Report) -> Text:
    text = Text(str(report.period), style="bold")
    if report.source == PAGE_VIEWS:
        text.append("  page views of the site's statistics", style="cyan")
    if report.filters:
        chosen = ", ".join(f"{name} {value}" for name, value in report.filters.items())
        text.append(f"  only {figure(chosen, 'text')}", style="cyan")
    if report.recent is not None:
        views, people = (report.recent.get(name) or 0 for name in ("page_views", "visitors"))
        text.append(f"\nin the last {RECENT // 60_000_000} minutes ", style="dim")
        text.append(f"{_many(views, 'page view')} of {_many(people, 'visitor')}", style="bold green")
    if report.before:
        text.append(f"\ncompared with {report.period.before()}", style="dim")
    return text


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _nothing(report: Report) -> Text:
    thing = _THINGS.get(report.source, "request")
    return Text(f"No {thing}s in this time.\n{newest(report.newest, thing)}\n")


def _keys(report: Report, width: int) -> Table:
    """The figures of the whole period, side by side."""
    asked, (row,) = question("overview"), report.answers["overview"]
    before = report.before.get("overview", [{}])[0]
    before = before if comparable(row, before) else {}
    units = {column.name: column.unit for column in asked.known(report.source)}
    across = 5 if width >= _WIDE else 3 if width >= _NARROW else 2
    grid = Table.grid(padding=(0, 3))
    cells = []
    for column, heading, good in _KEYS:
        name, title = visitors(row) if column == VISITORS else (column, heading)
        if name not in units:
            continue
        cell = Text(title + "\n", style="dim")
        cell.append(figure(row.get(name), units[name]), style="bold not dim")
        difference = change(row.get(name), before.get(name), units[name])
        if difference:
            cell.append(f"  {difference}", style=_mood(difference, good))
        cells.append(cell)
    for first in range(0, len(cells), across):
        grid.add_row(*cells[first : first + across])
    return grid


def _mood(difference: str, good: int) -> str:
    if not good or difference[0] not in "▲▼":
        return "dim"
    return "green not dim" if (difference[0] == "▲") == (good > 0) else "red not dim"


def _sparks(report: Report, width: int) -> Table:
    """What happened over the time, a line each."""
    grid = Table.grid(padding=(0, 1))
    room = max(10, width - 34)
    known = {column.name for column in question("over_time").known(report.source)}
    for name, title in (each for each in _SPARKS if each[0] in known):
        values = _fit([step.get(name, 0) for step in report.steps], room)
        style = "red" if name == "server_errors" else "cyan"
        grid.add_row(Text(title, "dim"), Text(sparkline(values), style), Text(f"most {max(values):,}", "dim"))
    grid.add_row("", Text(_axis(report, len(values)), "dim"), "")
    return grid


def _axis(report: Report, cells: int) -> str:
    """The period's ends under so many cells: without their years where there is little room."""
    start, end = written(report.period.start), written(report.period.end)
    if len(start) + len(end) >= cells:
        start, end = start[5:], end[5:]
    gap = cells - len(start) - len(end)
    return start + " " * gap + end if gap > 0 else start


def _fit(values: list[int], room: int) -> list[int]:
    """No more values than there is room for, by adding neighbours up."""
    share = -(-len(values) // room)
    return [sum(values[first : first + share]) for first in range(0, len(values), share)]


def _lists(report: Report, width: int) -> list[RenderableType]:
    """The short lists, two beside each other where there is room. What has nothing to tell is left out."""
    two = width >= _WIDE
    each = (width - 4) // 2 if two else width
    tables = []
    for one in _LISTS:
        rows = [row for row in report.answers.get(one.question, ()) if row[one.count]]
        if any(value is not None for row in rows for value in one.key(row)):
            tables.append(_list(one, rows, report.before.get(one.question), each))
    if not two:
        return list(tables)
    rows_of_two = []
    for first in range(0, len(tables), 2):
        grid = Table.grid(padding=(0, 4, 0, 0))
        grid.add_column(width=each)
        grid.add_column(width=each)
        grid.add_row(*tables[first : first + 2])
        rows_of_two.append(grid)
    return list(rows_of_two)


def _list(one: _List, rows: list[Row], before: list[Row] | None, width: int) -> Table:
    """`before` are the rows of the period before, None when nothing is compared."""
    past = {one.key(row): row[one.count] for row in before or []}
    highest = max(row[one.count] for row in rows)
    room = 8 if width < _NARROW else 14
    table = Table(box=None, show_header=False, pad_edge=False, width=width, title=one.title)
    table.title_style, table.title_justify = "bold", "left"
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    if before is not None:
        table.add_column(justify="right", no_wrap=True)
    table.add_column(width=room, no_wrap=True)
    for row in rows:
        cells = [Text(one.label(row)), Text(figure(row[one.count], "count"))]
        if before is not None:
            cells.append(Text(change(row[one.count], past.get(one.key(row), 0), "count"), "dim"))
        table.add_row(*cells, Text(bar(row[one.count], highest, room), "cyan"))
    return table


def _table(asked: Question, known: Iterable[Column], rows: list[Row], width: int) -> RenderableType:
    """A question's answer in full: a line a row, or a column a row where few rows of many columns are too wide.

    Where there is no room for the names in it, times are left out, and then there are as many columns as fit, block
    after block.
    """
    columns = [column for column in known if any(row.get(column.name) is not None for row in rows)]
    if not columns:
        return Text.assemble((asked.title, "bold"), "\nnothing in this time")
    grid = [[_heading(column), *(shown(row.get(column.name), column) for row in rows)] for column in columns]
    needed = sum(max(map(len, lines)) + _GAP for lines in grid)
    if needed > width and len(rows) <= _FEW and len(columns) > _MANY:
        return _turned(asked.title, grid)
    if sum(map(_least, columns, grid)) > width:
        timeless = [place for place, column in enumerate(columns) if column.unit != "time"]
        if len(columns) > _MANY and sum(_least(columns[place], grid[place]) for place in timeless) > width:
            return Group(*_spaced(_blocks(asked.title, grid, width)))
        columns, grid = [columns[place] for place in timeless], [grid[place] for place in timeless]
    table = _titled(asked.title)
    for lines, column in zip(grid, columns, strict=True):
        text = column.unit in ("text", "time")
        table.add_column(
            Text(lines[0]),
            justify="left" if text else "right",
            overflow="fold" if text else "ellipsis",
            no_wrap=not text,
            min_width=_least(column, lines) - _GAP,
        )
    for row in zip(*(lines[1:] for lines in grid), strict=True):
        table.add_row(*map(Text, row))
    return table


def _least(column: Column, lines: list[str]) -> int:
    """The room that a column cannot do without: figures and short names are whole, long texts can be folded."""
    longest = max(map(len, lines))
    return _GAP + (min(longest, {"text": _NAME, "time": _DATE}.get(column.unit, longest)))


def _blocks(title: str, grid: list[list[str]], width: int) -> Iterator[RenderableType]:
    """The rows as columns, as many beside each other as there is room for."""
    heads = [lines[0] for lines in grid]
    widest = max(len(cell) for lines in grid for cell in lines[1:]) + _GAP
    across = max(1, (width - max(map(len, heads))) // widest)
    for first in range(1, len(grid[0]), across):
        yield _turned(
            title if first == 1 else "",
            [[head, *lines[first : first + across]] for head, lines in zip(heads, grid, strict=True)],
        )


def _turned(title: str, grid: list[list[str]]) -> Table:
    table = _titled(title)
    table.show_header, table.box = False, None
    for head, *cells in grid:
        table.add_row(Text(head, "dim"), *map(Text, cells))
    return table


def _titled(title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title or None)
    table.title_style, table.title_justify = "bold", "left"
    return table


def _heading(column: Column) -> str:
    """The column's name without the unit that its figures carry."""
    name = column.name.strip("_").replace("_", " ")
    if column.unit in ("percent", "ms", "s", "min"):
        name = name.removesuffix(column.unit).strip()
    return f"{name} %".strip() if column.unit == "percent" else name
