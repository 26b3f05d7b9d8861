"""A dashboard in Grafana's JSON for its Athena data source (`grafana-athena-datasource`).

Statements carry the dashboard's own times (`${__from}`, `${__to}`) and step (`${__interval_ms}`), which Grafana fills
in as milliseconds: three zeros make microseconds of them. The data source is asked for when the file is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from edgewise.questions.boards.edge import athena_over_edge
from edgewise.questions.boards.panels import DESCRIPTION, OF_PAGE_VIEWS, PANELS, TITLE, Panel, tabs
from edgewise.questions.catalogue import Column
from edgewise.questions.dialects import quoted
from edgewise.questions.saved import over_page_views

Json = dict[str, Any]

_SOURCE: Final = {"type": "grafana-athena-datasource", "uid": "${DS_ATHENA}"}
_TYPES: Final = {
    "bars": "timeseries",
    "lines": "timeseries",
    "list": "barchart",
    "number": "stat",
    "table": "table",
}
_UNITS: Final = {
    "bytes": "decbytes",
    "count": "short",
    "min": "m",
    "ms": "ms",
    "percent": "percent",
    "s": "s",
}
_TIME_SERIES, _TABLE = 0, 1
# Of the dashboard's time and step, in microseconds.
_VARIABLES: Final = ("${__from}000", "${__to}000", "${__interval_ms}000")


def dashboard(table: str = "edge") -> Json:
    """The whole dashboard over a table of Athena that holds the records of functions."""
    return _dashboard(TITLE, DESCRIPTION, PANELS, lambda panel: statement(panel, table))


def page_views(table: str = "page_views") -> Json:
    """The dashboard over a table of Athena that holds finished page views."""
    title, description = f"{TITLE}: page views", "What people read, by the statistics that the edge makes."
    made = _dashboard(title, description, OF_PAGE_VIEWS, lambda panel: statement_of_views(panel, table))
    return made | {"uid": "edgewise-page-views"}


def _dashboard(title: str, description: str, drawn: tuple[Panel, ...], ask: Callable[[Panel], str]) -> Json:
    panels: list[Json] = []
    top = 0
    for tab in tabs(drawn):
        chosen = [panel for panel in drawn if panel.tab == tab]
        panels.append(
            {"type": "row", "title": tab, "collapsed": False, "panels": [], **_place(0, top, 24, 1)}
        )
        panels += [_panel(panel, ask(panel), top + 1) for panel in chosen]
        top += 1 + max(panel.y + panel.height for panel in chosen)
    return {
        "__inputs": [
            {
                "name": "DS_ATHENA",
                "label": "Athena",
                "description": "The database with the table that is asked",
                "type": "datasource",
                "pluginId": _SOURCE["type"],
                "pluginName": "Amazon Athena",
            }
        ],
        "title": title,
        "uid": "edgewise",
        "description": description,
        "tags": ["edgewise"],
        "timezone": "utc",
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": []},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }


def _panel(panel: Panel, sql: str, top: int) -> Json:
    return {
        "type": _TYPES[panel.kind],
        "title": panel.question.title if panel.kind != "number" else _label(panel.drawn[0]),
        "description": panel.question.description,
        "datasource": _SOURCE,
        **_place(panel.x, panel.y + top, panel.width, panel.height),
        "fieldConfig": {"defaults": _look(panel), "overrides": []},
        "options": {},
        "targets": [
            {
                "refId": "A",
                "datasource": _SOURCE,
                "format": _TIME_SERIES if panel.kind in ("bars", "lines") else _TABLE,
                "connectionArgs": {
                    "region": "__default",
                    "catalog": "__default",
                    "database": "__default",
                },
                "rawSQL": sql,
            }
        ],
    }


def statement(panel: Panel, table: str) -> str:
    """The panel's statement: the columns that are drawn, times as times."""
    asked = athena_over_edge(panel.question, table, *_VARIABLES)
    columns = [_column(column) for column in (*panel.names, *panel.drawn)]
    # The order inside is lost outside.
    order = panel.names[0].name if panel.kind in ("bars", "lines") else f"{panel.drawn[0].name} DESC"
    return f"SELECT {', '.join(columns)}\nFROM (\n{asked}\n) AS answer\nORDER BY {order}"


def statement_of_views(panel: Panel, table: str) -> str:
    """The same over page views; only the partitions of the dashboard's days are read."""
    # Numbers stand for the variables, which no translator of SQL understands.
    marks = dict(
        zip(("start", "end", "bucket"), (1000000000000001, 1000000000000002, 1_000_003), strict=True)
    )
    days = [f"CAST(CAST(to_timestamp({marks[name]} / 1e6) AS DATE) AS VARCHAR)" for name in ("start", "end")]
    times = f"_timestamp >= {marks['start']} AND _timestamp < {marks['end']}"
    where = f"view_date BETWEEN {days[0]} AND {days[1]} AND {times}"
    own = {"bucket": marks["bucket"], "top": 20}
    # What is beside them would be drawn, too.
    columns = [column.name for column in (*panel.names, *panel.drawn)]
    text = over_page_views(panel.question, quoted(table), where, own, columns)
    for mark, variable in zip(marks.values(), _VARIABLES, strict=True):
        text = text.replace(str(mark), variable)
    return text


def _column(column: Column) -> str:
    return f"from_unixtime({column.name} / 1e6) AS {column.name}" if column.unit == "time" else column.name


def _look(panel: Panel) -> Json:
    look: Json = {"unit": _UNITS.get(panel.drawn[0].unit, "short") if panel.kind != "table" else "none"}
    if panel.kind in ("bars", "lines"):
        look["custom"] = {"drawStyle": "bars" if panel.kind == "bars" else "line", "fillOpacity": 40}
    return look


def _label(column: Column) -> str:
    return column.name.replace("_", " ").strip().capitalize()


def _place(x: int, y: int, width: int, height: int) -> Json:
    return {"gridPos": {"x": x, "y": y, "w": width, "h": height}}
