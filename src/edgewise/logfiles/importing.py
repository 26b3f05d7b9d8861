"""Log files into a store: each once, each whole or not at all; bad lines are counted and kept aside.

One thread reads and unpacks, two parse, one writes (`behind.py`); what waits between them is bounded. Small files go
together.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from edgewise.errors import EdgewiseError
from edgewise.logfiles import parquet, views
from edgewise.logfiles.behind import Behind, Sink
from edgewise.logfiles.errors import LogfilesError
from edgewise.logfiles.layouts import Chunk, chunks
from edgewise.logfiles.manifest import Entry, Manifest, digest
from edgewise.logfiles.reading import LogBytes
from edgewise.logfiles.records import Making, records
from edgewise.logfiles.rejects import Rejects
from edgewise.logfiles.sources import Source, fetched
from edgewise.logfiles.tables import Bad, Parsed, parse
from edgewise.store.known import ACCESS, PAGE_VIEWS

_WORKERS: Final = 2
_AHEAD: Final = 8  # blocks that are parsed, or wait to be written
# What is handed over together ends with the file that brings it to this many bytes or files.
_BYTES_TOGETHER: Final = 512 << 20
_FILES_TOGETHER: Final = 2_000
# `E2EXAMPLE.2024-03-11-12.0a1b2c3d.gz`: the names of CloudFront's files begin with the distribution.
_DISTRIBUTION: Final = re.compile(r"(E[0-9A-Z]{6,20})\.\d{4}-\d\d-\d\d-\d\d\.", re.ASCII)


@dataclass(slots=True)
class Summary:
    """What an import did. `failed` are files of which nothing was taken, with the reason; `unread` the number of their
    lines where those were no requests; times in microseconds.
    """

    files: list[Entry] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    unread: int = 0
    skipped: int = 0
    first: int | None = None
    last: int | None = None

    @property
    def records(self) -> int:
        return sum(entry.records for entry in self.files)

    @property
    def bad(self) -> int:
        return self.unread + sum(entry.bad for entry in self.files)

    @property
    def damaged(self) -> dict[str, str]:
        return {entry.name: entry.damage for entry in self.files if entry.damage}

    def saw(self, times: Any) -> None:
        ends = pc.min_max(times).as_py()
        if ends["min"] is not None:
            self.first = min(ends["min"], self.first if self.first is not None else ends["min"])
            self.last = max(ends["max"], self.last if self.last is not None else ends["max"])


@dataclass(slots=True)
class _Reading:
    """A file under way. It has an identity from its first line on."""

    source: Source
    identity: str = ""
    records: int = 0
    bad: int = 0
    lines: int = 0
    digest: str = ""
    damage: str = ""
    stream: str = ACCESS

    @property
    def distribution_id(self) -> str | None:
        match = _DISTRIBUTION.match(self.source.name.rpartition("/")[2])
        return match[1] if match else None

    def entry(self) -> Entry:
        return Entry(
            name=self.source.name,
            size=self.source.size,
            version=self.source.version,
            digest=self.digest,
            lines=self.lines,
            records=self.records,
            bad=self.bad,
            damage=self.damage,
            stream=self.stream,
        )


# A part of a file, as work that makes columns of it; None at the file's end.
_Work = tuple[_Reading, Callable[[], Parsed] | None]


class Import:
    """One run. `rejects` keeps bad lines, `fields` name those of logs without a header.

    `progress` is told how many more bytes were read.
    """

    def __init__(
        self,
        sink: Sink,
        manifest: Manifest,
        *,
        rejects: Rejects,
        making: Making,
        fields: tuple[str, ...] | None = None,
        progress: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.summary = Summary()
        self._sink = Behind(sink)
        self._manifest = manifest
        self._making = making
        self._rejects = rejects
        self._fields = fields
        self._progress = progress
        self._together: list[Entry] = []

    def run(self, sources: Iterable[Source]) -> Summary:
        """Import what was not imported yet. Raises `EdgewiseError` when the store cannot take it."""
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="import")
        try:
            for reading, done in self._ahead(pool, self._work(sources)):
                if done is None:
                    self._ended(reading)
                else:
                    self._take(reading, *done.result())
            self._commit()
        except BaseException as error:
            self._sink.abandon()
            # Files that cannot be read are told one by one; this is about what is written.
            if isinstance(error, OSError):
                raise LogfilesError(
                    f"the records cannot be written: {error.strerror or error}",
                    file=error.filename,
                    hint="Make room, and run the command again: it goes on where it was.",
                ) from None
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            self._sink.close()
        return self.summary

    # --- reading ---

    def _work(self, sources: Iterable[Source]) -> Iterator[_Work]:
        for source, fetch, stack in fetched(self._unknown(sources)):
            reading = _Reading(source)
            try:
                with stack:
                    path = fetch()
                    if self._manifest.has(source, path):
                        self._skip(source)
                        continue
                    yield from self._parts(reading, path)
            except (EdgewiseError, OSError) as error:
                reason = error.message if isinstance(error, EdgewiseError) else error.strerror or str(error)
                # Without a name yet, nothing of it was taken.
                if not reading.identity:
                    self.summary.failed[source.name] = reason
                    continue
                reading.damage = reason
            yield reading, None

    def _unknown(self, sources: Iterable[Source]) -> Iterator[Source]:
        for source in sources:
            if self._manifest.has(source):
                self._skip(source)
            else:
                yield source

    def _skip(self, source: Source) -> None:
        self.summary.skipped += 1
        self._progress(source.size)

    def _parts(self, reading: _Reading, path: Path) -> Iterator[_Work]:
        if parquet.is_one(path):
            yield from self._row_groups(reading, path)
            return
        known = self._manifest.grown(reading.source, path)
        with path.open("rb") as file:
            log = LogBytes(file)
            told = 0
            for chunk in chunks(log.blocks(), self._fields):
                reading.identity = reading.identity or _identity(chunk)
                reading.lines = chunk.ended
                fresh = chunk.after(known)
                if chunk.layout.kind == "views":
                    reading.stream = PAGE_VIEWS
                if fresh is not None:
                    yield reading, partial(parse if reading.stream == ACCESS else views.parse, fresh)
                self._progress(log.read - told)
                told = log.read
            self._progress(log.read - told)
            reading.digest, reading.damage = log.digest, log.damage

    def _row_groups(self, reading: _Reading, path: Path) -> Iterator[_Work]:
        reading.digest = digest(path)
        for work in self._tables(reading, path):
            # Nothing is ever added to such a file, so its bytes name it.
            reading.identity = f"log-{reading.digest[:16]}"
            yield reading, work
        self._progress(reading.source.size)

    def _tables(self, reading: _Reading, path: Path) -> Iterator[Callable[[], Parsed]]:
        if parquet.holds_views(path):
            reading.stream = PAGE_VIEWS
            for first, rows in views.batches(path, reading.source.name):
                yield partial(views.parse_rows, rows, first)
        else:
            for first, batch in parquet.batches(path):
                yield partial(parquet.parse, batch, first)

    def _ahead(
        self, pool: ThreadPoolExecutor, work: Iterable[_Work]
    ) -> Iterator[tuple[_Reading, Future[tuple[Any, list[Bad]]] | None]]:
        """The work's results in its order, while the next of it is done."""
        waiting: deque[tuple[_Reading, Future[tuple[Any, list[Bad]]] | None]] = deque()
        for reading, one in work:
            done = None
            if one is not None:
                done = pool.submit(self._make, one, reading)
            waiting.append((reading, done))
            if len(waiting) > _AHEAD:
                yield waiting.popleft()
        yield from waiting

    def _make(self, work: Callable[[], Parsed], reading: _Reading) -> tuple[Any, list[Bad]]:
        parsed = work()
        if reading.stream == PAGE_VIEWS:
            return views.table(parsed), parsed.bad
        return records(parsed, self._making, reading.identity, reading.distribution_id), parsed.bad

    # --- writing ---

    def _take(self, reading: _Reading, table: Any, bad: list[Bad]) -> None:
        if table.num_rows:
            self._sink.add(table)
        self.summary.saw(table["_timestamp"])
        reading.records += table.num_rows
        reading.bad += len(bad)
        self._rejects.add(reading.source.name, bad)

    def _ended(self, reading: _Reading) -> None:
        entry = reading.entry()
        if not entry.is_read:
            self.summary.failed[entry.name] = "no line of it is a request"
            self.summary.unread += entry.bad
            return
        self._manifest.add(entry)
        self._together.append(entry)
        if (
            sum(one.size for one in self._together) >= _BYTES_TOGETHER
            or len(self._together) >= _FILES_TOGETHER
        ):
            self._commit()

    def _commit(self) -> None:
        if self._together:
            self._rejects.flush()
            self._sink.commit(self._together)
            self.summary.files += self._together
            self._together = []


def _identity(chunk: Chunk) -> str:
    """A name for the log that stays when it grows or moves: its first line's."""
    line = chunk.data.partition(b"\n")[0].rstrip(b"\r")
    return f"log-{hashlib.blake2b(line, digest_size=8).hexdigest()}"


class Nowhere:
    """The sink of a run that only looks."""

    def add(self, table: Any) -> None:
        pass

    def commit(self, files: list[Entry]) -> None:
        pass

    def abandon(self) -> None:
        pass
