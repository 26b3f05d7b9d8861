"""The Parquet files that count: which a query sees, how small ones become one, what happens to a broken one.

`lock` guards them. Whoever moves records between the tail and the files holds it, so that no query meets a
record twice or not at all.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from edgewise.store import compaction, recovery
from edgewise.store.disk import Disk
from edgewise.store.home import Home
from edgewise.store.known import ACCESS
from edgewise.store.once import files_are_once, small_database
from edgewise.store.partitions import Part
from edgewise.store.retention import Keep, expired

_LEAVE_ALONE: Final = compaction.SMALL_ROWS


class Files:
    """Starts with the files that were found. `read_only`: nothing on the disk is changed."""

    def __init__(
        self, home: Home, parts: list[Part], disk: Disk, tell: Callable[[str], None], *, read_only: bool
    ) -> None:
        self.lock = threading.RLock()
        self._home = home
        self._parts = parts
        self._disk = disk
        self._tell = tell
        self._read_only = read_only
        self._readers: Counter[Path] = Counter()
        self._trash: list[Path] = []
        self._rows: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._looked_into: set[Path] = set()

    @property
    def parts(self) -> list[Part]:
        return self._parts

    def add(self, made: list[Part]) -> None:
        """These count from now on, if they do not yet."""
        examined = list(map(recovery.examined, made))
        with self.lock:
            self._parts = self._parts + [one for one in examined if one not in self._parts]

    @contextmanager
    def held(self, parts: Iterable[Part]) -> Iterator[None]:
        """These files stay on the disk until the block ends. Begin it while `lock` is held."""
        paths = [one.path for one in parts]
        with self.lock:
            self._readers.update(paths)
        try:
            yield
        finally:
            with self.lock:
                self._readers.subtract(paths)
                self._readers += Counter()
                self._empty_trash()

    def check(self, parts: Iterable[Part]) -> bool:
        """Read these files to the end and set the unreadable aside; true when there were any.

        Raises `OSError` or `MemoryError` when it is the machine that fails, and not the file.
        """
        broken = False
        for one in parts:
            reason = recovery.fault(one.path)
            if reason is not None:
                broken = True
                self._set_aside(one, reason)
        return broken

    def compact(self, at_least: int, below: int) -> bool:
        """Put the next small files with lower numbers than `below` together; false when there are none."""
        final = [one for one in self._parts if one.last < below]
        run = compaction.choose(final, self._rows_of, at_least)
        if not run:
            return False
        try:
            merged = compaction.compact(run, self._home.data, self._home.spill, self._disk)
        except (OSError, pa.ArrowException, duckdb.Error) as error:
            if recovery.is_shortage(error):
                raise
            if not self.check(run):
                # Whatever it is, it would be so again: these files stay as they are, and the others get their turn.
                self._tell(f"{run[0].path}: could not be put together with its neighbours: {error}")
                self._rows.update((one.path, _LEAVE_ALONE) for one in run)
            return True
        with self.lock:
            self._parts = [one for one in self._parts if one not in run] + [recovery.examined(merged)]
            self._trash += [one.path for one in run]
            self._empty_trash()
        return True

    def examine_next(self) -> bool:
        """Look into the next file of `access` that does not say that its records are once; false if none is left.

        Those that were written elsewhere may not say it. What is found is remembered while the store runs.
        """
        one = next((one for one in self._parts if self._may_be_once(one)), None)
        if one is None:
            return False
        self._looked_into.add(one.path)
        try:
            with small_database(self._home.spill) as database:
                once = files_are_once(database, [one.path])
        except (OSError, duckdb.Error) as error:
            if recovery.is_shortage(error):
                raise
            return True
        if once:
            with self.lock:
                self._parts = [replace(other, once=True) if other == one else other for other in self._parts]
        return True

    def _may_be_once(self, one: Part) -> bool:
        return one.stream == ACCESS and not one.once and one.path not in self._looked_into

    def expire(self, keep: Keep, now: int) -> None:
        """Remove what need not be kept any longer, each file when nobody reads it; `now` in microseconds."""
        gone = set(expired(self._parts, keep, now, self._size_of))
        with self.lock:
            self._parts = [one for one in self._parts if one not in gone]
            self._trash += [one.path for one in gone]
            self._empty_trash()

    def _set_aside(self, one: Part, reason: str) -> None:
        with self.lock:
            if one not in self._parts:
                return
            self._parts = [other for other in self._parts if other != one]
            self._tell(f"{one.path}: not readable as Parquet, set aside: {reason}")
            if not self._read_only and one.path.exists():
                self._disk.rename(one.path, one.path.with_suffix(".corrupt"))

    def _rows_of(self, one: Part) -> int:
        if one.path not in self._rows:
            try:
                self._rows[one.path] = pq.read_metadata(one.path).num_rows
            except (OSError, pa.ArrowException) as error:
                if recovery.is_shortage(error):
                    raise
                # A query that meets it sets it aside.
                self._rows[one.path] = _LEAVE_ALONE
        return self._rows[one.path]

    def _size_of(self, one: Part) -> int:
        if one.path not in self._sizes:
            try:
                self._sizes[one.path] = one.path.stat().st_size
            except FileNotFoundError:
                return 0
        return self._sizes[one.path]

    def _empty_trash(self) -> None:
        unread = [path for path in self._trash if path not in self._readers]
        self._trash = [path for path in self._trash if path in self._readers]
        for path in unread:
            self._rows.pop(path, None)
            self._sizes.pop(path, None)
            self._looked_into.discard(path)
            # Not through the disk: it is harmless when such a file comes back (`partitions.py`).
            path.unlink(missing_ok=True)
