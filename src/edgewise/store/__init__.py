"""The embedded store: records in over OpenObserve's HTTP endpoints, SQL out.

    open_reader(where)             query a directory or a URL
    ensure_credentials(directory)  the user and password of a store, made the first time
    Answer, Reader, Credentials    what those give
    StoreError, QueryError, …      what can go wrong

The server runs as a process of its own: `edgewise store --dir DIR`.
"""

from edgewise.store.answer import Answer, Reader
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
]
