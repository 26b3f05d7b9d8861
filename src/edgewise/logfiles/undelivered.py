"""Lines that a delivery stream could not deliver: Firehose wraps each in JSON, with the reason, in its bucket.

Source: Amazon Data Firehose Developer Guide, "Handle data transformation failure": a JSON object a line, whose
`rawData` is the record in base64.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

_BEGINS: Final = b'{"attemptsMade"'


def unwrapped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a log as they are; of a file of undelivered records, the records that it holds, a line each."""
    wrapped: bool | None = None
    for block in blocks:
        if wrapped is None:
            wrapped = block.startswith(_BEGINS)
        yield b"".join(map(_record, block.splitlines(keepends=True))) if wrapped else block


def _record(line: bytes) -> bytes:
    """What cannot be unwrapped stays, and is a bad line of the log then."""
    try:
        data = b64decode(orjson.loads(line)["rawData"], validate=True)
    except (orjson.JSONDecodeError, binascii.Error, LookupError, TypeError, ValueError):
        return line
    # One record is one line: another line end would shift the numbers of all that follow.
    return data.rstrip(b"\r\n").replace(b"\n", b"%0A") + b"\n"
