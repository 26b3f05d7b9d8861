"""Records as the functions make them, of visitors of two versions; and evidence made by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgewise.rollout import Evidence, Release, Step
from edgewise.rollout.evidence import BLOCK, MINUTE, Block, Counts, Minute, Total
from edgewise.store.search import Searcher
from store.engines import engine_at, put

STARTED = 1_795_224_000_000_000
# Nothing is cached, or all of it may be.
UNCACHED, CACHED = [["*", "origin"]], [["*", "cache"]]
STEPS = (Step(5, 30), Step(25, 30), Step(50, 60))
RELEASE = Release("2026-11-21-a1b2", "v1", "v2", "ramping", 5.0, STEPS, 0, STARTED, STARTED)


def asked(number: int, at: float, version: str = "v2", **more: Any) -> dict[str, Any]:
    """A viewer-request record `at` seconds after the release began."""
    return {
        "_timestamp": STARTED + round(at * 1e6),
        "record_id": f"q{number}:viewer-request",
        "request_id": f"q{number}",
        "trigger": "viewer-request",
        "release": RELEASE.release,
        "version": version,
        "decision": "weight",
        "sample_rate": 1.0,
        "method": "GET",
        "path": "/",
        "client_ip": f"192.0.2.{number % 250}",
        "user_agent": "Mozilla/5.0",
        **more,
    }


def answered(
    number: int, at: float, version: str = "v2", status: int = 200, origin_ms: float = 20.0, **more: Any
) -> dict[str, Any]:
    """The origin-response record of the same request."""
    return {
        "_timestamp": STARTED + round(at * 1e6),
        "record_id": f"q{number}:origin-response:1",
        "request_id": f"q{number}",
        "trigger": "origin-response",
        "version": version,
        "status": status,
        "origin_ms": origin_ms,
        "sample_rate": 1.0,
        **more,
    }


def request(number: int, at: float, version: str = "v2", **more: Any) -> list[dict[str, Any]]:
    return [asked(number, at, version), answered(number, at + 0.05, version, **more)]


@dataclass
class Asked:
    """Records that are asked by a function; `known` are the columns, if not all are there."""

    answer: Callable[[str, int, int], Sequence[Mapping[str, Any]]]
    known: Collection[str] | None = None

    def ask(self, sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        return self.answer(sql, start, end)

    def columns(self, stream: str) -> Collection[str] | None:
        return self.known


@contextmanager
def store_with(directory: Path, records: Sequence[dict[str, Any]]) -> Iterator[Asked]:
    """A store that is asked as the judge asks."""
    with engine_at(directory) as engine:
        put(engine, *records, stream="edge")
        searcher = Searcher(engine)
        try:
            yield Asked(lambda sql, start, end: searcher.query(sql, start=start, end=end).rows)
        finally:
            searcher.close()


def counted(good: int, failed: int = 0) -> Counts:
    """Requests of as many visitors, all of them answered."""
    each = good + failed
    return Counts(each, each, good, failed, each, each)


def blocks(*counts: tuple[int, int, int, int], first: int = 0) -> tuple[Block, ...]:
    """Blocks one after the other, each of (good old, failed old, good new, failed new).

    Each request is another visitor's, and answered.
    """
    made = []
    for place, (good_old, failed_old, good_new, failed_new) in enumerate(counts, first):
        old, new = counted(good_old, failed_old), counted(good_new, failed_new)
        made.append(Block(STARTED + place * BLOCK, old, new))
    return tuple(made)


def evidence(
    made: tuple[Block, ...], minutes: Sequence[tuple[int, int, int, int]] = (), **new: Any
) -> Evidence:
    """Evidence of these blocks, and of minutes of (timed old, timed new, slow old, slow new)."""
    end = made[-1].at + BLOCK if made else STARTED
    old_total, new_total = (
        Total(
            asked=sum(each.asked for each in side),
            answers=sum(each.answered for each in side),
            errors=sum(each.failed for each in side),
            last_asked=end if any(each.asked for each in side) else 0,
        )
        for side in ([each.old for each in made], [each.new for each in made])
    )
    timed = tuple(Minute(STARTED + place * MINUTE, *each) for place, each in enumerate(minutes))
    return Evidence(STARTED, end, made, timed, old_total, replace(new_total, **new))
