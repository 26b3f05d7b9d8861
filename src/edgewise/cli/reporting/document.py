"""The report as one HTML file without a script: answers in, bytes out. It loads nothing, and may be sent by mail."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from edgewise.cdn.control.html import Html, h, join
from edgewise.cli.reporting.chart import Chart, drawn
from edgewise.cli.statistics.figures import VISITORS, change, comparable, figure, shown, visitors
from edgewise.cli.statistics.period import Period, newest, written
from edgewise.questions import Column, Question

Row = Mapping[str, Any]

# Column of the overview, its name on the page, and what is good: that it grows (1), that it shrinks (-1), neither.
_FIGURES: Final = (
    ("requests", "Requests", 0),
    ("page_views", "Page views", 1),
    (VISITORS, "", 1),
    ("error_percent", "Server errors", -1),
    ("hit_percent", "Cache hits", 1),
    ("p95_ms", "Latency, p95", -1),
    ("bytes_sent", "Sent to viewers", 0),
    ("bot_requests", "By bots and tools", 0),
)
_CUT: Final = 400
_SHORT: Final = 24
_HEADINGS: Final = {"percent": "Share", "os": "OS"}


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report says. `tables` are questions with their rows; `now` is when it was made (microseconds).

    `newest` is when the newest request came, for a report of a period without one.
    """

    period: Period
    filters: Mapping[str, str]
    now: int
    overview: Question
    totals: Row
    before: Row
    charts: Sequence[Chart]
    tables: Sequence[tuple[Question, Sequence[Row]]]
    newest: int | None = None


def document(content: Content) -> bytes:
    """The whole file, UTF-8. Its policy allows its own style and nothing else, whatever a record says."""
    style = files("edgewise.cli.reporting").joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; style-src 'sha256-{digest}'",
        ),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("title", f"Traffic, {content.period}"),
        Html(f"<style>{style}</style>"),
    )
    body = h("body", _top(content), h("main", *_parts(content)))
    return b"<!doctype html>\n" + h("html", head, body, lang="en").encode("utf-8", "replace")


def _top(content: Content) -> Html:
    filters = ", ".join(f"{name} = {value}" for name, value in content.filters.items())
    return h(
        "header",
        h("h1", "Traffic"),
        h("p", str(content.period), f" · only {filters}" if filters else None, class_="dim"),
        h(
            "p",
            f"Made by Edgewise at {written(content.now)} UTC. ",
            "Changes: against as much time before."
            if comparable(content.totals, content.before)
            else "As much time before had too few requests to compare with.",
            class_="dim",
        ),
    )


def _parts(content: Content) -> list[Html]:
    if not content.totals.get("requests"):
        return [h("p", "No requests in this period. ", newest(content.newest))]
    return [
        _figures(content),
        *(drawn(chart) for chart in content.charts),
        *(_section(question, rows) for question, rows in content.tables),
    ]


def _figures(content: Content) -> Html:
    units = {column.name: column.unit for column in content.overview.columns}
    return h("dl", *(_figure(content, name, label, units[name], good) for name, label, good in _FIGURES))


def _figure(content: Content, name: str, label: str, unit: str, good: int) -> Html:
    if name == VISITORS:
        name, label = visitors(content.totals)
    now, before = content.totals.get(name), content.before.get(name)
    difference = change(now, before, unit) if comparable(content.totals, content.before) else ""
    mood = {"▲": "good" if good > 0 else "bad", "▼": "bad" if good > 0 else "good"}.get(difference[:1], "dim")
    return h(
        "div",
        h("dt", label),
        h("dd", figure(now, unit), class_="value"),
        h("dd", difference or "–", class_=mood if good else "dim"),
    )


def _section(question: Question, rows: Sequence[Row]) -> Html:
    content = _table(question, rows) if rows else h("p", "Nothing in this period.", class_="dim")
    return h("section", h("h2", question.title), h("p", question.description, class_="dim"), content)


def _table(question: Question, rows: Sequence[Row]) -> Html:
    heads = (h("th", _heading(column), scope="col", class_=_look(column)) for column in question.columns)
    body = join(
        *(h("tr", *(_cell(column, row, at) for at, column in enumerate(question.columns))) for row in rows)
    )
    return h("div", h("table", h("thead", h("tr", *heads)), h("tbody", body)), class_="wide")


def _cell(column: Column, row: Row, at: int) -> Html:
    words = shown(row.get(column.name), column)
    look = _look(column) or ("long" if len(words) > _SHORT else None)
    words = words if len(words) <= _CUT else words[:_CUT] + "…"
    return h("td" if at else "th", words, class_=look, scope=None if at else "row")


def _heading(column: Column) -> str:
    """As the dashboard has it: the unit stands with the values."""
    if column.name in _HEADINGS:
        return _HEADINGS[column.name]
    name = column.name.replace("_percent", "_rate") if column.unit == "percent" else column.name
    words = name.removesuffix(f"_{column.unit}").replace("_", " ").strip()
    return words if re.match(r"p\d\d\b", words) else words[:1].upper() + words[1:]


def _look(column: Column) -> str | None:
    return {"text": None, "time": "number time"}.get(column.unit, "number")
