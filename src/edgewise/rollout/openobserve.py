"""An OpenObserve over HTTP, with the standard library: asking for records, and leaving a record.

For the judge, who also runs where there is nothing else of Edgewise's. A running store answers in the same way.
"""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from edgewise.rollout.errors import EvidenceError

_TIMEOUT: Final = 20.0
_NO_STREAM: Final = re.compile(r'"code":\s*20002\b')  # its own number for that


class _NoStreamError(EvidenceError):
    """The stream that is asked has not had a record yet."""


class OpenObserve:
    """The organisation at `url`, for a user who may search: a token for taking records in may not.

    All calls together may take `budget` seconds, for whoever has no more time; without one, each has 20.
    """

    def __init__(
        self, url: str, organization: str, user: str, password: str, budget: float | None = None
    ) -> None:
        self._end = None if budget is None else time.monotonic() + budget
        self._base = f"{url.rstrip('/')}/api/{organization}"
        token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def ask(self, sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        """The rows of one SELECT, none of a stream without a record yet. Raises `EvidenceError`."""
        query = {"sql": sql, "start_time": start, "end_time": end, "from": 0, "size": -1}
        try:
            answer = self._call("_search?type=logs", {"query": query})
        except _NoStreamError:
            return ()
        hits = answer.get("hits")
        if not isinstance(hits, list) or answer.get("is_partial"):
            raise EvidenceError("the answer has not all the rows", file=self._base)
        return hits

    def keep(self, stream: str, record: Mapping[str, Any]) -> None:
        """Leave a record. Raises `EvidenceError` if it was not stored."""
        answer = self._call(f"{stream}/_json", [record])
        status = answer.get("status")
        if not isinstance(status, list) or not status or not status[0].get("successful"):
            raise EvidenceError("the record of the judgement was not stored", file=f"{self._base}/{stream}")

    def columns(self, stream: str) -> Collection[str]:
        """The columns that the stream has got so far. Raises `EvidenceError`, also when it has no record yet."""
        answer = self._call(f"streams/{stream}/schema?type=logs")
        return [str(field.get("name")) for field in answer.get("schema") or [] if isinstance(field, dict)]

    def _call(self, path: str, body: object = None) -> dict[str, Any]:
        """The answer to a POST of a body, or to a GET."""
        left = self._left()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}/{path}", data, self._headers)
        try:
            with urllib.request.urlopen(request, timeout=left) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            told = error.read(400).decode("utf-8", "replace")
            kind = _NoStreamError if _NO_STREAM.search(told) else EvidenceError
            raise kind(f"OpenObserve answered {error.code}: {told}", file=self._base) from None
        except (OSError, ValueError) as error:
            raise EvidenceError(f"OpenObserve cannot be asked: {error}", file=self._base) from None
        return answer if isinstance(answer, dict) else {}

    def _left(self) -> float:
        """How long a call may take, in seconds."""
        left = _TIMEOUT if self._end is None else min(_TIMEOUT, self._end - time.monotonic())
        if left <= 0:
            raise EvidenceError("no time is left to ask OpenObserve", file=self._base)
        return left

    def close(self) -> None:
        """There is nothing to close: each request has a connection of its own."""
