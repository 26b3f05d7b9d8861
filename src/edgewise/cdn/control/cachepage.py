"""The inspector's page of the caches and of the clock that they go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.cdn.control.frame import data_table, page, value_cell
from edgewise.cdn.control.html import Html, h

Report = dict[str, Any]


def cache_page(entries: Sequence[Report], total: int, clock: Report) -> bytes:
    """What the caches hold, with the clock that they go by and a form to remove from them."""
    head = ("Location", "Path", "Status", "Age", "Fresh for", "Bytes", "Key")
    rows = [_object(each) for each in entries]
    moved = (
        f", {clock['offset_seconds']:,.0f} s ahead of the real time"
        if clock["offset_seconds"]
        else ", the real time"
    )
    return page(
        "Cache",
        h("h1", "Cache and clock"),
        h("p", "The cache's clock says ", h("strong", clock["time"]), moved, "."),
        h(
            "div",
            _form("/clock", "move", "Move forward by", "+1h", "Move"),
            h("form", h("button", "Reset", name="reset", value="1"), method="post", action="/clock"),
            _form("/invalidations", "paths", "Invalidate", "/*", "Invalidate"),
            class_="actions",
        ),
        h("p", f"{len(rows):,} of {total:,} objects are shown.") if rows else h("p", "Nothing is cached."),
        data_table("Objects", head, h("tbody", *rows)) if rows else None,
    )


def _object(entry: Report) -> Html:
    key = "\n".join(f"{name}: {value}" for name, value in entry["key"] if value)
    return h(
        "tr",
        h("td", entry["location"]),
        value_cell(entry["path"]),
        h("td", entry["status"]),
        h("td", f"{entry['age_seconds']:,.0f} s", class_="number"),
        h("td", f"{entry['ttl_seconds']:,.0f} s", class_="number"),
        h("td", f"{entry['bytes']:,}", class_="number"),
        value_cell(key),
    )


def _form(action: str, name: str, label: str, value: str, button: str) -> Html:
    field = h("label", label, " ", h("input", name=name, value=value, required=True, size="12"))
    return h("form", field, " ", h("button", button), method="post", action=action)
