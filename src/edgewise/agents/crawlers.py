"""The list of crawlers and tools of the package `crawler-user-agents`: which entry a user agent is, if any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

# One expression of all patterns is slow to fail; so many together were the fastest of those tried.
_AT_ONCE: Final = 25
_NAME_LENGTH: Final = 40
# An Android build that real phones have. The list has it because one crawler borrowed it.
_PEOPLE: Final = frozenset({r"AP3A\.240617\.008"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A program of the list: its name as its user agent wrote it, and the list's tags for it."""

    name: str
    tags: frozenset[str]


def find(user_agent: str) -> Entry | None:
    """The first entry whose pattern a user agent matches."""
    for together, entries in _groups():
        if together.search(user_agent):
            for entry in entries:
                match = _compiled(entry["pattern"]).search(user_agent)
                if match is not None:
                    return Entry(tidy(match.group()), frozenset(entry.get("tags", ())))
    return None


def tidy(name: str) -> str:
    """A visitor wrote it: printable, short, and without the punctuation around it."""
    return "".join(filter(str.isprintable, name))[:_NAME_LENGTH].strip(" /;()")


def patterns() -> list[str]:
    """The regular expressions of the list, of which one is found in every user agent that is on it."""
    return [entry["pattern"] for entry in _entries()]


def _entries() -> list[dict[str, Any]]:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    return [entry for entry in CRAWLER_USER_AGENTS_DATA if entry["pattern"] not in _PEOPLE]


@cache
def _groups() -> list[tuple[re.Pattern[str], list[dict[str, Any]]]]:
    entries = _entries()
    groups = [entries[start : start + _AT_ONCE] for start in range(0, len(entries), _AT_ONCE)]
    return [(re.compile("|".join(entry["pattern"] for entry in group)), group) for group in groups]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
