"""Asking for evidence in SQL, from a store or from an OpenObserve: statements out, values in.

Who answers is passed in, so that nothing here knows where.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Protocol

from edgewise.rollout.errors import EvidenceError
from edgewise.rollout.evidence import (
    BEGINNING,
    BLOCK,
    LONGEST_ANSWER,
    MINUTE,
    SECOND,
    Block,
    Counts,
    Evidence,
    Minute,
    Total,
)
from edgewise.rollout.release import Release

Row = Mapping[str, Any]
# A site's behaviors as CloudFront goes through them, the default one last: a path pattern, and who may answer there.
# `origin`: nothing but the version's origin; `cache`: the cache too; `elsewhere`: the behavior is not steered.
Behaviors = Sequence[Sequence[str]]

# What is older than this is not asked for again: the test then has fewer beginnings, and still holds. Whoever has
# failed before and goes on counts once more, at his first failure since.
MOST_TIME: Final = 2 * 86_400 * SECOND
# Decisions by the release's own rules: a tester chose, a fault is ours, who is excluded is no visitor, and by a state
# that is too old everybody gets the stable version. Whose session is `earlier` than the release had no choice between
# the versions, and only the stable one has such visitors: people who come back, and do other things than new ones.
DECISIONS: Final = (
    "cookie",
    "cookie-unverified",
    "session-store",
    "session-unknown",
    "weight",
    "full",
    "done",
    "rolled-back",
)
# What is asked for of a record. In a stream of OpenObserve a column is there once a record has brought it.
_COLUMNS: Final = MappingProxyType(
    {
        name: kind
        for kind, names in (
            ("BIGINT", "_timestamp status"),
            ("DOUBLE", "origin_ms sample_rate"),
            (
                "VARCHAR",
                "request_id trigger release version decision visitor client_ip user_agent method path failure",
            ),
        )
        for name in names.split()
    }
)
# What is counted of requests of which one a visitor was drawn.
_DRAWN: Final = ("visitors", "good", "failed")
_STREAM: Final = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


class Records(Protocol):
    """Whoever answers questions about records."""

    def ask(self, sql: str, start: int, end: int) -> Sequence[Row]:
        """The rows of one SELECT over records with `start` <= `_timestamp` < `end` (microseconds).

        Raises `EvidenceError`.
        """
        ...

    def columns(self, stream: str) -> Collection[str] | None:
        """The columns that there are; None for all that a function's record may have. Raises `EvidenceError`."""
        ...


def gather(
    records: Records,
    release: Release,
    now: int,
    *,
    settle: int,
    factor: float,
    behaviors: Behaviors,
    stream: str = "edge",
) -> Evidence:
    """Ask for all of it. `settle` (microseconds) is how long records take; `factor` is the judge's for latency.

    Raises what asking raises, and `EvidenceError` for an answer that is none.
    """
    if not _STREAM.match(stream):
        raise EvidenceError(f"{stream!r} is no stream", key="stream")
    end = (now - settle) // BLOCK * BLOCK
    start = first_time(release.started, now)
    head = _filled("judged", _values(release, _source(stream, records.columns(stream)), behaviors))
    numbers = {"factor": repr(float(factor)), "waited": str(end - LONGEST_ANSWER)}

    def rows(name: str, until: int) -> Sequence[Row]:
        return records.ask(f"{head}\n{_filled(name, numbers)}", start, until) if end > start else ()

    try:
        # People see all there is; what is judged has settled.
        totals = {str(row["version"]): _total(row) for row in rows("totals", now + SECOND)}
        minutes = rows("minutes", end) if factor else ()
        unanswered = rows("unanswered", end)
        return Evidence(
            start,
            end,
            _blocks(rows("blocks", end)),
            tuple(_minute(row) for row in minutes if row["minute"] + MINUTE <= end),
            totals.get(release.stable, Total()),
            totals.get(release.new, Total()),
            _blocks([row for row in unanswered if row["due"]], _DRAWN),
            _blocks([row for row in unanswered if not row["due"]], _DRAWN),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"the answer about the records is not as asked for: {error!r}") from None


def first_time(started: int, now: int) -> int:
    """From when on records are asked for: from the release's start, or a beginning two days ago."""
    started = started // BLOCK * BLOCK
    skipped = max(0, -(-(now - started - MOST_TIME) // BEGINNING))
    return started + skipped * BEGINNING


def _source(stream: str, known: Collection[str] | None) -> str:
    """The stream, with null for what it has no column for."""
    if known is None:
        return f'"{stream}"'
    columns = [
        name if name in known else f"CAST(NULL AS {kind}) AS {name}" for name, kind in _COLUMNS.items()
    ]
    return f'(SELECT {", ".join(columns)} FROM "{stream}") AS records'


def _values(release: Release, source: str, behaviors: Behaviors) -> dict[str, str]:
    return {
        "source": source,
        "answerer": _answerer(behaviors),
        "release": _literal(release.release),
        "stable": _literal(release.stable),
        "new": _literal(release.new),
        "decisions": ", ".join(map(_literal, DECISIONS)),
    }


def _answerer(behaviors: Behaviors) -> str:
    """Who may answer a path. One that CloudFront may read in another way, and so choose another behavior, is the
    cache's: nobody should bring a version back by what he asks for."""
    odd = " OR ".join(f"path LIKE '{pattern}' ESCAPE '\\'" for pattern in ("%\\%%", "%//%", "%/.%"))
    whens = [f"WHEN path IS NULL OR {odd} THEN 'cache'"]
    whens += [
        f"WHEN path LIKE {_literal(_like(pattern))} ESCAPE '\\' THEN {_literal(kind)}"
        for pattern, kind in behaviors
    ]
    return f"CASE {' '.join(whens)} ELSE 'cache' END"


def _like(pattern: str) -> str:
    """A path pattern of CloudFront's in SQL: `*` is anything, `?` one character, and a slash begins it."""
    rooted = pattern if pattern.startswith(("/", "*")) else f"/{pattern}"
    return re.sub(r"[\\%_]", r"\\\g<0>", rooted).replace("*", "%").replace("?", "_")


def _filled(name: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], _read(name))


def _read(name: str) -> str:
    # Without the word of our store's joined view, which it would make ready: nothing here reads it.
    text = files("edgewise.rollout").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"^--.*\n", "", text, flags=re.MULTILINE).strip()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _blocks(rows: Sequence[Row], names: Sequence[str] = Counts.__slots__) -> tuple[Block, ...]:
    """A block has a row for each version that anything is known of."""
    sides: dict[int, list[Counts]] = {}
    for row in rows:
        counts = Counts(**{name: int(row[name]) for name in names})
        sides.setdefault(int(row["block"]), [Counts(), Counts()])[int(row["is_new"])] = counts
    return tuple(Block(at, *sides[at]) for at in sorted(sides))


def _minute(row: Row) -> Minute:
    names = ("minute", "timed_old", "timed_new", "slow_old", "slow_new")
    return Minute(*(int(row[name]) for name in names))


def _total(row: Row) -> Total:
    counts = (
        "asked",
        "visitors",
        "answers",
        "errors",
        "unanswered",
        "client_errors",
        "visitors_with_errors",
    )
    numbers: dict[str, Any] = {name: round(row.get(name) or 0) for name in counts}
    return Total(
        **numbers,
        p50_ms=row.get("p50_ms"),
        p95_ms=row.get("p95_ms"),
        sample_rate=float(row.get("sample_rate") or 1.0),
        last_asked=int(row.get("last_asked") or 0),
    )
