"""Who moves files and who copies them keep out of each other's way, by a lock on `tidy.lock`.

The server holds it (shared, so that several of its threads may) while records change from one file to another. Who
holds it alone, such as `edgewise store backup` or `flock DIR/tidy.lock cp -a DIR COPY`, sees files that are only
added to, and any copy of those opens.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Tidying:
    """The server's side of the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def going_on(self) -> Iterator[bool]:
        """Files may change their places until the block ends, if true; else somebody copies them just now."""
        descriptor = _open(self._path)
        try:
            yield _locked(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)


@contextmanager
def standing_still(path: Path) -> Iterator[None]:
    """Wait until nothing changes its place; nothing will until the block ends."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        return False
    return True
