"""Expectations that several groups share. They count what reached the origin and do not believe `X-Cache`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from conformance.client import Answer
from conformance.kit import Kit
from conformance.rule import Failed, holds, same

Member = TypeVar("Member")

FRESH = "cc=max-age=300"
SHORT = "cc=max-age=1"
EXPIRED = 2.3  # seconds after which what was fresh for one second is not, even where ages are whole seconds


def kept(first: Answer, second: Answer) -> None:
    """The second answer is the first one, from a cache."""
    holds(first.fetch > 0, "an answer of the origin", first)
    holds(second.fetch == first.fetch, "the second answer to come from the cache", _told(second))


def renewed(first: Answer, second: Answer) -> None:
    """The second answer was asked of the origin."""
    holds(first.fetch > 0, "an answer of the origin", first)
    holds(second.fetch == first.fetch + 1, "the second answer to come from the origin", _told(second))


def _told(answer: Answer) -> str:
    return f"fetch number {answer.fetch}, X-Cache {answer.header('X-Cache')!r}, status {answer.status}"


def fetched(kit: Kit, times: int, key: str = "") -> None:
    """The origin was asked so many times under this rule's key."""
    seen = kit.seen(key)
    holds(
        len(seen) == times,
        f"{times} request(s) at the origin",
        f"{len(seen)}: {[each.method for each in seen]}",
    )


def status(expected: int, answer: Answer) -> None:
    holds(answer.status == expected, f"status {expected}", answer)


def refused(kit: Kit, expected: int, answer: Answer) -> None:
    """Answered without asking the origin, although the origin answers others."""
    status(expected, answer)
    fetched(kit, 0)
    answered(kit)


def answered(kit: Kit) -> None:
    """An ordinary request is answered by the origin: what was refused was refused for a reason of its own."""
    control = kit.get("none", key="control", tls=True)
    holds(control.fetch > 0, "an ordinary request to be answered", control)


def without(answer: Answer, name: str) -> None:
    """An answer of the origin, in which this header is missing."""
    holds(answer.fetch > 0, "an answer of the origin", answer)
    header(None, answer, name)


def header(expected: str | None, answer: Answer, name: str) -> None:
    same(f"{name}:", expected, answer.header(name))


def for_each(kit: Kit, members: Iterable[Member], check: Callable[[Kit, Member], None]) -> None:
    """Check every member of a list that the guide gives; all that fail are named together."""
    failed = []
    for number, member in enumerate(members):
        try:
            check(kit.part(number), member)
        except Failed as failure:
            failed.append((member, failure))
    if failed:
        names = "; ".join(f"{member}: {failure.seen[:120]}" for member, failure in failed)
        raise Failed(failed[0][1].expected, f"{len(failed)} of the members fail: {names}")
