"""A log file's bytes as blocks of whole lines: gzip or not, broken off or not, with a digest of what was read."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Final

from edgewise.logfiles.errors import FormatError

# Larger ones are not faster, and there are always some twenty of them.
BLOCK: Final = 2 << 20
LONGEST_LINE: Final = 8 << 20
# A buffer, and how much of it, from its beginning, is filled until the next piece is asked for.
_Piece = tuple[bytes | bytearray, int]
_GZIP: Final = b"\x1f\x8b"
_ANY_GZIP: Final = 31  # zlib's window bits for "gzip, any size"


class LogBytes:
    """Reads a binary file that can seek, from where it stands, so many bytes at a time.

    `read` counts the file's bytes so far. After the last block `digest` is that of all bytes, and `damage` says why the
    rest could not be read, or is empty.
    """

    def __init__(self, file: BufferedIOBase, at_a_time: int = BLOCK) -> None:
        self._file = file
        self._at_a_time = at_a_time
        self._hash = hashlib.sha256()
        self.read = 0
        self.damage = ""

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """Blocks that end with a line's end. What stands behind the last one of a damaged file is left out.

        Raises `FormatError` for a line beyond all measure: this is no log, then.
        """
        rest = b""
        for buffer, size in self._plain():
            end = buffer.rfind(b"\n", 0, size) + 1
            with memoryview(buffer) as piece:
                if end:
                    yield b"".join((rest, piece[:end]))
                    rest = b""
                rest += piece[end:size]
            if len(rest) > LONGEST_LINE:
                raise FormatError(f"a line of more than {LONGEST_LINE >> 20} MiB: this is no log file")
        if rest and not self.damage:
            yield rest

    def _pieces(self) -> Iterator[_Piece]:
        # One buffer for all of them: memory that is new is cleared before anything is written to it.
        buffer = bytearray(self._at_a_time)
        while size := self._file.readinto(buffer):
            self.read += size
            with memoryview(buffer) as piece:
                self._hash.update(piece[:size])
            yield buffer, size

    def _plain(self) -> Iterator[_Piece]:
        begins = self._file.read(len(_GZIP))
        self._file.seek(-len(begins), os.SEEK_CUR)
        pieces = self._pieces()
        return self._unpacked(pieces) if begins == _GZIP else pieces

    def _unpacked(self, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
        more = (bytes(memoryview(buffer)[:size]) for buffer, size in pieces)
        piece = next(more, b"")
        member, begun = zlib.decompressobj(_ANY_GZIP), False
        try:
            while piece:
                begun = True
                text = member.decompress(piece, self._at_a_time)
                yield text, len(text)
                piece = member.unconsumed_tail
                if member.eof:
                    # Files that were put together are a file of several members; some programs fill up with zeros.
                    piece = member.unused_data.lstrip(b"\0")
                    member, begun = zlib.decompressobj(_ANY_GZIP), False
                piece = piece or next(more, b"")
            text = member.flush()
            yield text, len(text)
        except zlib.error as error:
            self.damage = f"the compressed data are damaged: {error}"
            # The digest is that of the whole file.
            for _ in more:
                pass
        else:
            if begun and not member.eof:
                self.damage = "the compressed data break off"
