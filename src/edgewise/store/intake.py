"""How much may wait at once: request bodies from their first byte until their records are on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from edgewise.store.errors import BodyError

MAX_WAITING: Final = 256 << 20


class Intake:
    """Counts bytes for everyone who shares it, on any thread."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        self._waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self) -> Iterator[Room]:
        """For one request: what it takes is free again at the end."""
        room = Room(self)
        try:
            yield room
        finally:
            with self._lock:
                self._waiting -= room.taken

    def take(self, size: int) -> None:
        """Raises `BodyError` 503 when there is no room for so many bytes."""
        with self._lock:
            if self._waiting + size > self._limit:
                raise BodyError("too much is waiting to be written; send it again in a moment", status=503)
            self._waiting += size


class Room:
    """What one request has taken, in bytes."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.taken = 0

    def take(self, size: int) -> None:
        """See `Intake.take`."""
        self._intake.take(size)
        self.taken += size
