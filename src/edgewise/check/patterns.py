"""Path patterns as sets of paths: which of them are legal, and whether one holds all of another.

Source: Developer Guide, "Cache behavior settings", path pattern. Whether a path matches is the local CDN's
affair (`edgewise.cdn.behavior`); this module compares patterns with each other.
"""

from __future__ import annotations

import re

_CHARACTERS = re.compile(r"[A-Za-z0-9_\-.*$/~\"'@:+&?]*")


def illegal_characters(pattern: str) -> str:
    """The characters that no path pattern may have, each once, in order."""
    return "".join(dict.fromkeys(each for each in pattern if not _CHARACTERS.fullmatch(each)))


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches every path that `narrow` matches.

    True is certain; a few pairs that only a search over all paths could prove are False.
    """
    wide = _absolute(wide)
    if narrow.startswith("*"):
        # A path starts with a slash: the first star takes it, or the pattern goes on with one.
        rest = narrow.lstrip("*")
        return _covers(wide, f"/*{rest}") and (not rest.startswith("/") or _covers(wide, rest))
    return _covers(wide, _absolute(narrow))


def _absolute(pattern: str) -> str:
    return pattern if pattern.startswith(("/", "*")) else f"/{pattern}"


def _covers(wide: str, narrow: str) -> bool:
    """Match a pattern by a pattern: only a star takes a star, a question mark takes any one character."""
    # reached[i]: the first i characters of `wide` cover what was read of `narrow`.
    reached = _through_stars(wide, {0})
    for character in narrow:
        moved = set()
        for index in reached:
            if index < len(wide):
                expected = wide[index]
                if expected == "*":
                    moved.add(index)
                elif character != "*" and expected in ("?", character):
                    moved.add(index + 1)
        reached = _through_stars(wide, moved)
    return len(wide) in reached


def _through_stars(wide: str, reached: set[int]) -> set[int]:
    """The places that are reached too, because a star may stand for nothing."""
    grown = set(reached)
    for index in sorted(reached):
        while index < len(wide) and wide[index] == "*":
            index += 1
            grown.add(index)
    return grown
