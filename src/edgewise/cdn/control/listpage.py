"""The inspector's first page, the list of requests, and the page of an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.cdn.control.frame import data_table, detail_line, page, status_mark
from edgewise.cdn.control.html import Html, h

Report = dict[str, Any]


def list_page(rows: Sequence[Report], bounds: str) -> bytes:
    """The list, the latest first."""
    head = ("Time", "Method", "Status", "ms", "Result", "Path", "Functions", "Location")
    body = h("tbody", *(_row(row) for row in rows), id="rows")
    return page(
        "Requests",
        h("h1", "Requests"),
        h(
            "p",
            "Newest first; ",
            h("span", bounds, id="bounds"),
            ". ",
            h("span", "", id="live", role="status"),
        ),
        data_table("Requests", head, body)
        if rows
        else h("p", "No request yet. Open the site, and it shows up here.", id="rows"),
        script=True,
    )


def _row(row: Report) -> Html:
    target = row["path"] + (f"?{row['query']}" if row["query"] else "")
    return h(
        "tr",
        h("td", row["time"][11:23]),
        h("td", row["method"]),
        h("td", status_mark(row["status"])),
        h("td", f"{row['ms']:.1f}", class_="number"),
        h("td", row["result"]),
        h(
            "td",
            h("a", h("bdi", target), href=f"/requests/{row['request_id']}"),
            detail_line(row["detail"]),
            class_="target",
        ),
        h("td", ", ".join(row["functions"])),
        h("td", row["edge_location"]),
    )


def problem_page(status: int, message: str, hint: str | None) -> bytes:
    return page(f"{status}", h("h1", status), h("p", message), h("p", hint) if hint else None)
