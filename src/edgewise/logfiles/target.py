"""The store that log files are imported into: its manifest, and the hand-over of records to it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgewise.logfiles import views
from edgewise.logfiles.errors import LogfilesError
from edgewise.logfiles.manifest import Entry, Manifest
from edgewise.logfiles.records import SCHEMA
from edgewise.store.adoption import notes, waiting
from edgewise.store.delivery import deliver
from edgewise.store.handover import READY, HandOver
from edgewise.store.home import Home, prepare
from edgewise.store.known import ACCESS, PAGE_VIEWS


class Target:
    """A store's directory, held for one import; it may be served meanwhile."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._handovers: dict[str, HandOver] = {}
        self._started = datetime.now(UTC)

    @property
    def manifest(self) -> Manifest:
        return Manifest(notes(self.home))

    @property
    def rejects(self) -> Path:
        """The file for this run's bad lines."""
        return self.home.imported / f"bad-lines-{self._started:%Y%m%dT%H%M%S%f}.tsv"

    def add(self, table: Any) -> None:
        """See `importing.Sink`."""
        self._of(PAGE_VIEWS if table.schema == views.SCHEMA else ACCESS).add(table)

    def commit(self, files: list[Entry]) -> None:
        """Also of files without a record: they need not be read again."""
        for stream in dict.fromkeys(entry.stream for entry in files):
            notes_of = [entry.content() for entry in files if entry.stream == stream]
            handover = self._of(stream)
            handover.commit({"at": f"{datetime.now(UTC):%FT%TZ}", "files": notes_of})
            del self._handovers[stream]
            deliver(self.home, handover.folder)

    def abandon(self) -> None:
        while self._handovers:
            self._handovers.popitem()[1].abandon()

    def _of(self, stream: str) -> HandOver:
        if stream not in self._handovers:
            schema = views.SCHEMA if stream == PAGE_VIEWS else SCHEMA
            self._handovers[stream] = HandOver(self.home, stream, schema)
        return self._handovers[stream]


@contextmanager
def open_target(directory: Path) -> Iterator[Target]:
    """The store at a directory, made if it is not there. Raises `LogfilesError` while another import runs."""
    home = prepare(directory)
    home.incoming.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(home.incoming / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogfilesError(
                "another import into this store is running", file=home.root, hint="Wait until it is done."
            ) from None
        _clear(home)
        # What an import handed over before it was ended; its files are in the manifest and are not read again.
        while (folder := waiting(home)) is not None:
            deliver(home, folder)
        yield Target(home)
    finally:
        os.close(descriptor)


def _clear(home: Home) -> None:
    """Away with what imports that were ended left behind."""
    for folder in home.incoming.iterdir():
        if folder.is_dir() and not (folder / READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
