"""`edgewise inspect`: one past request of the running site, told in full."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import typer

from edgewise.cli.control import REQUEST_HELP, REVEAL_HELP, request_path, running
from edgewise.cli.terminal import one_line, printable

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}


def inspect(
    request: Annotated[str, typer.Argument(metavar="REQUEST|last", help=REQUEST_HELP)] = "last",
    reveal: Annotated[bool, typer.Option("--reveal", help=REVEAL_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Tell everything about one past request: what came, what each function changed, why the cache did what it did."""
    control = running()
    report = control.get(request_path(request, reveal=reveal))
    if as_json:
        print(json.dumps(report))
        return
    for line in lines(report):
        print(line)
    print(f"\n{control.page(report['request_id'])}")
    sys.stdout.flush()


def lines(report: dict[str, Any]) -> Iterator[str]:
    """A report for a terminal."""
    target = report["path"] + (f"?{report['query']}" if report["query"] else "")
    yield one_line(
        f"{report['method']} {target}  {report['status']:03}  {report['result']}  {report['ms']:.1f} ms"
    )
    if report["detail"]:
        yield from (f"  {printable(line)}" for line in report["detail"].splitlines())
    viewer = report["viewer"]
    yield from table(
        [
            ("time", report["time"]),
            (
                "viewer",
                f"{viewer['address']} {viewer['country']}  {viewer['scheme']} HTTP/{viewer['http_version']}",
            ),
            ("host", report["host"]),
            ("location", f"{report['edge_location']} {report['region']}"),
            ("behavior", report["behavior"]),
            ("origin", report["origin"]),
        ]
    )
    yield from _headers("viewer's request", viewer["headers"])
    yield from _cache(report["cache"])
    functions, origins = iter(report["functions"]), iter(report["origin_requests"])
    for kind in report["walk"]:
        yield from _function(next(functions)) if kind == "function" else _exchange(next(origins))
    yield from _headers("answer to the viewer", report["answer"]["headers"])
    yield from _title("timings")
    yield from table([(each["step"], f"{each['ms']:.2f} ms") for each in report["timings"]])


def table(rows: Iterable[tuple[str, str]], indent: str = "  ") -> Iterator[str]:
    """Names and values below each other; what has no value is left out."""
    rows = [(one_line(name), one_line(value)) for name, value in rows if value.strip()]
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"{indent}{name:<{width}}  {value}" for name, value in rows)


def _title(text: str) -> Iterator[str]:
    yield ""
    yield one_line(text)


def _headers(title: str, headers: list[list[str]]) -> Iterator[str]:
    if headers:
        yield from _title(title)
        yield from table([(name, value) for name, value in headers])


def _cache(cache: dict[str, Any]) -> Iterator[str]:
    yield from _title(f"cache: {cache['outcome']}{', ' if cache['reason'] else ''}{cache['reason']}")
    ages = [(name, cache[f"{name}_seconds"]) for name in ("age", "ttl")]
    yield from table([(name, f"{value:,.1f} s") for name, value in ages if value is not None])
    yield from table([(f"key: {name}", value or "(empty)") for name, value in cache["key"]])
    for each in cache["nearest"]:
        yield one_line(
            f"  an object with the same path has another {each['part']}: {each['there']!r}, not {each['here']!r}"
        )


def _function(function: dict[str, Any]) -> Iterator[str]:
    cold = ", cold" if function["cold"] else ""
    yield from _title(f"{function['trigger']}: {function['function']}, {function['ms']:.2f} ms{cold}")
    rule = function["rule"] or {}
    yield from table(
        [
            ("file", function["file"]),
            ("error", function["error"]),
            ("broken rule", rule.get("rule", "")),
            ("by", rule.get("subject", "")),
            ("what to do", rule.get("advice", "")),
            ("guide", rule.get("page", "")),
        ]
    )
    yield from (one_line(f"  | {line}") for line in function["printed"])
    for change in function["changes"]:
        values = " → ".join(value for value in (change["before"], change["after"]) if value)
        yield one_line(f"  {_SIGNS[change['how']]} {change['field']}: {values}")
    if not function["changes"] and not function["error"]:
        yield "  changed nothing"


def _exchange(exchange: dict[str, Any]) -> Iterator[str]:
    target = exchange["path"] + (f"?{exchange['query']}" if exchange["query"] else "")
    came = exchange["error"] or exchange["status"]
    yield from _title(
        f"origin {exchange['domain']}: {exchange['method']} {target} → {came}, {exchange['ms']:.2f} ms"
    )
    yield from table([(f"> {name}", value) for name, value in exchange["headers"]])
    yield from table([(f"< {name}", value) for name, value in exchange["answer_headers"]])
