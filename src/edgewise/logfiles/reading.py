"""A log file's bytes as blocks of whole lines: gzip or not, broken off or not, with a digest of what was read."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from edgewise.logfiles.errors import FormatError

# Small enough to stay in a processor's cache while it is parsed, which doubles the speed.
BLOCK: Final = 2 << 20
LONGEST_LINE: Final = 8 << 20
_GZIP: Final = b"\x1f\x8b"
_ANY_GZIP: Final = 31  # zlib's window bits for "gzip, any size"


class LogBytes:
    """Reads a binary file from where it stands.

    `read` counts the file's bytes so far. After the last block `digest` is that of all bytes, and `damage` says why the
    rest could not be read, or is empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
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
        for piece in self._plain():
            data = rest + piece if rest else piece
            end = data.rfind(b"\n") + 1
            if end:
                yield data[:end]
            elif len(data) > LONGEST_LINE:
                raise FormatError(f"a line of more than {LONGEST_LINE >> 20} MiB: this is no log file")
            rest = data[end:]
        if rest and not self.damage:
            yield rest

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(BLOCK):
            self.read += len(piece)
            self._hash.update(piece)
            yield piece

    def _plain(self) -> Iterator[bytes]:
        pieces = self._pieces()
        first = next(pieces, b"")
        while len(first) < len(_GZIP) and (more := next(pieces, b"")):
            first += more
        if not first.startswith(_GZIP):
            yield first
            yield from pieces
            return
        yield from self._unpacked(first, pieces)

    def _unpacked(self, piece: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
        member, begun = zlib.decompressobj(_ANY_GZIP), False
        try:
            while piece:
                begun = True
                yield member.decompress(piece, BLOCK)
                piece = member.unconsumed_tail
                if member.eof:
                    # Files that were put together are a file of several members; some programs fill up with zeros.
                    piece = member.unused_data.lstrip(b"\0")
                    member, begun = zlib.decompressobj(_ANY_GZIP), False
                piece = piece or next(more, b"")
            yield member.flush()
        except zlib.error as error:
            self.damage = f"the compressed data are damaged: {error}"
            # The digest is that of the whole file.
            for _ in more:
                pass
        else:
            if begun and not member.eof:
                self.damage = "the compressed data break off"
