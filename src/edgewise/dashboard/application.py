"""The routes: the page and its files, answers as JSON, exports, one request in full. GET only; nothing is written."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edgewise import __version__
from edgewise.dashboard.answers import Asked, Asks, answered, described, moment, single
from edgewise.dashboard.assets import Assets
from edgewise.dashboard.errors import AskedError
from edgewise.dashboard.exports import as_download, as_json
from edgewise.dashboard.records import records
from edgewise.dashboard.security import Guarded
from edgewise.questions import FILTERS, QuestionError, load
from edgewise.store import QueryError

# Rows of an answer on a page; an export may have all that the store gives.
_MOST: Final = 2_000
_FORMATS: Final = {"csv": ("text/csv; charset=utf-8", as_download), "json": ("application/json", as_json)}
_SPAN: Final = """
    SELECT min(_timestamp) AS first, max(_timestamp) AS last
    FROM (SELECT _timestamp FROM edge UNION ALL SELECT _timestamp FROM access)
"""

Handler = Callable[[Request], Response]


def pages(asks: Asks) -> ASGIApp:
    """The dashboard over a store. Needs a guard before it that lets in only those who may read."""
    assets, data = Assets(), _Data(asks)
    return Guarded(
        Starlette(
            routes=[
                Route("/", assets.page),
                Route("/static/{folder}/{path:path}", assets.file),
                Route("/data/questions", _told(data.questions)),
                Route("/data/questions/{name}", _told(data.answer)),
                Route("/data/record", _told(data.record)),
                Route("/data/store", _told(data.store)),
                Route("/export/{name}.{format}", _told(data.export)),
            ]
        )
    )


class _Data:
    """What the pages ask for. The methods block, so Starlette runs each on a thread of its own."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks

    def questions(self, request: Request) -> Response:
        return _json(
            {
                "version": __version__,
                "filters": [name for name in FILTERS if name not in ("start", "end")],
                "questions": {name: described(each) for name, each in load().items()},
            }
        )

    def answer(self, request: Request) -> Response:
        began = time.perf_counter()
        asked = Asked.of(request.path_params["name"], request.query_params.multi_items())
        answer = answered(self._asks, asked, _MOST)
        took = round((time.perf_counter() - began) * 1000, 1)
        return _json({"rows": answer.rows, "partial": answer.partial, "took_ms": took})

    def export(self, request: Request) -> Response:
        name, wanted = request.path_params["name"], request.path_params["format"]
        if wanted not in _FORMATS:
            raise AskedError(f"there is no export as {wanted!r}, only as csv and json", status=404)
        answer = answered(self._asks, Asked.of(name, request.query_params.multi_items()))
        kind, write = _FORMATS[wanted]
        headers = {"Content-Disposition": f'attachment; filename="edgewise-{name}.{wanted}"'}
        return Response(write(answer.columns, answer.rows), headers=headers, media_type=kind)

    def record(self, request: Request) -> Response:
        values = single(request.query_params.multi_items())
        return _json(records(self._asks, values.get("request_id", ""), moment(values, "at")))

    def store(self, request: Request) -> Response:
        """The first and the last time in the store, so that an empty page can say where there is something."""
        return _json(self._asks.query(_SPAN).rows[0])


def _told(handler: Handler) -> Handler:
    """The handler, with our errors as answers that say what is wrong and where."""

    @functools.wraps(handler)
    def telling(request: Request) -> Response:
        try:
            return handler(request)
        except AskedError as error:
            return _json({"message": error.message, "key": error.key}, error.status)
        except QuestionError as error:
            return _json({"message": error.message, "key": error.key, "hint": error.hint}, 400)
        except QueryError as error:
            return _json({"message": error.message, "hint": error.hint}, error.status)

    return telling


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
