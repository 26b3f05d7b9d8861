"""The store's errors; each has a stable code. `QueryError` carries OpenObserve's own number as well."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class StoreError(EdgewiseError):
    """Anything the store cannot do."""

    code = "store"


class StoreBusyError(StoreError):
    """Another process holds the directory."""

    code = "store.busy"


class StoreMissingError(StoreError):
    """There is no store where one was looked for."""

    code = "store.missing"


class StoreDirectoryError(StoreError):
    """The directory cannot be made, read or written."""

    code = "store.directory"


class AddressError(StoreError):
    """The server's address cannot be used: the port is taken, or not ours to take."""

    code = "store.address"


class JournalError(StoreError):
    """The journal could not be written; nothing of the request was acknowledged."""

    code = "store.journal"


class TokenError(StoreError):
    """A token cannot be made, found or read."""

    code = "store.token"


class BodyError(StoreError):
    """A request body that cannot be taken; `status` is the HTTP status that says so."""

    code = "store.body"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class QueryError(StoreError):
    """A query that was refused or failed.

    `number` is OpenObserve's code for the case (20001 not valid, 20002 stream not found, 20004 field not
    found, 20005 function not defined, 20008 execution, 20010 timeout); `status` is the HTTP status.
    """

    code = "store.query"

    def __init__(
        self, message: str, *, number: int = 20008, status: int = 400, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.number = number
        self.status = status
