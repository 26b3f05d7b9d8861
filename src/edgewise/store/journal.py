"""The append-only journal: one thread writes, and one fsync serves every request that waited for it.

A future is done only when its bytes are on the disk. It knows frames and files, not records: what a frame
means, and when a segment is no longer needed, is for others (`engine.py`, `sealing.py`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from edgewise.store.disk import Disk
from edgewise.store.errors import JournalError
from edgewise.store.frames import RECORDS, Frame
from edgewise.store.numbers import Numbers
from edgewise.store.segment import Segment, segment_path

SEGMENT_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What one request adds, and the promise that is kept once it is durable. It may add nothing and only wait."""

    ids: dict[str, list[str]]  # of records, by stream
    frames: list[tuple[bytes, Frame]]
    durable: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the journal asks of its owner, always from its own thread.

    `preamble`: the frames that open a new segment. `opened`: a segment is ready, before its first record.
    `lost`: these entries were not written; called under `lock`, before their futures fail. Whoever submits
    holds the same lock, so that no entry can rely on a lost one that is not yet known to be lost.
    """

    lock: AbstractContextManager[object]
    preamble: Callable[[], list[bytes]]
    opened: Callable[[Segment], None]
    lost: Callable[[list[Entry]], None]


class Journal:
    """It takes a number for each segment; `close` writes what is queued and ends the thread."""

    def __init__(
        self, directory: Path, numbers: Numbers, hooks: Hooks, disk: Disk, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._directory = directory
        self._numbers = numbers
        self._hooks = hooks
        self._disk = disk
        self._limit = segment_bytes
        self._segment: Segment | None = None
        self._opened_at = 0.0
        self._broken = False
        self._queue: list[Entry] = []
        self._rotate = False
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def submit(self, entry: Entry) -> None:
        """Queue an entry. Everything queued before it is durable before it is."""
        with self._wake:
            if self._closing:
                raise JournalError("the store is shutting down")
            self._queue.append(entry)
            self._wake.notify()

    def rotate(self) -> None:
        """Let the next entry begin a new segment; the present one gets no more."""
        with self._wake:
            self._rotate = True
            self._wake.notify()

    def age(self) -> float:
        """Seconds since the segment being written was opened; 0 when it holds nothing."""
        segment = self._segment
        return time.monotonic() - self._opened_at if segment is not None and segment.frames else 0.0

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closing or self._rotate)
                group, self._queue = self._queue, []
                closing, rotate, self._rotate = self._closing, self._rotate, False
            if rotate and not self._broken:
                self._retire()
            if not group and closing:
                self._retire()
                return
            self._handle(group)

    def _retire(self) -> None:
        if self._segment is not None:
            self._segment.retired = True
            self._segment = None

    def _handle(self, group: list[Entry]) -> None:
        try:
            self._commit(group)
        except Exception as error:
            self._fail(group, error)
            return
        for entry in group:
            # Who sent it may have gone meanwhile, and given up its future.
            if entry.durable.set_running_or_notify_cancel():
                entry.durable.set_result(None)

    def _commit(self, group: list[Entry]) -> None:
        pieces = [piece for entry in group for piece in entry.frames]
        if not pieces:
            return
        segment = self._writable()
        data = b"".join(encoded for encoded, _ in pieces)
        self._broken = True
        self._disk.write(segment.descriptor, data, segment.size)
        self._disk.sync(segment.descriptor)
        self._broken = False
        frames = []
        for encoded, frame in pieces:
            if frame.kind == RECORDS:
                frames.append(replace(frame, offset=segment.size + frame.offset))
            segment.size += len(encoded)
        segment.frames += frames

    def _writable(self) -> Segment:
        """The segment to append to. After a failed write it is cut back and a new one begun: what a failed
        fsync left in memory must not be trusted (https://lwn.net/Articles/752063/)."""
        if self._broken and self._segment is not None:
            self._disk.truncate(self._segment.descriptor, self._segment.size)
            self._broken = False
            self._retire()
        if self._segment is not None and self._segment.size >= self._limit:
            self._retire()
        return self._segment or self._open()

    def _open(self) -> Segment:
        # A number is used once, whatever becomes of its file: one that is left behind must not be in the way.
        number = self._numbers.take()
        try:
            segment = self._prepared(number)
        except OSError:
            self._numbers.done(number)
            raise
        self._hooks.opened(segment)
        self._segment, self._opened_at = segment, time.monotonic()
        return segment

    def _prepared(self, number: int) -> Segment:
        path = segment_path(self._directory, number)
        segment = Segment(number, path, self._disk.create(path))
        try:
            preamble = b"".join(self._hooks.preamble())
            self._disk.write(segment.descriptor, preamble, 0)
        except OSError:
            segment.close()
            with contextlib.suppress(OSError):
                self._disk.unlink(path)
            raise
        segment.size = len(preamble)
        return segment

    def _fail(self, group: list[Entry], error: Exception) -> None:
        """Nothing of the group counts, nor of what was queued behind it: a repeat in there may rely on it."""
        if self._broken and self._segment is not None:
            with contextlib.suppress(OSError):
                # At once, and again before the next write: a complete but unacknowledged frame must not stay.
                self._disk.truncate(self._segment.descriptor, self._segment.size)
        with self._hooks.lock:
            lost = [*group, *self._drain()]
            self._hooks.lost(lost)
        reason = JournalError(
            f"the journal could not be written: {getattr(error, 'strerror', None) or error}",
            file=self._directory,
            hint="Nothing of this request was stored. Send it again when the disk takes writes.",
        )
        for entry in lost:
            if entry.durable.set_running_or_notify_cancel():
                entry.durable.set_exception(reason)

    def _drain(self) -> list[Entry]:
        with self._wake:
            drained, self._queue = self._queue, []
            return drained
