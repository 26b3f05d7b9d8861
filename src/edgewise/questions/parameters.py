"""What can be set in a question: its own parameters, and the filters that every question takes.

Values come as a URL's query or a command line has them: text is read strictly. Out come SQL literals and conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from edgewise.questions.errors import QuestionError
from edgewise.questions.literals import integer_literal, text_literal

Value = str | int | None

HOUR: Final = 3_600_000_000
UNKNOWN: Final = "unknown"
_BUCKETS: Final = tuple(
    seconds * 1_000_000
    for seconds in (1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000)
)
_MOST_BUCKETS: Final = 200
_LATEST: Final = 253_402_300_800_000_000  # the end of the year 9999
_DIGITS = re.compile(r"\d{1,18}\Z", re.ASCII)
_STATUS = re.compile(r"(?P<code>[1-9]\d\d)\Z|(?P<hundreds>[1-9])xx\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of some questions. `least` and `most` bound a number."""

    name: str
    kind: Literal["int", "text"]
    default: int | str
    description: str
    least: int = 0
    most: int = 0

    def literal(self, value: Value) -> str:
        """The value, or the default for none, as SQL. Raises `QuestionError`."""
        given = self.default if value in (None, "") else value
        if self.kind == "text":
            return text_literal(str(given), self.name)
        return integer_literal(_integer(self.name, given, self.least, self.most))


PARAMETERS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            Parameter(
                "bucket", "int", HOUR, "the width of a bucket in microseconds", 1_000_000, _BUCKETS[-1]
            ),
            Parameter("top", "int", 20, "how many rows at most", 1, 1000),
            Parameter("find", "text", "", "a text to look for"),
        )
    }
)

FILTERS: Final = MappingProxyType(
    {
        "start": "from this time on, in microseconds since 1970 (UTC)",
        "end": "before this time, in microseconds since 1970 (UTC)",
        "path": "the path; with a `*` at the end all that begin so",
        "page": "the page: its path without `index.html`, a slash at its end and `;parameters`",
        "status": "the status, such as `404`, or its class, such as `4xx`",
        "country": "the country's code",
        "device": "the kind of device",
        "browser": "the browser's family",
        "os": "the system's family",
        "version": "the release, else the function's version",
        "agent": "`person`, `bot`, `tool` or `unknown`",
        "bot_reason": "why no person is thought to have asked",
        "method": "the method",
        "host": "the host that was asked for",
        "referrer": "the host whose link was followed",
        "language": "the first language that the browser asks for",
        "result": "what the cache did, in CloudFront's words",
        "edge_location": "the edge location",
    }
)
# Of which finished page views know nothing: every answer would be nothing, or everything.
OF_REQUESTS_ALONE: Final = frozenset(
    ("path", "browser", "os", "version", "bot_reason", "result", "edge_location")
)


def bucket_for(start: int, end: int) -> int:
    """The finest width (microseconds) that cuts the time into 200 buckets or fewer."""
    return next((width for width in _BUCKETS if (end - start) / width <= _MOST_BUCKETS), _BUCKETS[-1])


def bounds(values: Mapping[str, Value]) -> dict[str, str]:
    """What stands for `$start` and `$end` in a statement: the period, where none is given that of the requests."""
    given = {
        f"${name}": integer_literal(_integer(name, value, 0, _LATEST))
        for name in ("start", "end")
        if (value := values.get(name)) not in (None, "")
    }
    return {"$start": "min(_timestamp) OVER ()", "$end": "max(_timestamp) OVER () + 1"} | given


def conditions(values: Mapping[str, Value]) -> list[str]:
    """A condition of SQL for each filter that is given, in the order of `FILTERS`. Raises `QuestionError`."""
    return [
        _condition(name, value) for name in FILTERS if (value := values.get(name)) is not None and value != ""
    ]


def _condition(name: str, value: str | int) -> str:
    if name == "start":
        return f"_timestamp >= {integer_literal(_integer(name, value, 0, _LATEST))}"
    if name == "end":
        return f"_timestamp < {integer_literal(_integer(name, value, 0, _LATEST))}"
    text = str(value)
    refused = text.startswith("!")
    wanted = _wanted(name, text.removeprefix("!"))
    # Nulls are none of what is refused, so they stay.
    return f"NOT coalesce({wanted}, false)" if refused else wanted


def _wanted(name: str, text: str) -> str:
    if text == UNKNOWN and name != "agent":
        return f"{name} IS NULL"
    if name == "status":
        return _status(text)
    plain = re.sub(r"^\\(?=[!\\]|unknown\Z)|\\(?=\*\Z)", "", text)
    if name in ("page", "path") and text.endswith("*") and not text.endswith("\\*"):
        return f"starts_with({name}, {text_literal(plain[:-1], name)})"
    return f"{name} = {text_literal(plain, name)}"


def _status(text: str) -> str:
    match = _STATUS.match(text)
    if match is None:
        raise QuestionError(f"{text!r} is no status", hint="Write 404, 4xx or unknown.", key="status")
    return f"status = {match['code']}" if match["code"] else f"status_class = {match['hundreds']}00"


def _integer(name: str, value: object, least: int, most: int) -> int:
    number = (
        int(value) if isinstance(value, int) or (isinstance(value, str) and _DIGITS.match(value)) else None
    )
    if number is None or not least <= number <= most:
        raise QuestionError(f"{value!r} is no number from {least} to {most}", key=name)
    return number
