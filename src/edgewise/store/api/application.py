"""The store as an ASGI application: which path is whose, and the pages of whoever brings some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from edgewise.store.api.access import Access, is_foreign
from edgewise.store.api.answers import Handler, as_json, failed, guarded
from edgewise.store.api.ingestion import Ingestion
from edgewise.store.api.searching import Searching
from edgewise.store.encodings import MAX_BODY
from edgewise.store.engine import Engine
from edgewise.store.errors import TokenError
from edgewise.store.intake import MAX_WAITING
from edgewise.store.search import Searcher
from edgewise.store.tokens import Right

# Makes the pages that are shown at `/`, to those who may read.
Pages = Callable[[Searcher], ASGIApp]
_ASK: Final = {"WWW-Authenticate": 'Basic realm="edgewise store", charset="UTF-8"'}


def application(
    engine: Engine,
    searcher: Searcher,
    access: Access,
    pages: Pages | None = None,
    max_body: int = MAX_BODY,
    max_waiting: int = MAX_WAITING,
) -> Starlette:
    """The routes over one engine. Neither engine nor searcher is closed here. Limits are in bytes."""
    taking = Ingestion(engine, max_body, max_waiting)
    asking = Searching(searcher, taking)
    routes: list[Route | Mount] = [Route("/healthz", _health, methods=["GET"])]
    guarded_routes: tuple[tuple[str, Right, str, Handler], ...] = (
        ("POST", "ingest", "/api/{organization}/{stream}/_json", taking.json),
        ("POST", "ingest", "/api/{organization}/{stream}/_multi", taking.lines),
        ("POST", "ingest", "/api/{organization}/_bulk", taking.bulk),
        ("POST", "ingest", "/aws/{organization}/{stream}/_kinesis_firehose", taking.firehose),
        ("POST", "read", "/api/{organization}/_search", asking.search),
        ("GET", "read", "/api/{organization}/{stream}/_values", asking.values),
        ("GET", "read", "/api/{organization}/streams", asking.streams),
        ("GET", "read", "/api/{organization}/streams/{stream}/schema", asking.schema),
    )
    routes += [
        Route(path, guarded(access, right, handler), methods=[method])
        for method, right, path, handler in guarded_routes
    ]
    if pages is not None:
        routes.append(Route("/enter", _Readers(_enter, access)))
        routes.append(Mount("/", _Readers(pages(searcher), access)))
    return Starlette(routes=routes)


async def _health(request: Request) -> Response:
    return as_json({"status": "ok"})


async def _enter(scope: Scope, receive: Receive, send: Send) -> None:
    """Where a link with a key in it leads; the browser now knows the key, and the address bar forgets it.

    With a path alone, browsers would keep the key in the address of the page, and refuse all that its scripts ask for.
    """
    there = Request(scope).url.replace(path="/", query="", username=None, password=None)
    response = RedirectResponse(there, 303, {"Cache-Control": "no-store"})
    await response(scope, receive, send)


class _Readers:
    """Pages for those who may read. A browser asks its user for name and password."""

    def __init__(self, pages: ASGIApp, access: Access) -> None:
        self._pages = pages
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._refused(scope) or self._pages)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if is_foreign(scope["method"], headers):
            return PlainTextResponse("A page of another site may not ask this.", 403)
        try:
            if self._access.allows(headers, "read"):
                return None
        except TokenError as error:
            return failed(error)
        return PlainTextResponse(
            "This needs the store's user and password, or a token for reading.", 401, _ASK
        )
