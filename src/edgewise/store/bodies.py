"""Request bodies to JSON values: content encodings, size limits, `_json` and `_multi`. Plain functions."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from edgewise.store.errors import BodyError

MAX_BODY: Final = 64 << 20
MAX_RECORDS: Final = 100_000
MAX_MEMBERS: Final = 1000  # of a gzip body: compressed pieces one after the other
_SLICE: Final = 64 << 10
_WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}

# orjson reads an integer beyond 64 bits as a float. Such a number has a run of 19 digits or more; looking for
# one in the whole body is cheaper than looking at every value.
_LONG_NUMBER: Final = b"0" * 19
_DIGITS_TO_ZERO: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one request. In `items` an integer beyond 64 bits may have become a float.

    `exact` gives the same values with every digit; it costs more, so it is for those who need it.
    """

    items: list[Any]
    exact: Callable[[], list[Any]]


def decompress(body: bytes, encoding: str, limit: int = MAX_BODY) -> bytes:
    """Undo `Content-Encoding`. Raises `BodyError` 415 (not gzip, deflate or identity), 413, or 400."""
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in _WINDOW_BITS:
        raise BodyError(f"content encoding {coding!r} is not supported here: use gzip or deflate", status=415)
    try:
        return b"".join(_inflated(body, coding, limit))
    except zlib.error as error:
        raise BodyError(f"the body is not {coding}: {error}") from None


def _inflated(body: bytes, coding: str, limit: int) -> Iterator[bytes]:
    """The plain text piece by piece. Slices, because zlib copies what it does not use at the end of a member."""
    view = memoryview(body)
    position = size = members = 0
    while position < len(body):
        members += 1
        if members > MAX_MEMBERS:
            raise BodyError(f"the {coding} body has more than {MAX_MEMBERS} members", status=413)
        inflate = zlib.decompressobj(_WINDOW_BITS[coding])
        while not inflate.eof:
            given = view[position : position + _SLICE]
            if not given:
                raise BodyError(f"the {coding} body ends too early")
            piece = inflate.decompress(given, limit - size + 1)
            position += len(given) - len(inflate.unused_data)
            size += len(piece)
            if size > limit:
                raise BodyError(too_large(limit), status=413)
            yield piece


def too_large(limit: int) -> str:
    return f"the body is larger than {limit} bytes (after decompression)"


def json_values(body: bytes) -> Values:
    """`_json`: an array of records, or one record. Raises `BodyError` when the whole body is unusable."""
    return Values(_as_list(_parse(body)), lambda: _as_list(_parse_exactly(body)))


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise BodyError("expected a JSON array of objects, or one object")
    _check_count(len(value))
    return value


def _check_count(records: int) -> None:
    if records > MAX_RECORDS:
        raise BodyError(
            f"{records} records in one request; at most {MAX_RECORDS} are taken, so send several", status=413
        )


def line_values(body: bytes) -> Values:
    """`_multi`: one JSON value a line, blank lines skipped. One bad line refuses the whole body."""
    items: list[Any] = []
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    _check_count(len(lines))
    for line in lines:
        try:
            items.append(_parse(line))
        except BodyError as error:
            raise BodyError(f"record {len(items) + 1}: {error.message}") from None
    return Values(items, lambda: list(map(_parse_exactly, lines)))


def _parse(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BodyError(f"not JSON: {error}") from None


def _parse_exactly(text: bytes) -> Any:
    """Text that orjson has read before, with every digit of its integers."""
    if _LONG_NUMBER not in text.translate(_DIGITS_TO_ZERO):
        return orjson.loads(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise BodyError("nested too deeply for numbers this long") from None
