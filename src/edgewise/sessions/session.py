"""One visitor's session as the app sees it, and the rules of when it is made, renewed and moved. No I/O."""

from __future__ import annotations

import json
from typing import Any

from edgewise.sessions.errors import SessionError
from edgewise.sessions.store import Row

MAX_DATA_BYTES = 16_384  # a row is read at every request, and DynamoDB charges by 4 KB


class Session(dict[str, Any]):
    """`request.session`: a dictionary of what JSON can say, kept from one request of a visitor to the next.

    `row` is what was stored when the request came, None for a visitor without a session. `known` is False if the
    store could not be asked: the session is empty then, and nothing of it will be kept.
    """

    def __init__(self, row: Row | None = None, token: str | None = None, *, known: bool = True) -> None:
        super().__init__(parsed(row.data) if row else {})
        self.row = row
        self.token = token
        self.known = known
        self.ended = False
        self.rotated = False

    def rotate(self) -> None:
        """Give the session another token, as an app should when a visitor logs in."""
        self.rotated = True

    def end(self) -> None:
        """End the session: its row and its cookie go with this answer; while the store is away, the cookie alone."""
        self.ended = True
        self.clear()

    def changes(self, version: str | None, seconds: int, now: int) -> dict[str, str | int]:
        """What has to be written of a stored session: other data, another version, or that it lives on.

        It lives on for another `seconds` once a tenth of them has passed, so that most requests write nothing.
        A request that comes to another version was moved there by the edge: the session begins there now.
        """
        assert self.row is not None
        changed: dict[str, str | int] = {}
        if version is not None and version != self.row.version:
            changed |= {"version": version, "issued": now}
        if (data := self.dumped()) != self.row.data:
            changed["data"] = data
        if now + seconds - self.row.expires >= seconds / 10:
            changed["expires"] = now + seconds
        return changed

    def dumped(self) -> str:
        """The data as it is stored. Raises `SessionError`."""
        try:
            data = json.dumps(self, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            hint = "keep text, numbers, lists and dictionaries of them"
            raise SessionError(f"what the session holds is not JSON: {error}", hint=hint) from None
        if len(data) > MAX_DATA_BYTES:
            hint = "keep an identifier in the session and the rest in a table of your own"
            message = f"the session holds {len(data)} bytes; at most {MAX_DATA_BYTES} are kept"
            raise SessionError(message, hint=hint)
        return data


def parsed(data: str) -> dict[str, Any]:
    """A row's data; nothing if somebody else has written there what is no JSON object."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
