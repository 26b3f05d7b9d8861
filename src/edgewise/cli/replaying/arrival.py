"""Asks the store whether the requests of a replay have arrived, each exactly once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.store import Reader

# From a question in SQL to its rows; None when there is no stream or view of that name.
Search = Callable[[str], list[dict[str, Any]] | None]

_IDS_A_QUESTION = 500
_MARGIN_US = 60_000_000
_NO_SUCH_STREAM = 20002  # OpenObserve's number


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many of the expected requests are in the store; `missing` and `twice` are request ids.

    `anonymous` is how many were answered without a request id, so that they cannot be looked for.
    """

    expected: int
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    anonymous: int

    @property
    def found(self) -> int:
        return self.expected - self.anonymous - len(self.missing)

    @property
    def complete(self) -> bool:
        return 0 < self.found == self.expected and not self.twice


def check(
    request_ids: Sequence[str],
    expected: int,
    search: Search,
    *,
    patience_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Arrival:
    """Wait until every id is in the stream `access` and in the view `requests`, then count them in both.

    `expected` is how many requests must be there. Ids that are still missing after `patience_s` seconds are
    reported, and so are ids that are in one place more than once or that came with two answers.
    """
    repeated = {request_id for request_id, n in Counter(request_ids).items() if n > 1}
    ids = sorted(set(request_ids))
    pending, pause = ids, 0.1
    while (pending := _missing(pending, _counts(pending, search))) and patience_s > 0:
        sleep(pause)
        patience_s, pause = patience_s - pause, min(2 * pause, 2.0)
    # Asked once more for all of them: a second record may have come after the first was seen.
    counts = _counts(ids, search)
    doubled = {request_id for count in counts for request_id, n in count.items() if n > 1}
    return Arrival(
        expected=expected,
        missing=tuple(_missing(ids, counts)),
        twice=tuple(sorted(doubled | repeated)),
        anonymous=expected - len(request_ids),
    )


def _missing(request_ids: Sequence[str], counts: Sequence[dict[str, int]]) -> list[str]:
    return [request_id for request_id in request_ids if not all(request_id in count for count in counts)]


def _counts(request_ids: Sequence[str], search: Search) -> list[dict[str, int]]:
    """How often each id is in `access`, and in `requests`, which a site without functions does not have."""
    access, requests = (_count(name, request_ids, search) for name in ("access", "requests"))
    return [access or {}] if requests is None else [access or {}, requests]


def _count(name: str, request_ids: Sequence[str], search: Search) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for start in range(0, len(request_ids), _IDS_A_QUESTION):
        ids = ", ".join(_literal(each) for each in request_ids[start : start + _IDS_A_QUESTION])
        rows = search(
            f"SELECT request_id, count(*) AS n FROM {name} WHERE request_id IN ({ids}) GROUP BY request_id"
        )
        if rows is None:
            return None
        found |= {row["request_id"]: row["n"] for row in rows}
    return found


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def asking(reader: Reader, since_us: int) -> Search:
    """Questions to a store over its records since `since_us` (microseconds), less a margin for its clock."""
    from edgewise.store import QueryError

    def search(sql: str) -> list[dict[str, Any]] | None:
        try:
            return reader.query(sql, start=since_us - _MARGIN_US, limit=_IDS_A_QUESTION).rows
        except QueryError as error:
            # A stream begins with its first record, so a question can come too early.
            if error.number == _NO_SUCH_STREAM:
                return None
            raise

    return search
