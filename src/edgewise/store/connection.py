"""One kept HTTP connection to a store or an OpenObserve. The standard library is enough for one request at a time."""

from __future__ import annotations

import base64
import http.client
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import orjson

from edgewise.store.errors import AddressError, StoreError
from edgewise.store.home import Credentials

ORGANIZATION: Final = "default"
_TIMEOUT: Final = 60.0
_EXAMPLE: Final = "It looks like http://127.0.0.1:5080."


class Connection:
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
        self._path = f"/api/{parts.path.strip('/') or ORGANIZATION}/"
        token = base64.b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()
        self._authorization = f"Basic {token}"

    def post(
        self, path: str, body: bytes, content_type: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer to a request that may be sent twice; empty when it is none.

        `path` is below the organisation's. Raises `StoreError` when nothing answers, or refuses the password.
        """
        headers = {"Authorization": self._authorization, "Content-Type": content_type}
        try:
            try:
                status, content = self._exchange(path, body, headers)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A kept connection that the server closed meanwhile.
                self._connection.close()
                status, content = self._exchange(path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise StoreError(
                f"no store answers: {error}",
                file=self._place,
                hint="Is it running? `edgewise up` starts one.",
            ) from None
        if status == 401:
            raise StoreError("the store refused the user or the password", file=self._place)
        return status, _object(content)

    def close(self) -> None:
        self._connection.close()

    def _exchange(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request("POST", self._path + path, body, headers)
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


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except ValueError:
        return {"message": content[:200].decode(errors="replace")}
    return value if isinstance(value, dict) else {}
