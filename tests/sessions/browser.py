"""A visitor with a cookie jar and an app that does as a test says, without a socket between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewise.sessions import MemorySessions, Row, Session, SessionMiddleware

BEGIN = 1_800_000_000
DAY = 86_400


class HandClock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.seconds = float(BEGIN)

    def __call__(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    session: Session
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass
class Visitor:
    """Keeps cookies as a browser does, of one path and one host."""

    app: Any
    name: str = "session"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, **headers: str) -> Answer:
        lines = [(name.replace("_", "-").lower(), value) for name, value in headers.items()]
        if self.cookies:
            lines.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = ask(self.app, lines)
        for line in answer.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    @property
    def token(self) -> str | None:
        return self.cookies.get(self.name)


Handle = Callable[[Session], None]


@dataclass
class App:
    """Answers every request with one page; `handle` is what it does with the session meanwhile."""

    handle: Handle = lambda session: None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/html; charset=utf-8"})
    session: Session | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.session = scope["session"]
        self.handle(scope["session"])
        lines = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": lines})
        await send({"type": "http.response.body", "body": b"<p>"})


def ask(
    app: Any, headers: list[tuple[str, str]], path: str = "/", method: str = "GET", body: bytes = b""
) -> Answer:
    """One request to an ASGI app; the session is the one that the app was given."""
    sent: list[dict[str, Any]] = []
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    path, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "root_path": "",
        "headers": lines,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    answered = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    whole = b"".join(message.get("body", b"") for message in sent)
    return Answer(sent[0]["status"], answered, scope["session"], whole)


class Site:
    """An app with sessions, its store and its clock."""

    def __init__(self, **options: Any) -> None:
        self.clock = HandClock()
        self.store: Any = options.pop("store", None) or MemorySessions()
        self.app = App()
        self.options = {"version": "v1", "clock": self.clock, "store": self.store} | options
        self.middleware = SessionMiddleware(self.app, **self.options)
        self.visitor = Visitor(self.middleware, options.get("cookie", "session"))

    def other(self, version: str) -> SessionMiddleware:
        """The same app as another version, over the same table."""
        return SessionMiddleware(self.app, **self.options | {"version": version})

    def visit(self, handle: Handle = lambda session: None, **headers: str) -> Answer:
        self.app.handle = handle
        return self.visitor.get(**headers)

    @property
    def row(self) -> Row:
        """The visitor's row."""
        row: Row = self.store.rows[self.visitor.token]
        return row


def keep(**values: Any) -> Handle:
    """An app that puts these into the session."""
    return lambda session: session.update(values)
