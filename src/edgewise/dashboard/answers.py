"""From an address's values to a question's answer. Knows names and times; what the values mean, the questions know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edgewise.dashboard.errors import AskedError
from edgewise.questions import Question, bound, load
from edgewise.store import Answer

# Longer than any period that people look at, shorter than what could hold the store up (microseconds).
_LONGEST: Final = 20 * 366 * 86_400_000_000
# JavaScript's numbers are exact up to here; the times of our era lie below.
EXACT: Final = 2**53


class Asks(Protocol):
    """What answers SQL: the store's searcher in its own process, or a reader elsewhere."""

    def query(
        self, sql: str, *, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of `edgewise.questions` with its period (microseconds) and the other values as text."""

    question: Question
    start: int
    end: int
    values: Mapping[str, str]

    @classmethod
    def of(cls, name: str, pairs: Iterable[tuple[str, str]]) -> Asked:
        """Read from the pairs of an address's query. Raises `AskedError`."""
        question = load().get(name)
        if question is None:
            raise AskedError(f"there is no question {name!r}", status=404)
        values = single(pairs)
        start, end = moment(values, "start"), moment(values, "end")
        if not start < end <= start + _LONGEST:
            raise AskedError("end must be after start, by 20 years at most", key="end")
        return cls(question, start, end, values)


def answered(asks: Asks, asked: Asked, limit: int | None = None) -> Answer:
    """The answer. Raises `QuestionError` for values that the question does not take, `QueryError` by the store."""
    sql = bound(asked.question, asked.values)
    return asks.query(sql, start=asked.start, end=asked.end, limit=limit)


def single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs by name, each of which may come once only. Raises `AskedError`."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise AskedError(f"{name} is given twice", key=name)
        values[name] = value
    return values


def moment(values: Mapping[str, str], name: str) -> int:
    """A time of the address, in microseconds since 1970 (UTC). Raises `AskedError`."""
    text = values.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) < EXACT):
        raise AskedError(f"{name}: expected microseconds since 1970, not {text[:40]!r}", key=name)
    return int(text)


def described(question: Question) -> dict[str, Any]:
    """What the pages need to know of a question before they ask it."""
    return {
        "title": question.title,
        "description": question.description,
        "parameters": [each.name for each in question.parameters],
        "columns": [
            {"name": each.name, "unit": each.unit, "description": each.description}
            for each in question.columns
        ],
    }
