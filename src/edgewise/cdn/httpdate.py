"""Dates as HTTP writes them, RFC 9110 section 5.6.7."""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache


def parsed(date: str) -> float | None:
    """Seconds since the epoch; None for what is no date."""
    if not date:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=64)
def written(seconds: int) -> str:
    """A moment as a date. Every answer has one: within a second they are the same."""
    return formatdate(seconds, usegmt=True)
