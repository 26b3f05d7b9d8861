"""A store, or an OpenObserve, that is asked over HTTP."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson

from edgewise.store.answer import Answer
from edgewise.store.connection import Connection
from edgewise.store.errors import QueryError
from edgewise.store.home import Credentials

_DAY: Final = 86_400_000_000  # OpenObserve takes records up to a day ahead of its clock


class RemoteReader:
    """Asks the store at a URL; see `Connection` for what it may look like."""

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        self._connection = Connection(url, credentials)

    def query(
        self, sql: str, *, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Answer:
        """See `Reader.query`. Without times: everything since 1970, up to a day from now."""
        query = {
            "sql": sql,
            "start_time": 0 if start is None else start,
            "end_time": time.time_ns() // 1000 + _DAY if end is None else end,
            "from": 0,
            "size": -1 if limit is None else limit,
        }
        status, answer = self._connection.post("_search?type=logs", orjson.dumps({"query": query}))
        if status != 200:
            message = str(answer.get("message") or f"the store answered {status}")
            raise QueryError(
                message,
                number=_code(answer),
                status=status,
                hint=str(answer.get("error_detail") or "") or None,
            )
        rows = answer.get("hits") or []
        columns = answer.get("columns") or list(dict.fromkeys(name for row in rows for name in row))
        return Answer(columns, rows, bool(answer.get("is_partial")))

    def close(self) -> None:
        self._connection.close()


def _code(answer: dict[str, Any]) -> int:
    """OpenObserve's number in a refusal; 0 where something else answered."""
    code = answer.get("code")
    return code if isinstance(code, int) else 0
