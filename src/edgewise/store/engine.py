"""The store without its server: takes batches, makes them durable, keeps the files, gives snapshots to queries.

It wires schema, window of recent ids, journal, tail and Parquet together. SQL is elsewhere (`search.py`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pyarrow as pa

from edgewise.store import compaction, recovery
from edgewise.store.bodies import Values
from edgewise.store.disk import Disk
from edgewise.store.errors import BodyError
from edgewise.store.files import Files
from edgewise.store.frames import RECORDS, SCHEMA, encode
from edgewise.store.home import Home, leftovers
from edgewise.store.journal import SEGMENT_BYTES, Entry, Hooks, Journal
from edgewise.store.keeper import Keeper
from edgewise.store.known import KNOWN_STREAMS, Kind
from edgewise.store.memory import Memory
from edgewise.store.partitions import Part
from edgewise.store.recent import RecentIds
from edgewise.store.schema import Schema
from edgewise.store.sealing import drop, seal
from edgewise.store.segment import Segment
from edgewise.store.tables import Converter, arrow_schema, conform
from edgewise.store.tail import Tail

MAX_STREAMS: Final = 200
MAX_STREAM_NAME: Final = 200
VIEWS: Final = frozenset({"requests"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and times (seconds) that tests make small.

    `seal_after`: the age at which a segment is sealed. `quiet`: while seals follow each other faster than this,
    putting files together can wait.
    """

    segment_bytes: int = SEGMENT_BYTES
    seal_after: float = 60.0
    quiet: float = 5.0
    recent_ids: int = 400_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outcome of one batch. `successful` counts repeats too; it holds once `durable` is done."""

    stream: str
    successful: int
    failures: list[str]
    durable: Future[None]


@dataclass(frozen=True, slots=True)
class _Batch:
    records: list[dict[str, Any]]
    failures: list[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamData:
    """One stream at one moment: Parquet files, and an Arrow table of what is not in them yet."""

    parts: list[Part]
    tail: Any


class Engine:
    """Open it on a prepared directory whose lock is held; `close` seals what is there.

    `read_only` serves what is on the disk and changes nothing. `tell` gets messages for people.
    """

    def __init__(
        self,
        home: Home,
        *,
        read_only: bool = False,
        limits: Limits = Limits(),
        disk: Disk | None = None,
        tell: Callable[[str], None] = lambda message: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.home = home
        self._read_only = read_only
        self._limits = limits
        self._disk = disk or Disk()
        self._tell = tell
        self._clock = clock
        self._intake = threading.RLock()
        self._tails_change = threading.Lock()
        self._converter = Converter()
        self._may_compact = True
        self._sealed_at = 0.0
        found = recovery.look(home)
        for message in found.messages:
            tell(message)
        self._schemas = {stream: Schema(stream) for stream in KNOWN_STREAMS} | found.schemas
        self._files = Files(home, found.parts, self._disk, tell, read_only=read_only)
        self._tails = [Tail(segment, self._converter) for segment in found.segments]
        self._journal: Journal | None = None
        self._keeper: Keeper | None = None
        if not read_only:
            self._start_writing(found)

    def ingest(self, stream: str, values: Values) -> Accepted:
        """Take a batch for a stream (a normalised name). Raises `BodyError` when the stream cannot be."""
        if self._journal is None:
            raise BodyError("this store was opened for reading only", status=503)
        with self._intake:
            schema = self._schema(stream)
            batch = self._fit(schema, values)
            records, ids = self._without_repeats(stream, batch.records)
            frames = []
            if records:
                body = batch.body if len(records) == len(batch.records) else None
                frames.append(encode(RECORDS, stream, len(records), body or orjson.dumps(records)))
                if schema.changed:
                    frames.insert(0, encode(SCHEMA, stream, 0, orjson.dumps(schema.kinds)))
                    schema.changed = False
            entry = Entry(stream, ids, frames)
            self._journal.submit(entry)
        return Accepted(stream, len(batch.records), batch.failures, entry.durable)

    def streams(self) -> list[str]:
        """The names of all streams, known ones first."""
        return list(self._schemas)

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
                while self._seal_next():
                    pass
            except OSError as error:
                self._tell(f"could not seal at the end; the journal keeps it for the next start: {error}")
        for tail in self._tails:
            tail.segment.close()
        self._converter.close()

    # --- taking ---

    def _schema(self, stream: str) -> Schema:
        schema = self._schemas.get(stream)
        if schema is None:
            if stream in VIEWS:
                raise BodyError(
                    f"{stream!r} is a view of the streams edge and access; nothing can be put into it"
                )
            if not stream or len(stream) > MAX_STREAM_NAME:
                raise BodyError(f"a stream's name has 1 to {MAX_STREAM_NAME} characters")
            if len(self._schemas) >= MAX_STREAMS:
                raise BodyError(f"there are {MAX_STREAMS} streams already, and no more are taken")
            schema = self._schemas[stream] = Schema(stream)
        return schema

    def _fit(self, schema: Schema, values: Values) -> _Batch:
        """The records as they will be stored, and as JSON. Plain ones are taken as they are, which is fast."""
        if schema.are_plain(values.items):
            with contextlib.suppress(orjson.JSONEncodeError):
                # Strict: an integer that may not fit 64 bits is refused here, and looked at closely below.
                return _Batch(values.items, [], orjson.dumps(values.items, option=orjson.OPT_STRICT_INTEGER))
        records, failures = schema.fit_all(values.exact(), self._clock())
        return _Batch(records, failures, orjson.dumps(records))

    def _without_repeats(
        self, stream: str, records: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        recent = self._recent.setdefault(stream, RecentIds(self._limits.recent_ids))
        ids = [record["record_id"] for record in records if "record_id" in record]
        if recent.add_all(ids):
            return records, ids
        fresh: list[dict[str, Any]] = []
        for record in records:
            if "record_id" not in record or recent.add(record["record_id"]):
                fresh.append(record)
        return fresh, [record["record_id"] for record in fresh if "record_id" in record]

    # --- the journal's questions ---

    def _preamble(self) -> list[bytes]:
        return [
            encode(SCHEMA, stream, 0, orjson.dumps(dict(schema.kinds)))[0]
            for stream, schema in list(self._schemas.items())
        ]

    def _opened(self, segment: Segment) -> None:
        with self._tails_change:
            self._tails = [*self._tails, Tail(segment, self._converter)]
        if self._keeper is not None:
            self._keeper.wake()

    def _lost(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._recent[entry.stream].forget(entry.ids)
        for schema in self._schemas.values():
            schema.changed = True

    # --- the keeper's work ---

    def _tidy(self) -> bool:
        journal = self._journal
        if journal is not None and journal.age() > self._limits.seal_after:
            journal.rotate()
        return self._seal_next() or self._compact_next()

    def _seal_next(self) -> bool:
        tail = next((tail for tail in self._tails if tail.segment.retired), None)
        if tail is None:
            return False
        kinds: dict[str, dict[str, Kind]] = {
            name: dict(one.kinds) for name, one in list(self._schemas.items())
        }
        made = seal(tail.segment, kinds, self.home.data, self._converter, self._disk)
        with self._files.lock:
            with self._tails_change:
                self._tails = [one for one in self._tails if one is not tail]
            self._files.add(made)
            self._may_compact, self._sealed_at = True, time.monotonic()
            tail.segment.close()
        return True

    def _compact_next(self) -> bool:
        if not self._may_compact:
            return False
        busy = time.monotonic() - self._sealed_at < self._limits.quiet
        if self._files.compact(compaction.MAX_FILES if busy else compaction.MIN_FILES):
            return True
        self._may_compact = busy
        return False

    # --- opening ---

    def _start_writing(self, found: recovery.Found) -> None:
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
        self._recent = self._remember()
        hooks = Hooks(self._intake, self._preamble, self._opened, self._lost)
        self._journal = Journal(
            self.home.journal, found.next_number, hooks, self._disk, self._limits.segment_bytes
        )
        self._keeper = Keeper(self._tidy, self._tell)

    def _remember(self) -> dict[str, RecentIds]:
        segments = [tail.segment for tail in self._tails]
        while True:
            memory = Memory(self._limits.recent_ids, self._converter, segments, self._files.parts)
            try:
                return {stream: memory.recent(stream) for stream in self._schemas}
            except (OSError, pa.ArrowException):
                # Raises by itself when the machine is short of something; else a file was broken, or nothing helps.
                if not self.check(self._files.parts):
                    raise

    # --- giving ---

    def _stream_data(self, stream: str, start: int | None, end: int | None) -> StreamData:
        # In this order: the columns must be no older than the records that are counted here.
        durable = [(tail, len(tail.segment.frames)) for tail in self._tails]
        kinds = dict(self._schemas[stream].kinds)
        schema = arrow_schema(kinds)
        pieces = [piece for tail, count in durable for piece in tail.pieces(stream, kinds, count)]
        tail = pa.concat_tables([schema.empty_table(), *(conform(piece, schema) for piece in pieces)])
        parts = [one for one in self._files.parts if one.stream == stream and one.overlaps(start, end)]
        return StreamData(parts, tail)
