"""A folder of log files: a new one for each hour and for each size, the oldest removed when there are too many."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

FILE_BYTES = 32 * 1024 * 1024
KEPT_FILES = 32


class HourlyFiles:
    """Appends to `FOLDER/STEM<hour>.<unique>SUFFIX`, where an hour is like `2026-11-21-06`.

    Each piece is packed by itself, so that a file can be read while it grows: several gzip streams in a row are a
    gzip file. `head` begins each file. Raises `OSError`; a new file is begun after that.
    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        suffix: str,
        *,
        head: str,
        pack: Callable[[bytes], bytes],
        unique: Callable[[], str],
    ) -> None:
        self._folder = folder
        self._stem = stem
        self._suffix = suffix
        self._head = head
        self._pack = pack
        self._unique = unique
        self._hour = ""
        self._path: Path | None = None
        self._bytes = 0

    def append(self, hour: str, text: str) -> None:
        if self._path is None or hour != self._hour or self._bytes >= FILE_BYTES:
            self._begin(hour)
            text = self._head + text
        assert self._path is not None
        piece = self._pack(text.encode("latin-1", "replace"))
        try:
            with self._path.open("ab") as file:
                file.write(piece)
        except OSError:
            # Half a piece may be in it: what follows would be unreadable.
            self._path = None
            raise
        self._bytes += len(piece)

    def _begin(self, hour: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._oldest():
            with contextlib.suppress(OSError):
                old.unlink()
        self._path = self._folder / f"{self._stem}{hour}.{self._unique()}{self._suffix}"
        self._hour = hour
        self._bytes = 0

    def _oldest(self) -> list[Path]:
        """The files of earlier times that there is no room for beside a new one."""
        ours = [
            path
            for path in self._folder.iterdir()
            if path.name.startswith(self._stem) and path.name.endswith(self._suffix)
        ]
        # The hour is the first part of what differs between the names.
        return sorted(ours)[: max(0, len(ours) - KEPT_FILES + 1)]
