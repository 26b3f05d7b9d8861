"""The inspector's page of one request: what came out and why, what the functions did, all stages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from edgewise.cdn.control.frame import data_table, detail_line, page, status_mark, value_cell
from edgewise.cdn.control.html import Html, h, join

Report = dict[str, Any]
# Characters of an event or a result on a page; the JSON has all of it.
_EXCERPT = 60_000


def request_page(report: Report, comparison: Report | None = None) -> bytes:
    """One request, in the order in which a person asks: what came out, why, what the functions did, all stages."""
    target = report["path"] + (f"?{report['query']}" if report["query"] else "")
    return page(
        f"{report['method']} {target}",
        h("h1", report["method"], " ", h("bdi", target), " ", status_mark(report["status"])),
        detail_line(report["detail"]),
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
    differences = [
        (one["stage"], one["field"], one["before"], one["after"]) for one in comparison["differences"]
    ]
    times, notes = comparison["ms"], comparison["notes"]
    earlier = h("a", "the earlier one", href=f"/requests/{comparison['before']}")
    return h(
        "section",
        h("h2", "Sent again: what differs"),
        h("p", "Compared with ", earlier, f": {times['before']:.1f} ms then, {times['after']:.1f} ms now."),
        *(h("p", f"{note[0].upper()}{note[1:]}.") for note in notes),
        _changes("What differs", ("Stage", "Field", "Then", "Now"), differences),
        None if differences or notes else h("p", "Nothing: both came out the same."),
    )


def _changes(label: str, head: Sequence[str], changes: Sequence[tuple[str, str, str, str]]) -> Html | None:
    """A row for each change: where, what, and the values before and after; None if there is none."""
    rows = [
        h("tr", h("th", where, scope="row"), h("td", what), value_cell(before), value_cell(after))
        for where, what, before, after in changes
    ]
    return data_table(label, head, h("tbody", *rows)) if rows else None


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
    return h("dl", *(join(h("dt", name), value_cell(value, "dd")) for name, value in told.items() if value))


def _cache(cache: Report) -> Html:
    told = {"Outcome": cache["outcome"], "Why": cache["reason"]}
    for name, label in (("age_seconds", "Age"), ("ttl_seconds", "Time to live")):
        if cache[name] is not None:
            told[label] = f"{cache[name]:,.1f} s"
    return join(_list("Cache", told), _key(cache["key"]), _nearest(cache["nearest"]))


def _key(key: Sequence[tuple[str, str]]) -> Html | None:
    rows = [h("tr", h("th", name, scope="row"), value_cell(value)) for name, value in key]
    return _titled_table("The key", ("Part", "Value"), rows)


def _nearest(nearest: Sequence[Report]) -> Html | None:
    rows = [
        h("tr", h("th", each["part"], scope="row"), value_cell(each["here"]), value_cell(each["there"]))
        for each in nearest
    ]
    head = ("Part", "This request", "That object")
    return _titled_table("Not the object with the same path", head, rows)


def _titled_table(title: str, head: Sequence[str], rows: Sequence[Html]) -> Html | None:
    """None without rows."""
    return join(h("h3", title), data_table(title, head, h("tbody", *rows))) if rows else None


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
    return h("section", h("h2", "Timings"), data_table("Timings", (), h("tbody", *rows)))


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
    changes = [(one["field"], one["how"], one["before"], one["after"]) for one in function["changes"]]
    return h(
        "section",
        h("h3", function["trigger"], ": ", function["function"]),
        _facts_of(_told_of(function)),
        _changes("What the function changed", ("Field", "What", "Before", "After"), changes),
        None if changes or function["error"] else h("p", "It changed nothing."),
        _printed(function["printed"]),
        _json("Event", function["event"]),
        _json("Result", function["result"]),
        class_="function",
    )


def _told_of(function: Report) -> dict[str, str]:
    told = {
        "File": function["file"],
        "Request id": function["request_id"],
        "Time": f"{function['ms']:.2f} ms{', cold start' if function['cold'] else ''}",
        "Error": function["error"],
    }
    if rule := function["rule"]:
        told |= {
            "Broken rule": rule["rule"],
            "By": rule["subject"],
            "What to do": rule["advice"],
            "Guide": h("a", rule["page"], href=rule["page"], rel="noreferrer"),
        }
    return told


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
                    value_cell(cell["value"], class_="value changed" if cell["changed"] else "value")
                    for cell in row["cells"]
                ),
            )
            for row in stages["rows"]
        ),
    )
    return h(
        "section",
        h("h2", title),
        data_table(title, ("Field", *(column["title"] for column in columns)), body),
    )
