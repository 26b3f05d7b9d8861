"""Which behavior serves a path. Source: Developer Guide, "Cache behavior settings", path pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from edgewise.cdn import wildcards

PATH_PATTERN_LENGTH = 255  # characters of a path pattern at most


class Patterned(Protocol):
    """What serves the paths that a pattern matches."""

    @property
    def pattern(self) -> str: ...


T = TypeVar("T", bound=Patterned)


def normalise(path: str) -> str:
    """The path that patterns are matched against: RFC 3986 dot segments removed, `//` folded.

    Only the match uses it. The origin is sent the path as the viewer wrote it.
    """
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    directory = path.endswith(("/", "/.", "/..")) and bool(kept)
    return "/" + "/".join(kept) + ("/" if directory else "")


def matches(pattern: str, path: str) -> bool:
    """Whether a path pattern matches a normalised path."""
    return _matcher(pattern)(path) is not None


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    # `*` crosses slashes, case matters, the leading slash is optional.
    rooted = pattern if pattern.startswith(("/", "*")) else f"/{pattern}"
    return wildcards.compiled(rooted).fullmatch


def select(behaviors: Sequence[T], path: str) -> T:
    """The first behavior whose pattern matches; the last one is the default and matches everything."""
    if len(behaviors) == 1:
        return behaviors[0]
    normal = normalise(path)
    for behavior in behaviors[:-1]:
        if matches(behavior.pattern, normal):
            return behavior
    return behaviors[-1]
