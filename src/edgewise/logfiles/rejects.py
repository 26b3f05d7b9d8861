"""Lines that are no requests, kept in a file beside the store for whoever wants to look."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

from edgewise.logfiles.tables import Bad

_SHOWN: Final = 5
_KEPT: Final = 100_000


class Rejects:
    """Writes `FILE:LINE<tab>REASON<tab>TEXT` lines to a file that is made with the first of them.

    `shown` are the first few as `FILE:LINE: REASON`. Beyond 100,000 they are only counted.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.shown: list[str] = []
        self.count = 0
        self._file: BinaryIO | None = None

    def add(self, name: str, bad: list[Bad]) -> None:
        for one in bad:
            self.count += 1
            if len(self.shown) < _SHOWN:
                self.shown.append(f"{name}:{one.line}: {one.reason}")
            if self.path is not None and self.count <= _KEPT:
                if self._file is None:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self._file = self.path.open("wb")
                where = f"{name}:{one.line}\t{one.reason}\t".encode("utf-8", "surrogateescape")
                self._file.write(where + one.text + b"\n")

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
