"""From "this directory or URL" to something that answers queries, with or without a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.store.answer import Answer, Reader
from edgewise.store.errors import StoreDirectoryError
from edgewise.store.home import Home, existing, hold_for_reading, last_writer, read_credentials
from edgewise.store.remote import RemoteReader
from edgewise.store.timestamps import EARLIEST, LATEST

if TYPE_CHECKING:
    from edgewise.store.search import Searcher


def open_reader(where: str | Path, tell: Callable[[str], None] = lambda message: None) -> Reader:
    """A reader of the store at a directory or an http(s) URL; close it when done.

    `tell` gets messages about damage found on the way. Raises `StoreMissingError` when a directory holds no
    store, `StoreError` when a URL is none.
    """
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        return RemoteReader(where)
    return DirectoryReader(existing(Path(where)), tell)


class DirectoryReader:
    """Asks the directory's server while there is one, else reads the files. One query at a time.

    What was opened for one query serves the next ones too, until another server comes, or somebody else writes. The
    directory is not held in between, so that they may.
    """

    def __init__(self, home: Home, tell: Callable[[str], None]) -> None:
        self._home = home
        self._tell = tell
        self._opened = ExitStack()
        self._source = ""
        self._answering: RemoteReader | Searcher | None = None

    def query(
        self, sql: str, *, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Answer:
        """See `Reader.query`."""
        found = hold_for_reading(self._home)
        if isinstance(found, str):
            low, high = EARLIEST if start is None else start, LATEST + 1 if end is None else end
            return self._at(found, self._server).query(sql, start=low, end=high, limit=limit)
        try:
            # Who takes the lock for writing leaves another mark in it than whoever did before.
            files = self._at(last_writer(self._home), self._files)
            return files.query(sql, start=start, end=end, limit=limit)
        except (OSError, MemoryError) as error:
            raise StoreDirectoryError(f"the store cannot be read: {error}", file=self._home.root) from None
        finally:
            found.release()

    def close(self) -> None:
        self._answering = None
        self._opened.close()

    def _at(
        self, source: str, opening: Callable[[str], AbstractContextManager[RemoteReader | Searcher]]
    ) -> RemoteReader | Searcher:
        """What answers for a source; opened if that is not the one of the query before."""
        if self._answering is None or self._source != source:
            self.close()
            self._answering = self._opened.enter_context(opening(source))
            self._source = source
        return self._answering

    def _server(self, address: str) -> AbstractContextManager[RemoteReader]:
        return closing(RemoteReader(address, read_credentials(self._home)))

    @contextmanager
    def _files(self, _: str) -> Iterator[Searcher]:
        # Only here, so that asking a server needs neither DuckDB nor Arrow.
        from edgewise.store.engine import Engine
        from edgewise.store.search import Searcher
        from edgewise.store.standard import standard_derivation

        engine = Engine(self._home, read_only=True, derive=standard_derivation(), tell=self._tell)
        with closing(engine), closing(Searcher(engine)) as searcher:
            yield searcher
