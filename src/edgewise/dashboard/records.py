"""One request in full: every record that a function or the CDN made of it, every field."""

from __future__ import annotations

from typing import Any, Final

from edgewise.dashboard.answers import EXACT, Asks
from edgewise.dashboard.errors import AskedError

# As the store's view `requests` has it: a request's records lie this far apart at most (microseconds).
_AROUND: Final = 300_000_000
_MOST: Final = 50
_LONGEST_ID: Final = 256


def records(asks: Asks, request_id: str, at: int) -> dict[str, list[dict[str, Any]]]:
    """The records by stream, each in order of time. `at` is the time of one of them. Raises `AskedError` 404."""
    if not request_id or len(request_id) > _LONGEST_ID:
        raise AskedError(f"request_id: expected a text of 1 to {_LONGEST_ID} characters", key="request_id")
    start, end = at - _AROUND, at + _AROUND
    found = {}
    for stream in ("edge", "access"):
        sql = f"SELECT * FROM {stream} WHERE request_id = {_literal(request_id)} ORDER BY _timestamp"
        rows = asks.query(sql, start=start, end=end, limit=_MOST).rows
        found[stream] = [{name: _exact(value) for name, value in row.items()} for row in rows]
    if not any(found.values()):
        raise AskedError("there is no such request, or no longer", key="request_id", status=404)
    return found


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _exact(value: Any) -> Any:
    """Whole numbers that JavaScript would round are shown as they are written."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return str(value)
    return value
