"""One file of the journal and the index of what is durable in it. Reads; writing is the journal's (`journal.py`)."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgewise.store.frames import RECORDS, SCHEMA, Damage, Frame, scan

SUFFIX: Final = ".log"


@dataclass(slots=True, eq=False)
class Segment:
    """`frames` holds the durable record frames only, in order. Once `retired` it never grows again.

    `corrupt`: something in it is broken that a torn last write does not explain.
    """

    number: int
    path: Path
    descriptor: int
    size: int = 0
    frames: list[Frame] = field(default_factory=list)
    retired: bool = False
    corrupt: bool = False

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def bodies(self, stream: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bodies of a stream's record frames with an index from `start` to before `stop`."""
        for frame in self.frames[start:stop]:
            if frame.stream == stream:
                yield os.pread(self.descriptor, frame.length, frame.offset)

    def streams(self) -> list[str]:
        return list(dict.fromkeys(frame.stream for frame in self.frames))


@dataclass(frozen=True, slots=True)
class Recovered:
    """A segment found on the disk: its records, the schemas it states (JSON bodies, in order), its damage."""

    segment: Segment
    schemas: list[tuple[str, bytes]]
    damage: list[Damage]


def segment_path(directory: Path, number: int) -> Path:
    return directory / f"{number:010d}{SUFFIX}"


def segment_paths(directory: Path) -> dict[int, Path]:
    """The journal's files by number, in order."""
    found = {int(path.stem): path for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal()}
    return dict(sorted(found.items()))


def recover(number: int, path: Path) -> Recovered:
    """Read a segment as it was left, by a clean end or by a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    segment = Segment(number, path, descriptor, os.fstat(descriptor).st_size, retired=True)
    schemas: list[tuple[str, bytes]] = []
    damage: list[Damage] = []
    if segment.size:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            for found in scan(content):
                if isinstance(found, Damage):
                    damage.append(found)
                elif found.kind == SCHEMA:
                    schemas.append((found.stream, content[found.offset : found.offset + found.length]))
                elif found.kind == RECORDS:
                    segment.frames.append(found)
    segment.corrupt = any(not found.at_end for found in damage)
    return Recovered(segment, schemas, damage)
