"""A request and its answer side by side, as every step had them: a column a stage, a row a field.

What a stage shows is what the JSON of the inspector and its page both tell; neither knows events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from edgewise.cdn.control.changes import fields
from edgewise.cdn.control.masking import Mask, shallow
from edgewise.cdn.event import text
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.trace import FunctionRun, Trace

_NOTHING = "nothing that can be used"


@dataclass(frozen=True, slots=True)
class Stage:
    """One column: `values` by the name of the field; `note` says why there are none."""

    title: str
    values: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One field at one stage. `changed` is against the last stage before it that has any fields."""

    value: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Row:
    field: str
    cells: tuple[Cell, ...]


def requests(trace: Trace, mask: Mask) -> list[Stage]:
    """The request on its way: from the viewer, through the functions, to the origin."""
    stages = [Stage("viewer sent", of_request(trace.request, mask))]
    for run, exchange in steps(trace):
        if exchange is not None:
            stages.append(Stage(f"sent to {exchange.domain}", of_request(exchange.request, mask)))
        elif run is not None and run.trigger.endswith("request"):
            given, returned = parts(run)
            stages.append(Stage(f"{run.trigger} got", fields(given, mask)))
            if isinstance(returned, dict) and "status" not in returned:
                stages.append(Stage(f"{run.trigger} returned", fields(returned, mask)))
            else:
                made = "a response of its own" if isinstance(returned, dict) else ""
                stages.append(Stage(f"{run.trigger} returned", note=made or run.error or _NOTHING))
    return _numbered(stages)


def responses(trace: Trace, mask: Mask) -> list[Stage]:
    """The answer on its way back: from the origin or a function, through the functions, to the viewer."""
    stages = []
    for run, exchange in steps(trace):
        if exchange is not None:
            answer = of_response(exchange.status, exchange.headers, mask) if exchange.status else {}
            stages.append(Stage(f"{exchange.domain} answered", answer, exchange.error))
        elif run is not None:
            given, returned = parts(run)
            if run.trigger.endswith("response"):
                stages.append(Stage(f"{run.trigger} got", fields(given, mask)))
            if isinstance(returned, dict) and "status" in returned:
                stages.append(Stage(f"{run.trigger} returned", fields(returned, mask)))
            elif run.trigger.endswith("response"):
                stages.append(Stage(f"{run.trigger} returned", note=run.error or _NOTHING))
    if trace.answer is not None:
        stages.append(Stage("viewer received", of_response(trace.status, trace.answer, mask)))
    return _numbered(stages)


def _numbered(stages: list[Stage]) -> list[Stage]:
    """Attempts of a failover have the same functions: those after the first are told apart by a number."""
    times: Counter[str] = Counter()
    numbered = []
    for stage in stages:
        times[stage.title] += 1
        count = times[stage.title]
        numbered.append(stage if count == 1 else replace(stage, title=f"{stage.title} ({count})"))
    return numbered


def table(stages: Iterable[Stage]) -> list[Row]:
    """The rows of some stages: every field that any of them has, in the order in which they come up."""
    stages = list(stages)
    names = dict.fromkeys(name for stage in stages for name in stage.values)
    return [Row(name, tuple(_cells(name, stages))) for name in names]


def _cells(name: str, stages: Iterable[Stage]) -> Iterator[Cell]:
    before: str | None = None
    first = True
    for stage in stages:
        value = stage.values.get(name, "")
        yield Cell(value, bool(stage.values) and not first and value != before)
        if stage.values:
            before, first = value, False


def steps(trace: Trace) -> Iterator[tuple[FunctionRun | None, Any]]:
    """Functions and origins in the order of the walk, each as `(run, None)` or `(None, exchange)`.

    The trace has two lists. An origin is asked after its origin-request function and before its origin-response one;
    an attempt that had no answer has no origin-response.
    """
    exchanges = list(trace.exchanges)
    asked = False
    for run in trace.functions:
        if run.trigger == "origin-request":
            if asked and exchanges:
                yield None, exchanges.pop(0)
            asked = True
        elif run.trigger == "origin-response":
            while exchanges and exchanges[0].status == 0:
                yield None, exchanges.pop(0)
            if exchanges:
                yield None, exchanges.pop(0)
            asked = False
        elif run.trigger == "viewer-response":
            yield from ((None, exchange) for exchange in exchanges)
            exchanges.clear()
        yield run, None
    yield from ((None, exchange) for exchange in exchanges)


def parts(run: FunctionRun) -> tuple[dict[str, Any], Any]:
    """The part of the event that a function may change, and what it returned; None for what is no JSON.

    The report of an exception is no result either. A result that broke a rule is one, and has an explanation.
    """
    try:
        cf = orjson.loads(run.event)["Records"][0]["cf"]
        given = cf["response"] if run.trigger.endswith("response") else cf["request"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        given = {}
    failed = run.error and run.explanation is None
    return given, None if failed else decoded(run.result)


def decoded(payload: bytes) -> Any:
    """A JSON text as a value that nests no deeper than it can be shown; None for what is none."""
    try:
        return shallow(orjson.loads(payload))
    except orjson.JSONDecodeError:
        return None


def of_request(request: Request, mask: Mask) -> dict[str, str]:
    """A request on the wire, in the words of events."""
    shown = {"method": request.method, "uri": text(request.uri), "querystring": text(request.query)}
    if request.body:
        shown["body"] = f"({len(request.body):,} bytes)"
    return shown | of_headers(request.headers, mask)


def of_response(status: int, headers: Headers, mask: Mask) -> dict[str, str]:
    return {"status": str(status)} | of_headers(headers, mask)


def of_headers(headers: Headers, mask: Mask) -> dict[str, str]:
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        lines.setdefault(f"header {name.lower()}", []).append(mask.header(name, text(value)))
    return {name: "\n".join(values) for name, values in lines.items()}
