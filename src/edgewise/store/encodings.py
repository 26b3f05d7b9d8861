"""Compressed request bodies, undone piece by piece within a bound: no body, however small, can fill the memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final

import brotli
import pyarrow as pa

from edgewise.store.errors import BodyError

MAX_BODY: Final = 64 << 20
MAX_MEMBERS: Final = 1000  # of a gzip body: compressed pieces one after the other
_SLICE: Final = 64 << 10
_WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decompress(
    body: bytes, encoding: str, limit: int = MAX_BODY, take: Callable[[int], None] = lambda size: None
) -> bytes:
    """Undo `Content-Encoding`. Raises `BodyError` 415 (none of gzip, deflate, br, zstd, identity), 413, or 400.

    `take` is told of each piece's bytes as they come, and may raise.
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in _PIECES:
        known = ", ".join(_PIECES)
        raise BodyError(f"content encoding {coding!r} is not supported here: use one of {known}", status=415)
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _PIECES[coding](body, coding):
            size += len(piece)
            if size > limit:
                raise BodyError(too_large(limit), status=413)
            take(len(piece))
            pieces.append(piece)
    except (zlib.error, brotli.error, OSError) as error:
        raise BodyError(f"the body is not {coding}: {error}") from None
    return b"".join(pieces)


def too_large(limit: int) -> str:
    return f"the body is larger than {limit} bytes (after decompression)"


def _inflated(body: bytes, coding: str) -> Iterator[bytes]:
    """gzip and deflate. Slices, because zlib copies what it does not use at the end of a member."""
    view = memoryview(body)
    position = members = 0
    while position < len(body):
        members += 1
        if members > MAX_MEMBERS:
            raise BodyError(f"the {coding} body has more than {MAX_MEMBERS} members", status=413)
        inflate = zlib.decompressobj(_WINDOW_BITS[coding])
        waiting: bytes | memoryview = b""
        while not inflate.eof:
            given = waiting or view[position : position + _SLICE]
            if not given:
                raise BodyError(f"the {coding} body ends too early")
            if not waiting:
                position += len(given)
            yield inflate.decompress(given, _SLICE)
            waiting = inflate.unconsumed_tail
        position -= len(inflate.unused_data)


def _unbrotlied(body: bytes, coding: str) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    position = 0
    given = b""
    while not decompressor.is_finished():
        # Without more input as long as there is output left of what was given: its bound is on output alone.
        piece = decompressor.process(given, output_buffer_limit=_SLICE)
        given = b""
        if piece:
            yield piece
        elif not decompressor.is_finished():
            given = body[position : position + _SLICE]
            position += len(given)
            if not given:
                raise BodyError("the br body ends too early")
    if position < len(body):
        raise BodyError("the br body has something behind its end")


def _unzstandard(body: bytes, coding: str) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.BufferReader(body), coding) as stream:
        while piece := stream.read(_SLICE):
            yield piece


_PIECES: Final[dict[str, Callable[[bytes, str], Iterator[bytes]]]] = {
    "gzip": _inflated,
    "deflate": _inflated,
    "br": _unbrotlied,
    "zstd": _unzstandard,
}
