"""What the inspector's pages are made of: the frame with its navigation, tables, and values that strangers chose.

Pages are made from the same dictionaries as the JSON. They work without scripts; `live.js` only fetches the list anew.
No asset comes from another host.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.cdn.control.html import Html, h


def page(title: str, *content: object, script: bool = False) -> bytes:
    """A whole page with its navigation."""
    head = (
        h("meta", charset="utf-8"),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("title", title, " · Edgewise"),
        h("link", rel="stylesheet", href="/style.css"),
        h("script", src="/live.js", defer=True) if script else None,
    )
    navigation = h(
        "nav",
        h("strong", "Edgewise"),
        h("a", "Requests", href="/"),
        h("a", "Cache and clock", href="/cache"),
        aria_label="Pages",
    )
    body = h(
        "body",
        h("a", "To the content", href="#content", class_="skip"),
        navigation,
        h("main", *content, id="content"),
    )
    document = h("html", h("head", *head), body, lang="en")
    return b"<!DOCTYPE html>\n" + document.encode("utf-8", "replace")


def data_table(label: str, head: Iterable[str], body: Html) -> Html:
    """A table that can be scrolled sideways, with the keyboard too; `label` is for who hears it."""
    columns = [h("th", name, scope="col") for name in head]
    table = h("table", h("thead", h("tr", *columns)) if columns else None, body)
    return h("div", table, class_="wide", tabindex="0", role="group", aria_label=label)


def status_mark(status: int) -> Html:
    kind = "bad" if status >= 500 or not status else "warn" if status >= 400 else "good"
    return h("span", f"{status:03}", class_=kind)


def detail_line(detail: str) -> Html | None:
    return h("div", detail, class_="detail") if detail else None


def value_cell(value: str, tag: str = "td", **attributes: object) -> Html:
    return h(tag, h("bdi", value), **{"class_": "value", **attributes})
