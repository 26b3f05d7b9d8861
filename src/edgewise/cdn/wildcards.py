"""Patterns with the wildcards `*` (any text, also none) and `?` (one character), as CloudFront has them.

Source: Developer Guide, "Cache behavior settings", path pattern. Matching takes time with the length of the text times
that of the pattern at most, however many wildcards there are: a template must not be able to hold everybody up.
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as an expression for `fullmatch`. Case matters."""
    return re.compile(_source(pattern), re.DOTALL)


@lru_cache(maxsize=64)
def any_of(patterns: frozenset[str]) -> re.Pattern[str]:
    """One expression for all of the patterns; for none of them it matches the empty text alone."""
    return re.compile("|".join(f"(?:{_source(pattern)})" for pattern in sorted(patterns)), re.DOTALL)


def _source(pattern: str) -> str:
    first, *between = (_literal(piece) for piece in pattern.split("*"))
    if not between:
        return first
    last = between.pop()
    # A piece between two stars may be taken where it is found first: if the rest does not match behind it, it does not
    # match behind a later one either. Atomic groups never look for another place.
    return first + "".join(f"(?>.*?{piece})" for piece in between if piece) + ".*" + last


def _literal(piece: str) -> str:
    return ".".join(map(re.escape, piece.split("?")))
