"""The queries that run on one database: each ends in its time, and all of them when the store does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import duckdb

from edgewise.store.failures import over_time, shutting_down

WATCH: Final = "query-watch"  # the name of a thread
_AGAIN: Final = 0.05


class Running:
    """Gives connections to a DuckDB, which it owns, to several threads at once."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._change = threading.Condition()
        self._connections: set[Any] = set()
        self._stopped = False

    @contextmanager
    def connection(self, seconds: float) -> Iterator[Any]:
        """A connection whose work is interrupted after this time, or on `stop`: then it ends with a `QueryError`."""
        with self._change:
            if self._stopped:
                raise shutting_down()
            connection = self._database.cursor()
            self._connections.add(connection)
        over = threading.Event()
        watch = threading.Thread(target=_interrupt, args=(connection, seconds, over), name=WATCH, daemon=True)
        watch.start()
        try:
            yield connection
        except duckdb.InterruptException:
            raise (shutting_down() if self._stopped else over_time(seconds)) from None
        finally:
            over.set()
            watch.join()
            with self._change:
                # Taken off the list first: a closed connection cannot be interrupted.
                self._connections.discard(connection)
                connection.close()
                self._change.notify_all()

    def stop(self) -> None:
        """Interrupt what runs, and give no more connections. Returns at once."""
        with self._change:
            self._stopped = True
            for connection in self._connections:
                connection.interrupt()

    def close(self, patience: float) -> bool:
        """Stop, and wait for the queries to end; false when one did not within so many seconds.

        DuckDB cannot be interrupted while it plans a query, and refuses to close a connection that is in use.
        """
        deadline = time.monotonic() + patience
        with self._change:
            self.stop()
            while self._connections and time.monotonic() < deadline:
                self._change.wait(_AGAIN)
                self.stop()
            if self._connections:
                return False
            self._database.close()
        return True


def _interrupt(connection: Any, seconds: float, over: threading.Event) -> None:
    """After so long, and again until it is over: an interrupt between two statements of a query is forgotten."""
    while not over.wait(seconds):
        connection.interrupt()
        seconds = _AGAIN
