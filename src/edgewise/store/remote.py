"""A store, or an OpenObserve, that is asked over HTTP. The standard library is enough for one question at a time."""

from __future__ import annotations

import base64
import http.client
import time
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import orjson

from edgewise.store.answer import Answer
from edgewise.store.errors import AddressError, QueryError, StoreError
from edgewise.store.home import Credentials

ORGANIZATION: Final = "default"
_TIMEOUT: Final = 60.0
_EXAMPLE: Final = "It looks like http://127.0.0.1:5080."
_DAY: Final = 86_400_000_000  # OpenObserve takes records up to a day ahead of its clock


class RemoteReader:
    """`url`: http(s)://[user:password@]host:port[/organization]; `credentials` when the URL carries none."""

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        parts, port = _address(url)
        if parts.username is not None:
            credentials = Credentials(unquote(parts.username), unquote(parts.password or ""))
        if credentials is None:
            raise StoreError(
                "the store at this address asks for a user and a password",
                hint="Write http://user:password@host:port, or name the store's directory instead.",
            )
        self._place = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", port, timeout=_TIMEOUT)
        self._path = f"/api/{parts.path.strip('/') or ORGANIZATION}/_search?type=logs"
        token = base64.b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

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
        status, content = self._post(orjson.dumps({"query": query}))
        if status == 401:
            raise StoreError("the store refused the user or the password", file=self._place)
        answer = _object(content)
        if status != 200:
            message = str(answer.get("message") or content[:200].decode(errors="replace"))
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

    def _post(self, body: bytes) -> tuple[int, bytes]:
        try:
            try:
                return self._exchange(body)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A kept connection that the server closed meanwhile; a query may be asked twice.
                self._connection.close()
                return self._exchange(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise StoreError(
                f"no store answers: {error}",
                file=self._place,
                hint="Is it running? `edgewise up` starts one.",
            ) from None

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()


def _address(url: str) -> tuple[SplitResult, int | None]:
    """The parts of an http(s) URL and its port. Raises `AddressError`, which names no password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(
            f"not a store's address: {url.rpartition('@')[2]!r}: {error}", hint=_EXAMPLE
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressError(f"not a store's address: {url.rpartition('@')[2]!r}", hint=_EXAMPLE)
    return parts, port


def _code(answer: dict[str, Any]) -> int:
    """OpenObserve's number in a refusal; 0 where something else answered."""
    code = answer.get("code")
    return code if isinstance(code, int) else 0


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
