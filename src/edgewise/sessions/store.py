"""Where sessions are kept: what a store has to do, and one in memory for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """A session as it is stored. Times are whole seconds since 1970.

    `issued` is when the session began on its `version`; from `expires` on there is no session, whether the row is
    still there or not. `data` is the app's own, a JSON object.
    """

    version: str | None
    issued: int
    expires: int
    data: str = "{}"


class SessionStore(Protocol):
    """A table of sessions by token. Anything that it raises means that it cannot be asked now."""

    async def load(self, token: str) -> Row | None:
        """The row of a token, expired or not; None if there is none, or none that can be read."""

    async def create(self, token: str, row: Row) -> bool:
        """Add a session; False if the token is taken."""

    async def update(self, token: str, changes: Mapping[str, str | int], now: int) -> bool:
        """Set some fields of a session that has not expired by `now`; False if there is none."""

    async def remove(self, token: str) -> None:
        """Remove a session, if it is there."""


class MemorySessions:
    """Sessions of one process, gone with it. Nothing removes those that have expired."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    async def load(self, token: str) -> Row | None:
        return self.rows.get(token)

    async def create(self, token: str, row: Row) -> bool:
        return self.rows.setdefault(token, row) is row

    async def update(self, token: str, changes: Mapping[str, str | int], now: int) -> bool:
        row = self.rows.get(token)
        if row is None or row.expires <= now:
            return False
        self.rows[token] = replace(row, **changes)  # type: ignore[arg-type]  # the names are the fields'
        return True

    async def remove(self, token: str) -> None:
        self.rows.pop(token, None)
