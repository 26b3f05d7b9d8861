"""A dashboard in Grafana's JSON for its Athena data source (`grafana-athena-datasource`).

Statements carry the dashboard's own times (`${__from}`, `${__to}`) and step (`${__interval_ms}`), which Grafana fills
in as milliseconds: three zeros make microseconds of them. The data source is asked for when the file is imported.
"""

from __future__ import annotations

from typing import Any, Final

from edgewise.questions.boards.edge import athena_over_edge
from edgewise.questions.boards.panels import DESCRIPTION, PANELS, TITLE, Panel, tabs
from edgewise.questions.catalogue import Column

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


def dashboard(table: str = "edge") -> Json:
    """The whole dashboard over a table of Athena that holds the records of functions."""
    panels: list[Json] = []
    top = 0
    for tab in tabs():
        chosen = [panel for panel in PANELS if panel.tab == tab]
        panels.append(
            {"type": "row", "title": tab, "collapsed": False, "panels": [], **_place(0, top, 24, 1)}
        )
        panels += [_panel(panel, table, top + 1) for panel in chosen]
        top += 1 + max(panel.y + panel.height for panel in chosen)
    return {
        "__inputs": [
            {
                "name": "DS_ATHENA",
                "label": "Athena",
                "description": "The database with the table of edge records",
                "type": "datasource",
                "pluginId": _SOURCE["type"],
                "pluginName": "Amazon Athena",
            }
        ],
        "title": TITLE,
        "uid": "edgewise",
        "description": DESCRIPTION,
        "tags": ["edgewise"],
        "timezone": "utc",
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": []},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }


def _panel(panel: Panel, table: str, top: int) -> Json:
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
                "rawSQL": statement(panel, table),
            }
        ],
    }


def statement(panel: Panel, table: str) -> str:
    """The panel's statement: the columns that are drawn, times as times."""
    asked = athena_over_edge(panel.question, table, "${__from}000", "${__to}000", "${__interval_ms}000")
    columns = [_column(column) for column in (*panel.names, *panel.drawn)]
    # The order inside is lost outside.
    order = panel.names[0].name if panel.kind in ("bars", "lines") else f"{panel.drawn[0].name} DESC"
    return f"SELECT {', '.join(columns)}\nFROM (\n{asked}\n) AS answer\nORDER BY {order}"


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
