"""Request bodies to JSON values, as `_json` and `_multi` mean them, in bounded numbers. Plain functions."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from edgewise.store.errors import BodyError

MAX_RECORDS: Final = 100_000
# Of one request: an empty object is two bytes in JSON, and many times that in memory.
MAX_CONTAINERS: Final = 10 * MAX_RECORDS

# orjson reads an integer beyond 64 bits as a float. Such a number has a run of 19 digits or more; looking for
# one in the whole body is cheaper than looking at every value.
_LONG_NUMBER: Final = b"0" * 19
_COMPRESSED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, zstd
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_DIGITS_TO_ZERO: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one request. In `items` an integer beyond 64 bits may have become a float.

    `exact` gives the same values with every digit; it costs more, so it is for those who need it.
    """

    items: list[Any]
    exact: Callable[[], list[Any]]


def json_values(body: bytes) -> Values:
    """`_json`: an array of records, or one record. Raises `BodyError` when the whole body is unusable."""
    check_containers(body)
    return Values(_as_list(parse(body)), lambda: _as_list(parse_exactly(body)))


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise BodyError("expected a JSON array of objects, or one object")
    check_count(len(value))
    return value


def check_count(records: int) -> None:
    """Raises `BodyError` 413 for more records than one request may have."""
    if records > MAX_RECORDS:
        raise BodyError(
            f"{records} records in one request; at most {MAX_RECORDS} are taken, so send several", status=413
        )


def check_containers(body: bytes) -> None:
    """Raises `BodyError` 413 for more objects and arrays than one request may have, before anything is made of them."""
    # Each has two ends, so a body of few bytes need not be looked through.
    if len(body) <= 2 * MAX_CONTAINERS or body.count(b"{") + body.count(b"[") <= MAX_CONTAINERS:
        return
    # Those in texts do not count. Seldom needed, so it may cost something.
    outside = _TEXT.sub(b"", body)
    if outside.count(b"{") + outside.count(b"[") > MAX_CONTAINERS:
        raise BodyError(
            f"more than {MAX_CONTAINERS} objects and arrays in one request, so send several", status=413
        )


def line_values(body: bytes) -> Values:
    """`_multi`: one JSON value a line, blank lines skipped. One bad line refuses the whole body."""
    items: list[Any] = []
    check_containers(body)
    lines = split_lines(body)
    for line in lines:
        try:
            items.append(parse(line))
        except BodyError as error:
            raise BodyError(f"record {len(items) + 1}: {error.message}") from None
    return Values(items, lambda: list(map(parse_exactly, lines)))


def split_lines(body: bytes, most: int = MAX_RECORDS) -> list[bytes]:
    """The lines that hold something, without their ends. Raises `BodyError` 413 for more of them."""
    lines: list[bytes] = []
    for line in io.BytesIO(body):
        if not line.isspace():
            lines.append(line.removesuffix(b"\n"))
            if len(lines) > most:
                raise BodyError(f"more than {most} lines in one request, so send several", status=413)
    return lines


def parse(text: bytes) -> Any:
    """One JSON value. Raises `BodyError`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if text.startswith(_COMPRESSED):
            raise BodyError("not JSON: it is compressed, and no header Content-Encoding says so") from None
        raise BodyError(f"not JSON: {error}") from None


def parse_exactly(text: bytes) -> Any:
    """Text that orjson has read before, with every digit of its integers."""
    if _LONG_NUMBER not in text.translate(_DIGITS_TO_ZERO):
        return orjson.loads(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise BodyError("nested too deeply for numbers this long") from None
