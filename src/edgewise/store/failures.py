"""What went wrong with a query, in OpenObserve's numbers."""

from __future__ import annotations

import duckdb

from edgewise.store.errors import QueryError


def explained(error: duckdb.Error) -> QueryError:
    """DuckDB's error."""
    message = (str(error).strip().splitlines() or ["it failed"])[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(message, hint="Ask for less time or fewer columns.")
    if isinstance(error, duckdb.CatalogException):
        function = "Function" in message.split(" with name ")[0]
        return QueryError(message, number=20005 if function else 20002)
    if isinstance(error, duckdb.BinderException):
        return QueryError(message, number=20004 if "column" in message.lower() else 20001)
    if isinstance(error, duckdb.ParserException):
        return QueryError(message, number=20001)
    return QueryError(message)


def over_time(seconds: float) -> QueryError:
    return QueryError(f"the query took longer than {seconds:g} s", number=20010, status=408)


def shutting_down() -> QueryError:
    return QueryError("the store is shutting down", status=503)
