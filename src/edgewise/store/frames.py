"""The journal's format: frames that are whole or recognisably not. Bytes in, bytes out; no files here.

    frame   = magic (4 bytes) · length of payload (u32) · CRC-32 of payload (u32) · payload
    payload = kind (1 byte: R records, S schema) · number of records (u32) · length of name (u16)
              · stream name · body: a JSON array of records, or an object {column: kind}

The magic begins with two bytes that never occur in UTF-8, and a payload holds only UTF-8 after its fixed
part, so after damage the next whole frame can be found.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"\xf5\xffE1"
RECORDS: Final = b"R"
SCHEMA: Final = b"S"
_HEADER: Final = struct.Struct("<4sII")
_PAYLOAD: Final = struct.Struct("<cIH")

Buffer = bytes | memoryview | mmap.mmap


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a frame's body is (`offset`, `length` in bytes, from where the scan counted) and what it holds."""

    kind: bytes
    stream: str
    count: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no whole frame. `at_end`: nothing whole follows, as after a torn write."""

    offset: int
    length: int
    at_end: bool


def encode(kind: bytes, stream: str, count: int, body: bytes) -> tuple[bytes, Frame]:
    """The frame's bytes, and where its body is when it begins at 0."""
    name = stream.encode()
    head = _PAYLOAD.pack(kind, count, len(name)) + name
    checksum = zlib.crc32(body, zlib.crc32(head))
    lead = _HEADER.pack(MAGIC, len(head) + len(body), checksum) + head
    return lead + body, Frame(kind, stream, count, len(lead), len(body))


def scan(buffer: Buffer) -> Iterator[Frame | Damage]:
    """Every whole frame in order, and every stretch between them that is none."""
    position, size = 0, len(buffer)
    while position < size:
        frame = _frame_at(buffer, position)
        if frame is not None:
            yield frame
            position = frame.offset + frame.length
            continue
        following = _next_whole(buffer, position + 1)
        yield Damage(position, following - position, at_end=following == size)
        position = following


def _next_whole(buffer: Buffer, start: int) -> int:
    searchable = bytes(buffer) if isinstance(buffer, memoryview) else buffer
    while (start := searchable.find(MAGIC, start)) >= 0:
        if _frame_at(buffer, start) is not None:
            return start
        start += 1
    return len(buffer)


def _frame_at(buffer: Buffer, position: int) -> Frame | None:
    body_start = position + _HEADER.size
    if body_start + _PAYLOAD.size > len(buffer):
        return None
    magic, length, checksum = _HEADER.unpack_from(buffer, position)
    end = body_start + length
    if magic != MAGIC or length < _PAYLOAD.size or end > len(buffer):
        return None
    with memoryview(buffer) as view, view[body_start:end] as payload:
        if zlib.crc32(payload) != checksum:
            return None
        kind, count, name_length = _PAYLOAD.unpack_from(payload)
        offset = _PAYLOAD.size + name_length
        stream = bytes(payload[_PAYLOAD.size : offset]).decode()
    return Frame(kind, stream, count, body_start + offset, length - offset)
