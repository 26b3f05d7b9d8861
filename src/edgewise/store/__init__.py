"""The embedded store: records in over OpenObserve's HTTP endpoints, SQL out.

    open_reader(where)             query a directory or a URL
    ensure_credentials(directory)  the user and password of a store, made the first time
    reading_link(url, credentials) the address that opens a store's pages in a browser
    Answer, Reader, Credentials    what those give
    StoreError, QueryError, …      what can go wrong

The server runs as a process of its own: `edgewise store --dir DIR`. Whole tables go in by `HandOver` (handover.py),
which is not here because it brings the database along.
"""

from edgewise.store.answer import Answer, Reader
from edgewise.store.api.access import reading_link
from edgewise.store.errors import (
    AddressError,
    QueryError,
    StoreBusyError,
    StoreDirectoryError,
    StoreError,
    StoreMissingError,
)
from edgewise.store.home import Credentials, ensure_credentials
from edgewise.store.reader import open_reader

__all__ = [
    "AddressError",
    "Answer",
    "Credentials",
    "QueryError",
    "Reader",
    "StoreBusyError",
    "StoreDirectoryError",
    "StoreError",
    "StoreMissingError",
    "ensure_credentials",
    "open_reader",
    "reading_link",
]
