"""What a query gives back, wherever it ran, and what everyone who answers queries can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` are JSON objects without their nulls; `columns` names every column in order.

    `partial`: there were more rows than the limit let through.
    """

    columns: list[str]
    rows: list[dict[str, Any]]
    partial: bool = False


class Reader(Protocol):
    """A store to ask, whether a server, a directory, or an OpenObserve elsewhere."""

    def query(
        self, sql: str, *, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Answer:
        """Run one SELECT over records with `start` <= `_timestamp` < `end` (microseconds).

        Raises `QueryError` when it is refused or fails, `StoreError` when the store cannot be reached.
        """
        ...

    def close(self) -> None: ...
