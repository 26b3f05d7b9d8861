"""Lines of the functions' logs, from every region, put together to requests. Plain functions over values.

A function writes CloudFront's id of the request into its records, and Lambda writes an id of its own before and after
every invocation. An environment serves one request at a time, so that whatever is between START and END of a stream
belongs to one invocation, and a record among it says of which request. An app makes no records: CloudFront tells it the
id in a header, which it may print.
Source of the lines: "Viewing CloudWatch logs for Lambda functions" in the Lambda Developer Guide; "Test and debug
Lambda@Edge functions" in the CloudFront Developer Guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

APP_GROUP: Final = "/aws/lambda/"
FUNCTION_GROUP: Final = f"{APP_GROUP}us-east-1."
VALIDATION_GROUP: Final = "/aws/cloudfront/LambdaEdge/"
_START: Final = re.compile(r"START RequestId: (\S+)(?: Version: (\S+))?")
_REPORT: Final = re.compile(r"REPORT RequestId: (\S+)")
_MEASURED: Final = re.compile(r"\t(Duration|Init Duration): ([0-9.]+) ms")
_STATUS: Final = re.compile(r"\tStatus: (\w+)")
_IDS: Final = re.compile(r"\A\(([^)\s]+)\)|\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
# CloudFront's id of a request: 40 bytes in Base64.
_PRINTED_ID: Final = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{54}==")
_OF_LAMBDA: Final = ("INIT_START ", "INIT_REPORT ", "EXTENSION\t")


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a log stream; `time_ms` is since 1970, `id` CloudWatch's own."""

    region: str
    group: str
    stream: str
    time_ms: int
    message: str
    id: str

    @property
    def function(self) -> str:
        """The function's name; empty for a line of CloudFront's own."""
        if not self.group.startswith(APP_GROUP):
            return ""
        return self.group.removeprefix(FUNCTION_GROUP).removeprefix(APP_GROUP)


@dataclass(slots=True)
class Invocation:
    """One run of a function. `printed` is what it says besides its records; times are in milliseconds.

    `id` is Lambda's; it is empty for lines outside an invocation, such as those of a start that failed.
    """

    function: str
    region: str
    id: str
    time_ms: int
    version: str = ""
    records: list[dict[str, Any]] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    duration_ms: float | None = None
    init_ms: float | None = None
    status: str = ""
    line_ids: list[str] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        """CloudFront's id, by the records, else as it was printed; empty if there is none."""
        recorded = (str(one["request_id"]) for one in self.records if one.get("request_id"))
        printed = (found[0] for one in self.printed if (found := _PRINTED_ID.search(one)))
        return next(recorded, "") or next(printed, "")

    def add(self, line: Line) -> None:
        self.line_ids.append(line.id)
        message = line.message.rstrip("\r\n")
        if _REPORT.match(message):
            measured = dict(_MEASURED.findall(message))
            self.duration_ms = _number(measured.get("Duration"))
            self.init_ms = _number(measured.get("Init Duration"))
            status = _STATUS.search(message)
            self.status = status[1] if status else ""
        elif record := record_in(message):
            self.records.append(record)
        elif not message.startswith(("START ", "END ", *_OF_LAMBDA)):
            self.printed.append(message)


@dataclass(frozen=True, slots=True)
class Request:
    """What the logs say of one request. `request_id` is CloudFront's, empty where nothing says it.

    `validation` is what CloudFront itself wrote: why it could not use what a function returned.
    """

    request_id: str
    time_ms: int
    invocations: tuple[Invocation, ...]
    validation: tuple[Line, ...]

    @property
    def key(self) -> str:
        """One text for the request, the same whenever it is put together."""
        return self.request_id or next(iter(self.line_ids))

    @property
    def is_silent(self) -> bool:
        """Whether Lambda alone tells of it: no record, nothing printed, nothing that went wrong."""
        told = any(one.records or one.printed or one.status for one in self.invocations)
        return not (told or self.validation)

    @property
    def line_ids(self) -> tuple[str, ...]:
        ids = (one for invocation in self.invocations for one in invocation.line_ids)
        return (*ids, *(line.id for line in self.validation))

    @property
    def facts(self) -> dict[str, Any]:
        """The fields of all its records together; of two values the later trigger's."""
        facts: dict[str, Any] = {}
        for invocation in self.invocations:
            for record in invocation.records:
                facts |= {name: value for name, value in record.items() if value is not None}
        return facts

    @property
    def regions(self) -> tuple[str, ...]:
        where = (*(one.region for one in self.invocations), *(one.region for one in self.validation))
        return tuple(dict.fromkeys(where))


def join(lines: Iterable[Line]) -> list[Request]:
    """The requests that the lines are of, oldest first."""
    by_time = sorted(lines, key=lambda one: one.time_ms)
    invocations = _invocations(line for line in by_time if line.function)
    validation = [line for line in by_time if not line.function]
    by_request: dict[str, list[Invocation]] = {}
    for number, one in enumerate(invocations):
        by_request.setdefault(one.request_id or f" {number}", []).append(one)
    told = _validation_by_request(validation, by_request)
    requests = [
        Request(found[0].request_id, found[0].time_ms, tuple(found), tuple(told.pop(key, ())))
        for key, found in by_request.items()
    ]
    # Of these the functions' own lines are not there: late, or not to be read.
    requests += [Request(key.strip(), found[0].time_ms, (), tuple(found)) for key, found in told.items()]
    return sorted(requests, key=lambda one: one.time_ms)


def record_in(message: str) -> dict[str, Any] | None:
    """The record that a line is; None for any other line, a torn one too."""
    if not message.startswith("{") or '"edge/' not in message:
        return None
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and str(value.get("schema")).startswith("edge/") else None


def _invocations(lines: Iterable[Line]) -> list[Invocation]:
    """The invocations in lines that are sorted by time."""
    found: list[Invocation] = []
    last: dict[tuple[str, str, str], Invocation] = {}
    for line in lines:
        stream = (line.region, line.group, line.stream)
        current = last.get(stream)
        start = _START.match(line.message)
        if start:
            # What is said before the first START of a stream is of the start that this invocation waited for.
            fresh = current if current and not current.id else None
            current = fresh or Invocation(line.function, line.region, start[1], line.time_ms)
            current.id, current.version = start[1], start[2] or ""
        elif current is None or _is_over(current, line):
            current = Invocation(line.function, line.region, "", line.time_ms)
        if last.get(stream) is not current:
            last[stream] = current
            found.append(current)
        current.add(line)
    # Lambda tells of a start that goes well too: nothing that belongs to a request.
    return [one for one in found if one.id or one.records or one.printed]


def _is_over(invocation: Invocation, line: Line) -> bool:
    """Whether a line after the REPORT of an invocation begins something else, as a new start of the environment does.

    That it timed out, or how the process ended, is told after the REPORT too, with the invocation's id.
    """
    return invocation.duration_ms is not None and invocation.id not in line.message


def _validation_by_request(
    lines: Iterable[Line], by_request: dict[str, list[Invocation]]
) -> dict[str, list[Line]]:
    """CloudFront's lines by the keys of the requests: they name an id, CloudFront's or Lambda's."""
    keys = {one.id: key for key, found in by_request.items() for one in found if one.id}
    keys |= {key: key for key in by_request}
    told: dict[str, list[Line]] = {}
    for line in lines:
        ids = [first or second for first, second in _IDS.findall(line.message)]
        key = next((keys[one] for one in ids if one in keys), ids[0] if ids else f" {line.id}")
        told.setdefault(key, []).append(line)
    return told


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
