"""From "this directory or URL" to something that answers queries, with or without a running server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgewise.store.answer import Answer, Reader
from edgewise.store.errors import StoreDirectoryError
from edgewise.store.home import Hold, Home, existing, hold_for_reading, read_credentials
from edgewise.store.remote import RemoteReader
from edgewise.store.timestamps import EARLIEST, LATEST


def open_reader(where: str | Path, tell: Callable[[str], None] = lambda message: None) -> Reader:
    """A reader of the store at a directory or an http(s) URL; close it when done.

    `tell` gets messages about damage found on the way. Raises `StoreMissingError` when a directory holds no
    store, `StoreError` when a URL is none.
    """
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        return RemoteReader(where)
    return DirectoryReader(existing(Path(where)), tell)


class DirectoryReader:
    """Asks the directory's server while there is one, else reads the files, anew for every query."""

    def __init__(self, home: Home, tell: Callable[[str], None]) -> None:
        self._home = home
        self._tell = tell
        self._remote: tuple[str, RemoteReader] | None = None

    def query(
        self, sql: str, *, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Answer:
        """See `Reader.query`."""
        found = hold_for_reading(self._home)
        if isinstance(found, str):
            low = EARLIEST if start is None else start
            return self._at(found).query(sql, start=low, end=LATEST + 1 if end is None else end, limit=limit)
        self.close()
        return self._read(found, sql, start, end, limit)

    def close(self) -> None:
        if self._remote is not None:
            self._remote[1].close()
            self._remote = None

    def _at(self, address: str) -> RemoteReader:
        if self._remote is None or self._remote[0] != address:
            self.close()
            self._remote = address, RemoteReader(address, read_credentials(self._home))
        return self._remote[1]

    def _read(self, hold: Hold, sql: str, start: int | None, end: int | None, limit: int | None) -> Answer:
        # Only here, so that asking a server needs neither DuckDB nor Arrow.
        from edgewise.store.engine import Engine
        from edgewise.store.search import Searcher
        from edgewise.store.standard import standard_derivation

        try:
            engine = Engine(self._home, read_only=True, derive=standard_derivation(), tell=self._tell)
            try:
                searcher = Searcher(engine)
                try:
                    return searcher.query(sql, start=start, end=end, limit=limit)
                finally:
                    searcher.close()
            finally:
                engine.close()
        except (OSError, MemoryError) as error:
            raise StoreDirectoryError(f"the store cannot be read: {error}", file=self._home.root) from None
        finally:
            hold.release()
