"""Headers as a test may give them: by name, or as pairs where one name has several lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Lines = Mapping[str, str] | Iterable[tuple[str, str]]


def pairs(headers: Lines) -> list[tuple[str, str]]:
    """Header lines, in their order."""
    return list(headers.items() if isinstance(headers, Mapping) else headers)
