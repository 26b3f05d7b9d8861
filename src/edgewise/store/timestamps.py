"""What a record's `_timestamp` means, by OpenObserve's rules (its `config/src/utils/time.rs`).

Plain functions: the present moment is passed in. Everything comes out as integer microseconds since 1970.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

NANOSECONDS_ABOVE: Final = 31_536_000_000_000_000
MICROSECONDS_ABOVE: Final = 31_536_000_000_000
MILLISECONDS_ABOVE: Final = 31_536_000_000

# The years 1 to 9999: what a calendar date, and so the name of a partition, can say.
EARLIEST: Final = -62_135_596_800_000_000
LATEST: Final = 253_402_300_799_999_999

_DIGITS = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_ISO_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?\Z", re.ASCII)
_SPACED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z", re.ASCII)
_MAIL = re.compile(
    r"([A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|GMT|UT|Z)\Z", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampError(ValueError):
    """A `_timestamp` that cannot be read; the text is OpenObserve's."""


def to_micros(value: object, now: int) -> int:
    """Microseconds of a JSON value; `now` (microseconds) stands for 0.

    A number's unit follows from its size, and a fraction is dropped, as OpenObserve does: 1754652000.123 is
    the whole second. Raises `TimestampError` for what OpenObserve refuses, and for years outside 1 to 9999.
    """
    if isinstance(value, bool) or value is None or not isinstance(value, int | float | str):
        raise TimestampError("Invalid time format [type]")
    micros = _from_text(value, now) if isinstance(value, str) else _from_number(int(value), now)
    if not EARLIEST <= micros <= LATEST:
        raise TimestampError("Invalid time format [out of range]")
    return micros


def _from_number(number: int, now: int) -> int:
    if number == 0:
        return now
    if number > NANOSECONDS_ABOVE:
        return number // 1000
    if number > MICROSECONDS_ABOVE:
        return number
    if number > MILLISECONDS_ABOVE:
        return number * 1000
    return number * 1_000_000


def _from_text(text: str, now: int) -> int:
    if _DIGITS.match(text):
        whole = text.partition(".")[0]
        if len(whole) > 20:
            raise TimestampError("Invalid time format [out of range]")
        return _from_number(int(whole), now)
    try:
        moment = _from_calendar(text)
    except ValueError:
        raise TimestampError("invalid time format [string]") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    gap = moment - _EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def _from_calendar(text: str) -> datetime:
    if _ISO.match(text) or _ISO_LOCAL.match(text) or _SPACED.match(text):
        return datetime.fromisoformat(text.upper())
    if _MAIL.match(text):
        return parsedate_to_datetime(text)
    raise ValueError(text)
