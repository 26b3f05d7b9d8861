"""Which files were imported: what the store keeps with the records, so that both are there or neither."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.logfiles.sources import Source
from edgewise.store.known import ACCESS


@dataclass(frozen=True, slots=True)
class Entry:
    """An imported file: the number of the last line that had an end, the digest of its bytes, and where it went."""

    name: str
    size: int
    version: str
    digest: str
    lines: int
    records: int
    bad: int
    damage: str = ""
    stream: str = ACCESS

    @property
    def is_read(self) -> bool:
        """Whether anything was understood: of a file with other fields than were named, not a line is."""
        return bool(self.records or not self.bad)

    def content(self) -> dict[str, Any]:
        return asdict(self)


class Manifest:
    """All entries of files that could be read, those of this run too."""

    def __init__(self, notes: Iterable[Any]) -> None:
        self._by_name: dict[str, Entry] = {}
        self._by_size: dict[int, list[Entry]] = {}
        for note in notes:
            for content in note.get("files", ()) if isinstance(note, dict) else ():
                # A note of another version may say other things.
                with suppress(TypeError):
                    self.add(Entry(**content))

    def add(self, entry: Entry) -> None:
        if not entry.is_read:
            return
        self._by_name[entry.name] = entry
        self._by_size.setdefault(entry.size, []).append(entry)

    def has(self, source: Source, path: Path | None = None) -> bool:
        """Was it imported, under this name or another? Its bytes are read, by `path`, only where sizes agree."""
        known = self._by_name.get(source.name)
        if known is not None and (known.size, known.version) == (source.size, source.version):
            return True
        same = self._by_size.get(source.size, ())
        return bool(same) and path is not None and digest(path) in {entry.digest for entry in same}

    def grown(self, source: Source, path: Path) -> int:
        """So many lines at its beginning were imported when it was shorter; 0 when it is another file."""
        known = self._by_name.get(source.name)
        if known is None or known.damage or known.size >= source.size:
            return 0
        return known.lines if digest(path, known.size) == known.digest else 0


def digest(path: Path, size: int | None = None) -> str:
    """SHA-256 of the file's first `size` bytes, or of all."""
    made = hashlib.sha256()
    left = size if size is not None else path.stat().st_size
    with path.open("rb") as file:
        while left and (piece := file.read(min(left, 1 << 20))):
            made.update(piece)
            left -= len(piece)
    return made.hexdigest()
