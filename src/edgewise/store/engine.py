"""The store without its server: takes batches, makes them durable, keeps the files, gives snapshots to queries.

It wires schema, window of recent ids, journal, tail and Parquet together. SQL is elsewhere (`search.py`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from edgewise.store import adoption, compaction, recovery
from edgewise.store.bodies import Values
from edgewise.store.derived import Derive, nothing
from edgewise.store.disk import Disk
from edgewise.store.errors import BodyError
from edgewise.store.files import Files
from edgewise.store.home import Home, leftovers
from edgewise.store.journal import SEGMENT_BYTES, Entry, Hooks, Journal
from edgewise.store.keeper import Keeper
from edgewise.store.known import Kind
from edgewise.store.memory import Memory
from edgewise.store.numbers import Numbers
from edgewise.store.partitions import Part
from edgewise.store.recent import RecentIds
from edgewise.store.retention import EVERYTHING, Keep
from edgewise.store.sealing import drop, seal
from edgewise.store.segment import Segment
from edgewise.store.streams import Streams
from edgewise.store.tables import Converter, arrow_schema, conform
from edgewise.store.tail import Tail
from edgewise.store.tidying import Tidying


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and times (seconds) that tests make small.

    `seal_after`: the age at which a segment is sealed. `quiet`: while seals follow each other faster than this,
    putting files together can wait. `expire_every`: how often it is looked for what need not be kept.
    """

    segment_bytes: int = SEGMENT_BYTES
    seal_after: float = 60.0
    quiet: float = 5.0
    recent_ids: int = 400_000
    expire_every: float = 60.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outcome of one batch. `successful` counts repeats too; it holds once `durable` is done.

    `failures`: why the values at these places of the batch could not be records.
    """

    stream: str
    successful: int
    failures: dict[int, str]
    durable: Future[None]


@dataclass(frozen=True, slots=True)
class StreamData:
    """One stream at one moment: Parquet files, and an Arrow table of what is not in them yet."""

    parts: list[Part]
    tail: Any


class Engine:
    """Open it on a prepared directory whose lock is held; `close` seals what is there.

    `read_only` serves what is on the disk and changes nothing. `derive` fills columns that follow from others.
    `tell` gets messages for people.
    """

    def __init__(
        self,
        home: Home,
        *,
        read_only: bool = False,
        derive: Derive = nothing,
        limits: Limits = Limits(),
        keep: Keep = EVERYTHING,
        disk: Disk | None = None,
        tell: Callable[[str], None] = lambda message: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.home = home
        self._read_only = read_only
        self._limits = limits
        self._disk = disk or Disk()
        self._tell = tell
        self._keep = keep
        self._clock = clock
        self._tidying = Tidying(home.tidying)
        self._intake = threading.RLock()
        self._tails_change = threading.Lock()
        self._adopting = threading.Lock()
        self._converter = Converter(derive)
        self._may_compact = True
        self._sealed_at = 0.0
        self._expired_at = -limits.expire_every
        found = recovery.look(home)
        for message in found.messages:
            tell(message)
        self._streams = Streams(found.schemas, clock, limits.recent_ids)
        self._numbers = Numbers(found.next_number, [one.number for one in found.segments])
        self._files = Files(home, found.parts, self._disk, tell, read_only=read_only)
        self._tails = [Tail(segment, self._converter) for segment in found.segments]
        self._journal: Journal | None = None
        self._keeper: Keeper | None = None
        if not read_only:
            self._start_writing(found)

    def ingest(self, stream: str, values: Values) -> Accepted:
        """Take a batch for a stream (a normalised name). Raises `BodyError` when the stream cannot be."""
        return self.ingest_all({stream: values})[0]

    def ingest_all(self, given: Mapping[str, Values]) -> list[Accepted]:
        """Take batches for several streams, all of them or none. Raises `BodyError`."""
        if self._journal is None:
            raise BodyError("this store was opened for reading only", status=503)
        with self._intake:
            batches = self._streams.batches(given)
            entry = Entry(
                {stream: batch.ids for stream, batch in batches.items()},
                [frame for batch in batches.values() for frame in batch.frames],
            )
            self._journal.submit(entry)
        return [
            Accepted(stream, batch.taken, batch.failures, entry.durable) for stream, batch in batches.items()
        ]

    def adopt(self) -> bool:
        """Take in the next folder that was handed over (`handover.py`); false when there is none."""
        # One at a time: the keeper does this too.
        with self._adopting, self._tidying.going_on() as allowed:
            folder = adoption.waiting(self.home) if allowed else None
            if folder is None:
                return False
            # Since a round that then met a fault, or since an earlier run, its files may count already.
            if not adoption.is_placed(self.home, folder):
                self._place(folder)
            self._place_done(*adoption.placed(self.home, folder))
            adoption.conclude(self.home, folder, self._disk)
        return True

    def _place(self, folder: Path) -> None:
        stream, kinds = adoption.columns(folder)
        with self._intake:
            schema = self._streams.schema(stream)
            schema.add(kinds)
            kinds = dict(schema.kinds)
        number = self._numbers.take()
        try:
            adoption.place(self.home, folder, kinds, number, self._disk)
        except BaseException:
            if not adoption.is_placed(self.home, folder):
                self._numbers.done(number)
            raise

    def _place_done(self, number: int, made: list[Part]) -> None:
        self._files.add(made)
        self._numbers.done(number)
        self._may_compact = True

    def streams(self) -> list[str]:
        """The names of all streams, known ones first."""
        return self._streams.names()

    def kinds(self, stream: str) -> dict[str, Kind]:
        """A stream's columns and their kinds, in order."""
        return self._streams.kinds(stream)

    @contextmanager
    def snapshot(
        self, streams: list[str], start: int | None, end: int | None
    ) -> Iterator[dict[str, StreamData]]:
        """What is durable now, for a query; the files stay until the block ends. Times in microseconds."""
        with contextlib.ExitStack() as held:
            with self._files.lock:
                data = {stream: self._stream_data(stream, start, end) for stream in streams}
                held.enter_context(self._files.held(part for one in data.values() for part in one.parts))
            yield data

    def check(self, parts: list[Part]) -> bool:
        """Read these files to the end and set the unreadable aside; true when there were any."""
        return self._files.check(parts)

    def close(self) -> None:
        """Write what is queued, seal everything, let go. What cannot be sealed stays in the journal."""
        if self._journal is not None:
            self._journal.close()
        if self._keeper is not None:
            self._keeper.stop()
            try:
                with self._tidying.going_on() as allowed:
                    while allowed and self._seal_next():
                        pass
            except OSError as error:
                self._tell(f"could not seal at the end; the journal keeps it for the next start: {error}")
        for tail in self._tails:
            tail.segment.close()
        self._converter.close()

    # --- the journal's questions ---

    def _opened(self, segment: Segment) -> None:
        with self._tails_change:
            self._tails = [*self._tails, Tail(segment, self._converter)]
        if self._keeper is not None:
            self._keeper.wake()

    def _lost(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._streams.lost(entry.ids)

    # --- the keeper's work ---

    def _tidy(self) -> bool:
        journal = self._journal
        if journal is not None and journal.age() > self._limits.seal_after:
            journal.rotate()
        with self._tidying.going_on() as allowed:
            if not allowed:
                return False
            # First, for it alone makes room where a full disk stops all else.
            self._expire()
            return self._seal_next() or self.adopt() or self._compact_next() or self._files.examine_next()

    def _expire(self) -> None:
        """Now and then."""
        if time.monotonic() - self._expired_at >= self._limits.expire_every:
            self._expired_at = time.monotonic()
            self._files.expire(self._keep, self._clock())

    def _seal_next(self) -> bool:
        tail = next((tail for tail in self._tails if tail.segment.retired), None)
        if tail is None:
            return False
        made = seal(tail.segment, self._streams.all_kinds(), self.home.data, self._converter, self._disk)
        with self._files.lock:
            with self._tails_change:
                self._tails = [one for one in self._tails if one is not tail]
            self._files.add(made)
            self._may_compact, self._sealed_at = True, time.monotonic()
            tail.segment.close()
        self._numbers.done(tail.segment.number)
        return True

    def _compact_next(self) -> bool:
        if not self._may_compact:
            return False
        busy = time.monotonic() - self._sealed_at < self._limits.quiet
        at_least = compaction.MAX_FILES if busy else compaction.MIN_FILES
        if self._files.compact(at_least, self._numbers.lowest_in_use()):
            return True
        self._may_compact = busy
        return False

    # --- opening ---

    def _start_writing(self, found: recovery.Found) -> None:
        adoption.settle(self.home, {segment.number for segment in found.segments}, self._disk)
        for leftover in leftovers(self.home):
            self._disk.unlink(leftover)
        for one in found.dead:
            self._disk.unlink(one.path)
        for one in found.broken:
            self._disk.rename(one.path, one.path.with_suffix(".corrupt"))
        for tail in [tail for tail in self._tails if not tail.segment.frames]:
            drop(tail.segment, self._disk)
            tail.segment.close()
            self._tails.remove(tail)
            self._numbers.done(tail.segment.number)
        self._streams.remember(self._remember())
        hooks = Hooks(self._intake, self._streams.preamble, self._opened, self._lost)
        self._journal = Journal(
            self.home.journal, self._numbers, hooks, self._disk, self._limits.segment_bytes
        )
        self._keeper = Keeper(self._tidy, self._tell)

    def _remember(self) -> dict[str, RecentIds]:
        segments = [tail.segment for tail in self._tails]
        while True:
            memory = Memory(self._limits.recent_ids, self._converter, segments, self._files.parts)
            try:
                return {stream: memory.recent(stream) for stream in self._streams.names()}
            except (OSError, pa.ArrowException):
                # Raises by itself when the machine is short of something; else a file was broken, or nothing helps.
                if not self.check(self._files.parts):
                    raise

    # --- giving ---

    def _stream_data(self, stream: str, start: int | None, end: int | None) -> StreamData:
        # In this order: the columns must be no older than the records that are counted here.
        durable = [(tail, len(tail.segment.frames)) for tail in self._tails]
        kinds = self._streams.kinds(stream)
        schema = arrow_schema(kinds)
        pieces = [piece for tail, count in durable for piece in tail.pieces(stream, kinds, count)]
        tail = pa.concat_tables([schema.empty_table(), *(conform(piece, schema) for piece in pieces)])
        parts = [one for one in self._files.parts if one.stream == stream and one.overlaps(start, end)]
        return StreamData(parts, tail)
