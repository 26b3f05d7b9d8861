"""One request to an ASGI application without a socket, and an application over a fresh engine."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgewise.store import Credentials
from edgewise.store.api.access import Access
from edgewise.store.api.application import application
from edgewise.store.engine import Engine
from edgewise.store.search import Searcher
from edgewise.store.tokens import Tokens
from store.engines import engine_at

SOMEONE = Credentials("u", "p:with colon")


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def basic(user: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def call(
    application: Any, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    """The body comes in two pieces. Without headers it is the store's own user who asks."""
    parts = urlsplit(url)
    pieces = [body[:1], body[1:]]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = basic(SOMEONE.user, SOMEONE.password) if headers is None else headers
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
    }
    asyncio.run(application(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent))


@contextmanager
def store_at(directory: Path, kind: type[Engine] = Engine, **options: Any) -> Iterator[Any]:
    """The application; `options` are those of `application`."""
    with engine_at(directory, kind=kind) as engine:
        searcher = Searcher(engine)
        try:
            yield application(engine, searcher, Access(SOMEONE, Tokens(engine.home)), **options)
        finally:
            searcher.close()


def rows(store: Any, sql: str) -> list[dict[str, Any]]:
    query = {"query": {"sql": sql, "start_time": 0, "end_time": 2**60, "size": -1}}
    reply = call(store, "POST", "/api/default/_search", json.dumps(query).encode())
    assert reply.status == 200, reply.body
    return list(reply.json["hits"])
