"""What is known of the two versions of a release, as values. Where it comes from is `asking.py`'s, what follows from it
`judging.py`'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SECOND: Final = 1_000_000
BLOCK: Final = 10 * SECOND
MINUTE: Final = 60 * SECOND
# A version may have turned bad at any of these distances after the release began.
BEGINNING: Final = 600 * SECOND
# How long a request may be under way: CloudFront waits as long for an origin (OriginReadTimeout, which no site sets).
LONGEST_ANSWER: Final = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Counts:
    """What was asked of one version in some time, and what its origin answered.

    The share of a release is drawn for visitors, so they are what is counted, lest one who keeps trying passes for
    many. `asked` and `answered`: requests, those of a visitor within a block once. `good`: answers below 400, until the
    visitor's first failure. `failed`: visitors' first failures, statuses from 500 on. `visitors`: those who could have
    their first failure in a block. `leaving`: visitors who asked for the last time, so that over the last blocks they
    add up to different ones. Of a sample these are the records that were kept: enough to compare, since both versions'
    were kept alike.
    """

    asked: int = 0
    answered: int = 0
    good: int = 0
    failed: int = 0
    visitors: int = 0
    leaving: int = 0

    @property
    def rate(self) -> float:
        """The share that failed of those that did not fail by the client's fault, 0 to 1."""
        return self.failed / self.tried if self.tried else 0.0

    @property
    def tried(self) -> int:
        return self.good + self.failed

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.asked + other.asked,
            self.answered + other.answered,
            self.good + other.good,
            self.failed + other.failed,
            self.visitors + other.visitors,
            self.leaving + other.leaving,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Ten seconds from `at` on, for the old version and the new one."""

    at: int
    old: Counts
    new: Counts


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute from `at` on: visitors whose slowest answer's time is known, and those among the slowest 5 % of both
    versions; until, and with, the first minute in which a visitor is one of these."""

    at: int
    timed_old: int
    timed_new: int
    slow_old: int
    slow_new: int


@dataclass(frozen=True, slots=True)
class Total:
    """One version over the whole time that was asked for; counts are of requests, also where records are a sample.

    `unanswered` had no answer of the origin, long after they came, where nothing else can answer.
    """

    asked: int = 0
    visitors: int = 0
    answers: int = 0
    errors: int = 0
    unanswered: int = 0
    client_errors: int = 0
    visitors_with_errors: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    sample_rate: float = 1.0
    last_asked: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known from `start` until `end`, which is when records are settled: they have arrived by now.

    `due` and `cacheable` are blocks of what was asked early enough to be answered by `end`, where nothing but the
    origin can answer and where the cache may too. Of each visitor who asked one request is looked at: `good` if the
    origin answered it, with whatever status, and `failed` if it did not.
    """

    start: int
    end: int
    blocks: tuple[Block, ...]
    minutes: tuple[Minute, ...]
    old: Total
    new: Total
    due: tuple[Block, ...] = ()
    cacheable: tuple[Block, ...] = ()


def summed(blocks: Iterable[Block]) -> tuple[Counts, Counts]:
    """Old and new of all blocks together."""
    old, new = Counts(), Counts()
    for each in blocks:
        old, new = old + each.old, new + each.new
    return old, new
