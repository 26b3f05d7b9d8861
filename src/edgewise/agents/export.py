"""The rules about user agents as data, for the edge: it asks the same with the standard library, and at once.

The list of crawlers has some 1,500 regular expressions. Nearly all are plain text, and of the others each has a text
without which it cannot match. So the edge looks for texts, finds those by three characters that are rare in browsers'
user agents, and compiles an expression when its text is there. What the words of robots tell anyway is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from edgewise.agents import crawlers, people
from edgewise.agents.devices import MOBILE, TABLET, TV
from edgewise.agents.names import country_names

GRAM: Final = 3
# What browsers send: a text is looked for by those of its characters that are not in these.
_COMMON: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    " Edg/131.0.0.0 OPR/117.0 Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1 Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Mozilla/5.0 (iPad; compatible;",
)
# A part of an expression: an escape, a class of characters, a group, or one character; and how often it comes.
_CLASS: Final = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_PART: Final = re.compile(
    rf"(\\.|{_CLASS}|\((?!\?)(?:\\.|{_CLASS}|[^()\\\[])*\)|.)([*?+]|\{{[^}}]*\}})?", re.DOTALL
)


def exported(*, names: bool) -> dict[str, Any]:
    """What `edgewise_agents.json` holds, as JSON can say it; `names` adds the countries' English names.

    `listed` has by three characters the pairs of a text and an expression; None instead of it where the text is all
    that matters. `expressions` are those without such a text.
    """
    listed, expressions = _listed(crawlers.patterns())
    data: dict[str, Any] = {
        "looked_at": people.LOOKED_AT,
        "robots": people.ROBOTS,
        "no_robots": people.NO_ROBOTS,
        "browsers": people.BROWSERS,
        "systems": people.SYSTEMS,
        "screens": people.SCREENS,
        "listed": listed,
        "expressions": expressions,
        "devices": {"tv": TV, "tablet": TABLET, "mobile": MOBILE},
    }
    return data | {"countries": dict(country_names())} if names else data


def _listed(patterns: Iterable[str]) -> tuple[dict[str, list[tuple[str, str | None]]], list[str]]:
    common = Counter(_grams("\n".join(_COMMON)))
    listed: dict[str, list[tuple[str, str | None]]] = {}
    expressions = []
    for pattern in patterns:
        texts = needed_texts(pattern)
        if not all(len(text) >= GRAM for text, _ in texts):
            expressions.append(pattern)
            continue
        for text, is_all in texts:
            if _is_told_before(text):
                continue
            rarest = min(_grams(text), key=lambda gram: common[gram])
            listed.setdefault(rarest, []).append((text, None if is_all else pattern))
    return listed, expressions


def _is_told_before(text: str) -> bool:
    """Whether the robots' words tell already of whatever has this text in it, also where it follows on a part of a
    name that is no robot's."""
    parts = (name[:size] for name in people.NO_ROBOTS for size in range(len(name)))
    return all(people.says_robot(part + text) for part in parts)


def _grams(text: str) -> list[str]:
    return [text[at : at + GRAM] for at in range(len(text) - GRAM + 1)]


def needed_texts(pattern: str) -> list[tuple[str, bool]]:
    """For each alternative of a regular expression a text that is in whatever it matches, and whether that says all
    that the alternative says. The text is the longest that is certain; it is empty where none is."""
    alternatives: list[list[tuple[str, str]]] = [[]]
    for part, count in _PART.findall(pattern):
        if part == "|":
            alternatives.append([])
        elif part in ("(", ")"):  # flags, or groups in a group, which change what the rest means
            return [("", False)]
        else:
            alternatives[-1].append((part, count))
    return [_longest(parts) for parts in alternatives]


def _longest(parts: Iterable[tuple[str, str]]) -> tuple[str, bool]:
    runs, is_all = [""], True
    for part, count in parts:
        text = _literal(part)
        if text and count in ("", "+"):
            runs[-1] += text
        if text is None or count:
            is_all = False
            runs.append("")
    return max(runs, key=len), is_all


def _literal(part: str) -> str | None:
    """The one character that a part stands for; None for a place, a class, a group or any character."""
    if part.startswith("\\"):
        return None if part[1].isalnum() else part[1]
    return None if part in ("^", "$", ".") or (part[0] in "[(" and len(part) > 1) else part
