"""The middleware itself: a request's session before the app runs, what is to be kept of it before the answer goes.

A store that is slow or dead costs a request its deadline at most, and the app goes on with an empty session. Then
nothing is written and no cookie is touched, so that visitors have their sessions again when the store is back. Only the
end of a session takes its cookie away all the same: who logs out must not be in again a minute later.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from edgewise.sessions.errors import SessionError
from edgewise.sessions.headers import (
    Headers,
    cookie_line,
    is_cookie_name,
    is_for_now,
    is_shared,
    keep_from_caches,
    token_of,
    version_of,
)
from edgewise.sessions.session import Session
from edgewise.sessions.store import Row, SessionStore

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
T = TypeVar("T")

# After so many failures in a row the store is left alone for so long, and requests do not wait for it.
_FAILURES = 3
_PAUSE_S = 1.0

_log = logging.getLogger("edgewise.sessions")


class SessionMiddleware:
    """Sessions for an ASGI app: `app.add_middleware(SessionMiddleware, store=…, version="v2")`.

    `version` is the name of the origin that runs this app; without it the header that the edge sets says so.
    `cookie` is the one that the site file names under `[rollout.sessions]`. A session lives for `seconds` after its
    last request, give or take a tenth. Each call to the store may take `deadline_ms`. Raises `SessionError`.
    """

    def __init__(
        self,
        app: App,
        *,
        store: SessionStore,
        version: str | None = None,
        header: str = "X-App-Version",
        cookie: str = "session",
        seconds: int = 86_400,
        deadline_ms: float = 500,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not is_cookie_name(cookie):
            raise SessionError(f"{cookie!r} cannot be a cookie's name", key="cookie")
        if seconds < 1:
            raise SessionError(f"a session lives for at least one second, not {seconds}", key="seconds")
        self._app = app
        self._store = store
        self._version = version
        self._header = header
        self._cookie = cookie
        self._seconds = seconds
        self._clock = clock
        self._guard = _Guard(deadline_ms / 1000, clock)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        session = scope["session"] = await self._found(token_of(scope["headers"], self._cookie))
        version = self._version_of(scope["headers"])

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: Headers = [*message.get("headers", ())]
                message["headers"] = headers
                await self._keep(session, version, headers)
            await send(message)

        await self._app(scope, receive, sending)

    def _version_of(self, headers: Headers) -> str | None:
        """The version that a session is on from this request on; None leaves what is stored as it is."""
        return None if is_for_now(headers) else self._version or version_of(headers, self._header)

    async def _found(self, token: str | None) -> Session:
        if token is None:
            return Session()
        try:
            row = await self._guard(lambda: self._store.load(token))
        except _UnavailableError:
            return Session(token=token, known=False)
        return Session(row, token) if row and row.expires > self._clock() else Session()

    async def _keep(self, session: Session, version: str | None, headers: Headers) -> None:
        seconds = None
        try:
            if session.known:
                seconds = await self._written(session, version, headers)
            elif session.ended:
                seconds = await self._removed(session)
        except _UnavailableError:
            seconds = 0 if session.ended else None
        if seconds is not None and session.token is not None:
            headers.append(cookie_line(self._cookie, session.token, seconds))
            keep_from_caches(headers)

    async def _written(self, session: Session, version: str | None, headers: Headers) -> int | None:
        """Bring the store up to date; gives the Max-Age of the cookie that has to be set, if one has.

        A login and a logout are always done: what the answer says about caches has to give way.
        """
        now = int(self._clock())
        shared = is_shared(headers) and not (session.ended or session.rotated)
        token, row = session.token, session.row
        if token is None or row is None:
            return await self._created(session, version, now, now) if session and not shared else None
        if session.ended:
            return await self._removed(session)
        if session.rotated:
            issued = row.issued if version in (None, row.version) else now
            created = await self._created(session, version or row.version, issued, now)
            await self._guard(lambda: self._store.remove(token))
            return created
        changes = session.changes(version, self._seconds, now)
        if shared:
            changes.pop("expires", None)  # the cookie could not follow
        if not changes:
            return None
        updated = await self._guard(lambda: self._store.update(token, changes, now))
        return self._seconds if updated and "expires" in changes else None

    async def _removed(self, session: Session) -> int:
        """End a session; gives the Max-Age of a cookie that goes."""
        token = session.token
        if token is not None:
            await self._guard(lambda: self._store.remove(token))
        return 0

    async def _created(self, session: Session, version: str | None, issued: int, now: int) -> int | None:
        token = secrets.token_urlsafe(32)
        row = Row(version, issued, now + self._seconds, session.dumped())
        if not await self._guard(lambda: self._store.create(token, row)):
            return None
        session.token = token
        return self._seconds


class _UnavailableError(Exception):
    """The store cannot be asked now."""


class _Guard:
    """Asks the store within a deadline, and leaves it alone for a moment when it keeps failing."""

    def __init__(self, deadline_s: float, clock: Callable[[], float]) -> None:
        self._deadline_s = deadline_s
        self._clock = clock
        self._failures = 0
        self._failed_at = 0.0

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        if self._failures >= _FAILURES and 0 <= self._clock() - self._failed_at < _PAUSE_S:
            raise _UnavailableError
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await ask()
        except Exception as error:  # a client's errors are of many kinds, and none of them is the visitor's
            self._failures += 1
            self._failed_at = self._clock()
            _log.warning("the session store cannot be asked: %s: %s", type(error).__name__, error)
            raise _UnavailableError from None
        self._failures = 0
        return answer
