"""The inspector's pages: the requests, one request, the cache. Made from the same dictionaries as the JSON.

They work without scripts; `live.js` only fetches the list anew. No asset comes from another host.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from edgewise.cdn.control.html import Html, h, join

Report = dict[str, Any]
# Characters of an event or a result on a page; the JSON has all of it.
_EXCERPT = 60_000


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


def requests(rows: Sequence[Report], bounds: str) -> bytes:
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
        _table("Requests", head, body)
        if rows
        else h("p", "No request yet. Open the site, and it shows up here.", id="rows"),
        script=True,
    )


def _table(label: str, head: Iterable[str], body: Html) -> Html:
    """A table that can be scrolled sideways, with the keyboard too; `label` is for who hears it."""
    columns = [h("th", name, scope="col") for name in head]
    table = h("table", h("thead", h("tr", *columns)) if columns else None, body)
    return h("div", table, class_="wide", tabindex="0", role="group", aria_label=label)


def _row(row: Report) -> Html:
    target = row["path"] + (f"?{row['query']}" if row["query"] else "")
    return h(
        "tr",
        h("td", row["time"][11:23]),
        h("td", row["method"]),
        h("td", _status(row["status"])),
        h("td", f"{row['ms']:.1f}", class_="number"),
        h("td", row["result"]),
        h(
            "td",
            h("a", h("bdi", target), href=f"/requests/{row['request_id']}"),
            _detail(row["detail"]),
            class_="target",
        ),
        h("td", ", ".join(row["functions"])),
        h("td", row["edge_location"]),
    )


def _status(status: int) -> Html:
    kind = "bad" if status >= 500 or not status else "warn" if status >= 400 else "good"
    return h("span", f"{status:03}", class_=kind)


def _detail(detail: str) -> Html | None:
    return h("div", detail, class_="detail") if detail else None


def request(report: Report, comparison: Report | None = None) -> bytes:
    """One request, in the order in which a person asks: what came out, why, what the functions did, all stages."""
    target = report["path"] + (f"?{report['query']}" if report["query"] else "")
    return page(
        f"{report['method']} {target}",
        h("h1", report["method"], " ", h("bdi", target), " ", _status(report["status"])),
        _detail(report["detail"]),
        _actions(report),
        _comparison(comparison) if comparison else None,
        _facts(report),
        _cache(report["cache"]),
        _timings(report["timings"]),
        h("h2", "Functions and origins") if report["walk"] else None,
        *_walk(report),
        _stages("The request, stage by stage", report["stages"]["request"]),
        _stages("The answer, stage by stage", report["stages"]["response"]),
    )


def _actions(report: Report) -> Html:
    here = f"/requests/{report['request_id']}"
    masked = report["masked"]
    return h(
        "div",
        h("form", h("button", "Send it again"), method="post", action=f"{here}/again"),
        h(
            "a",
            "Show masked values" if masked else "Mask values",
            href=f"{here}?reveal=1" if masked else here,
        ),
        h("a", "As JSON", href=f"{here}?json=1"),
        class_="actions",
    )


def _comparison(comparison: Report) -> Html:
    rows = [
        h(
            "tr",
            h("th", each["stage"], scope="row"),
            h("td", each["field"]),
            _value(each["before"]),
            _value(each["after"]),
        )
        for each in comparison["differences"]
    ]
    times, notes = comparison["ms"], comparison["notes"]
    earlier = h("a", "the earlier one", href=f"/requests/{comparison['before']}")
    return h(
        "section",
        h("h2", "Sent again: what differs"),
        h("p", "Compared with ", earlier, f": {times['before']:.1f} ms then, {times['after']:.1f} ms now."),
        *(h("p", f"{note[0].upper()}{note[1:]}.") for note in notes),
        _table("What differs", ("Stage", "Field", "Then", "Now"), h("tbody", *rows)) if rows else None,
        None if rows or notes else h("p", "Nothing: both came out the same."),
    )


def _value(value: str, tag: str = "td", **attributes: object) -> Html:
    return h(tag, h("bdi", value), **{"class_": "value", **attributes})


def _facts(report: Report) -> Html:
    viewer = report["viewer"]
    told = {
        "Time": report["time"],
        "X-Cache": f"{report['result']} from cloudfront",
        "Detailed result": report["detailed_result"],
        "Request id": report["request_id"],
        "Host": report["host"],
        "Viewer": " ".join(filter(None, (viewer["address"], viewer["country"]))),
        "Protocol": f"{viewer['scheme']}, HTTP/{viewer['http_version']}",
        "Edge location": " ".join(filter(None, (report["edge_location"], report["region"]))),
        "Behavior": report["behavior"],
        "Origin": report["origin"],
        "Sent to the viewer": f"{report['answer']['bytes_sent']:,} bytes",
    }
    if viewer["body_bytes"]:
        told["Body"] = f"{viewer['body_bytes']:,} bytes: {viewer['body']}"
    return _list("Facts", told)


def _list(title: str, told: dict[str, str]) -> Html:
    return h("section", h("h2", title), _facts_of(told))


def _facts_of(told: dict[str, str]) -> Html:
    return h("dl", *(join(h("dt", name), _value(value, "dd")) for name, value in told.items() if value))


def _cache(cache: Report) -> Html:
    told = {"Outcome": cache["outcome"], "Why": cache["reason"]}
    for name, label in (("age_seconds", "Age"), ("ttl_seconds", "Time to live")):
        if cache[name] is not None:
            told[label] = f"{cache[name]:,.1f} s"
    key = h("tbody", *(h("tr", h("th", name, scope="row"), _value(value)) for name, value in cache["key"]))
    near = h(
        "tbody",
        *(
            h("tr", h("th", each["part"], scope="row"), _value(each["here"]), _value(each["there"]))
            for each in cache["nearest"]
        ),
    )
    return join(
        _list("Cache", told),
        join(h("h3", "The key"), _table("The key", ("Part", "Value"), key)) if cache["key"] else None,
        join(
            h("h3", "Not the object with the same path"),
            _table("Not the object with the same path", ("Part", "This request", "That object"), near),
        )
        if cache["nearest"]
        else None,
    )


def _timings(timings: Sequence[Report]) -> Html:
    longest = max([each["ms"] for each in timings] + [0.001])
    rows = [
        h(
            "tr",
            h("th", each["step"], scope="row"),
            h("td", f"{each['ms']:.2f} ms", class_="number"),
            h("td", h("meter", min=0, max=longest, value=each["ms"], aria_hidden="true")),
        )
        for each in timings
    ]
    return h("section", h("h2", "Timings"), _table("Timings", (), h("tbody", *rows)))


def _walk(report: Report) -> Iterator[Html]:
    """Functions and origins in the order in which they had the request."""
    functions, origins = iter(report["functions"]), iter(report["origin_requests"])
    for kind in report["walk"]:
        yield _function(next(functions)) if kind == "function" else _origin(next(origins))


def _origin(exchange: Report) -> Html:
    target = exchange["path"] + (f"?{exchange['query']}" if exchange["query"] else "")
    told = {
        "Asked for": f"{exchange['method']} {target}",
        "Answer": str(exchange["status"] or "none"),
        "Time": f"{exchange['ms']:.2f} ms",
        "Error": exchange["error"],
    }
    return h("section", h("h3", "origin: ", exchange["domain"]), _facts_of(told), class_="function")


def _function(function: Report) -> Html:
    rule = function["rule"]
    told = {
        "File": function["file"],
        "Request id": function["request_id"],
        "Time": f"{function['ms']:.2f} ms{', cold start' if function['cold'] else ''}",
        "Error": function["error"],
    }
    if rule:
        guide = h("a", rule["page"], href=rule["page"], rel="noreferrer")
        told |= {
            "Broken rule": rule["rule"],
            "By": rule["subject"],
            "What to do": rule["advice"],
            "Guide": guide,
        }
    rows = [
        h(
            "tr",
            h("th", each["field"], scope="row"),
            h("td", each["how"]),
            _value(each["before"]),
            _value(each["after"]),
        )
        for each in function["changes"]
    ]
    return h(
        "section",
        h("h3", function["trigger"], ": ", function["function"]),
        _facts_of(told),
        _table("What the function changed", ("Field", "What", "Before", "After"), h("tbody", *rows))
        if rows
        else None,
        None if rows or function["error"] else h("p", "It changed nothing."),
        _printed(function["printed"]),
        _json("Event", function["event"]),
        _json("Result", function["result"]),
        class_="function",
    )


def _printed(lines: Sequence[str]) -> Html | None:
    if not lines:
        return None
    return h("details", h("summary", "Printed"), h("pre", "\n".join(lines), tabindex="0"), open=True)


def _json(title: str, value: Any) -> Html:
    written = json.dumps(value, indent=2, ensure_ascii=False)
    rest = "\n… the JSON has the rest" if len(written) > _EXCERPT else ""
    return h("details", h("summary", title), h("pre", written[:_EXCERPT] + rest, tabindex="0"))


def _stages(title: str, stages: Report) -> Html | None:
    columns = stages["columns"]
    if not columns:
        return None
    notes = any(column["note"] for column in columns)
    body = h(
        "tbody",
        h("tr", h("th", "note", scope="row"), *(h("td", column["note"], class_="note") for column in columns))
        if notes
        else None,
        *(
            h(
                "tr",
                h("th", row["field"], scope="row"),
                *(
                    _value(cell["value"], class_="value changed" if cell["changed"] else "value")
                    for cell in row["cells"]
                ),
            )
            for row in stages["rows"]
        ),
    )
    return h(
        "section", h("h2", title), _table(title, ("Field", *(column["title"] for column in columns)), body)
    )


def cache(entries: Sequence[Report], total: int, clock: Report) -> bytes:
    """What the caches hold, with the clock that they go by and a form to remove from them."""
    head = ("Location", "Path", "Status", "Age", "Fresh for", "Bytes", "Key")
    rows = [
        h(
            "tr",
            h("td", each["location"]),
            _value(each["path"]),
            h("td", each["status"]),
            h("td", f"{each['age_seconds']:,.0f} s", class_="number"),
            h("td", f"{each['ttl_seconds']:,.0f} s", class_="number"),
            h("td", f"{each['bytes']:,}", class_="number"),
            _value("\n".join(f"{name}: {value}" for name, value in each["key"] if value)),
        )
        for each in entries
    ]
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
        _table("Objects", head, h("tbody", *rows)) if rows else None,
    )


def _form(action: str, name: str, label: str, value: str, button: str) -> Html:
    field = h("label", label, " ", h("input", name=name, value=value, required=True, size="12"))
    return h("form", field, " ", h("button", button), method="post", action=action)


def problem(status: int, message: str, hint: str | None) -> bytes:
    return page(f"{status}", h("h1", status), h("p", message), h("p", hint) if hint else None)
