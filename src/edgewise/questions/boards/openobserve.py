"""A dashboard (version 8) and scheduled alerts in OpenObserve's JSON.

Source of the shapes: OpenObserve's `config/src/meta/dashboards/v8` and `alerts` models. Its grid has 192 columns of
rows of 17 pixels; an axis names the alias of the statement, letter for letter.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from edgewise.questions.boards.alerts import Alert
from edgewise.questions.boards.edge import alert_for_openobserve, openobserve
from edgewise.questions.boards.panels import DESCRIPTION, PANELS, TITLE, Panel, tabs
from edgewise.questions.catalogue import Column

Json = dict[str, Any]

VERSION: Final = 8
FREQUENCY: Final = 5  # minutes between two looks of an alert
SILENCE: Final = 60  # minutes without another message
_ACROSS: Final = 192 // 24
_DOWN: Final = 2
_TYPES: Final = {"bars": "bar", "lines": "line", "list": "h-bar", "number": "metric", "table": "table"}
_UNITS: Final = {"bytes": "bytes", "count": "short", "ms": "ms", "percent": "percent", "s": "seconds"}
_COLORS: Final = ("#5960b2", "#2f9e6e", "#d9822b", "#c23030", "#7a7f8a", "#137cbd", "#9179f2")
_BUCKETS: Final = ("1 minute", "5 minutes", "30 minutes", "1 hour", "1 day")


def dashboard(stream: str, known: Collection[str]) -> Json:
    """The whole dashboard over a stream that has these columns."""
    return {
        "version": VERSION,
        "dashboardId": "edgewise",
        "title": TITLE,
        "description": DESCRIPTION,
        "role": "",
        "owner": "",
        "tabs": [
            {
                "tabId": name.lower(),
                "name": name,
                "panels": [
                    _panel(panel, number, stream, known)
                    for number, panel in enumerate((each for each in PANELS if each.tab == name), 1)
                ],
            }
            for name in tabs()
        ],
        "variables": {"list": [_bucket()], "showDynamicFilters": False},
        "defaultDatetimeDuration": {"type": "relative", "relativeTimePeriod": "1d"},
    }


def alert(one: Alert, stream: str, known: Collection[str], destination: str) -> Json:
    """A scheduled alert: a row of the statement is a message to the destination."""
    return {
        "name": f"edgewise_{one.name}",
        "stream_type": "logs",
        "stream_name": stream,
        "is_real_time": False,
        "query_condition": {
            "type": "sql",
            "sql": alert_for_openobserve(one.sql, stream, known),
            "conditions": [],
            "promql": None,
            "promql_condition": None,
            "aggregation": None,
            "vrl_function": None,
            "multi_time_range": [],
        },
        "trigger_condition": {
            "period": one.period,
            "operator": ">=",
            "threshold": 1,
            "frequency": FREQUENCY,
            "frequency_type": "minutes",
            "cron": "",
            "silence": SILENCE,
            "timezone": "UTC",
            "tolerance_in_secs": 0,
            "align_time": True,
        },
        "destinations": [destination],
        "template": None,
        "row_template": "",
        "context_attributes": {},
        "enabled": True,
        "description": one.description,
        "creates_incident": False,
        "tags": [],
    }


def _panel(panel: Panel, number: int, stream: str, known: Collection[str]) -> Json:
    return {
        "id": f"Panel_{panel.id}",
        "type": _TYPES[panel.kind],
        "title": _title(panel),
        "description": panel.question.description,
        "config": {
            "show_legends": len(panel.drawn) > 1,
            "legends_position": None,
            "unit": _UNITS.get(panel.drawn[0].unit, "short"),
            "decimals": 1 if panel.drawn[0].unit == "percent" else 0,
        },
        "queryType": "sql",
        "queries": [
            {
                "query": openobserve(panel.question, stream, known),
                "vrlFunctionQuery": "",
                # Without it the statement is made anew from the fields.
                "customQuery": True,
                "fields": {
                    "stream": stream,
                    "stream_type": "logs",
                    "x": [_axis(column, None) for column in panel.names],
                    "y": [
                        _axis(column, _COLORS[place % len(_COLORS)])
                        for place, column in enumerate(panel.drawn)
                    ],
                    "z": [],
                    "breakdown": [],
                    "filter": {"filterType": "group", "logicalOperator": "AND", "conditions": []},
                },
                "config": {"promql_legend": ""},
            }
        ],
        "layout": {
            "x": panel.x * _ACROSS,
            "y": panel.y * _DOWN,
            "w": panel.width * _ACROSS,
            "h": panel.height * _DOWN,
            "i": number,
        },
    }


def _title(panel: Panel) -> str:
    if panel.kind == "number":
        return _label(panel.drawn[0])
    if panel.name in ("over_time", "shipper_over_time"):
        return f"{panel.question.title}: {', '.join(map(_label, panel.drawn)).lower()}"
    return panel.question.title


def _axis(column: Column, color: str | None) -> Json:
    return {
        "label": _label(column),
        "alias": column.name,
        "column": column.name,
        "type": "custom",
        "color": color,
    }


def _label(column: Column) -> str:
    return column.name.replace("_", " ").strip().capitalize()


def _bucket() -> Json:
    """The variable `$bucket`: how wide the steps of what is drawn over time are."""
    return {
        "type": "custom",
        "name": "bucket",
        "label": "Step",
        "value": _BUCKETS[1],
        "options": [{"label": each, "value": each, "selected": each == _BUCKETS[1]} for each in _BUCKETS],
        "multiSelect": False,
        "hideOnDashboard": False,
    }
