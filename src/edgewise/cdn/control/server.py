"""The control port of `edgewise up`: the inspector's pages and JSON, the clock, the caches, invalidations.

Not on the data path, and yet served by the CDN's own listener: it keeps the same limits against malformed and slow
clients, and a web framework would take 190 ms of every start to import. Loopback only; `guard.py` keeps other sites'
pages out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from edgewise.cdn.clock import MovableClock, span
from edgewise.cdn.control import again, guard
from edgewise.cdn.control.cached import objects
from edgewise.cdn.control.cachepage import cache_page
from edgewise.cdn.control.cloudfront_api import VERSION, CloudFrontApi
from edgewise.cdn.control.errors import ControlError, NotFound
from edgewise.cdn.control.history import History
from edgewise.cdn.control.inspection import Source, inspection, summary
from edgewise.cdn.control.invalidation import Invalidation, Invalidations
from edgewise.cdn.control.listpage import list_page, problem_page
from edgewise.cdn.control.masking import Mask
from edgewise.cdn.control.requestpage import request_page
from edgewise.cdn.http.listener import Listener
from edgewise.cdn.http.viewer import ResponseWriter
from edgewise.cdn.message import Headers, Request, Response
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.cdn.local import LocalCdn

_HERE = Path(__file__).parent
_LISTED = 200
_LOOK_EVERY = 0.5  # seconds between two looks for news
_PATIENCE = 5.0  # seconds that a request may take to be told of after its answer
_LOG = logging.getLogger(__name__)


class ControlServer:
    """Answers people and programs of this machine about one running CDN."""

    def __init__(
        self,
        cdn: LocalCdn,
        history: History,
        clock: MovableClock,
        *,
        viewer_port: int,
        viewer_host: str = "127.0.0.1",
        in_source: Source = str,
        logs: Path | None = None,
    ) -> None:
        """This machine reaches the CDN's listener for viewers at `viewer_host` and `viewer_port`.

        `in_source` says, in any text, the file that a person edits for one that was built from it; `logs` is the
        folder in which a `LogFolder` keeps what functions print.
        """
        self._cdn = cdn
        self._history = history
        self._clock = clock
        self._viewer = (viewer_host, viewer_port)
        self._in_source = in_source
        self._logs = logs
        self._invalidations = Invalidations(
            lambda: [location.cache for location in cdn.locations.values()],
            cdn.distribution.default_root_object,
            clock,
        )
        self._cloudfront = CloudFrontApi(cdn.distribution.id, self._invalidations)
        self._listener = Listener(self._handle, None)

    def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises `ListenError`."""
        return self._listener.start(host, port)

    async def close(self) -> None:
        await self._listener.close()

    async def _handle(self, request: Request, writer: ResponseWriter) -> None:
        try:
            guard.check(request)
            response = await self._answer(request)
        except EdgewiseError as error:
            response = _problem(request, getattr(error, "status", 400), error)
        except Exception as error:
            _LOG.exception("the control port could not answer %s %s", request.method, request.target)
            response = _problem(request, 500, ControlError(f"the inspector failed: {error!r}"))
        for name, value in guard.SECURITY_HEADERS:
            response.headers.add(name, value)
        try:
            await writer.send(response)
        except TimeoutError:
            return  # nobody reads any more

    async def _answer(self, request: Request) -> Response:
        parts = [part for part in request.uri.split("/") if part]
        if parts[:1] == [VERSION]:
            return self._cloudfront.answer(request)
        if request.method in ("GET", "HEAD"):
            return self._get(request, parts)
        if request.method != "POST":
            raise ControlError(f"{request.method} is not taken here; GET and POST are")
        match parts:
            case ["requests", request_id, "again"]:
                return await self._again(request, request_id)
            case ["clock"]:
                return self._move(request)
            case ["invalidations"]:
                return self._invalidate(request)
        raise NotFound(f"there is nothing to POST to at {request.uri[:200]!r}")

    # Reading.

    def _get(self, request: Request, parts: list[str]) -> Response:
        match parts:
            case [] | ["requests"]:
                return self._list(request)
            case ["requests", request_id]:
                return self._one(request, request_id)
            case ["clock"]:
                return _json(self._time())
            case ["cache"]:
                return self._cache(request)
            case ["invalidations"]:
                return _json({"invalidations": [_told(made) for made in self._invalidations.latest_first()]})
            case ["live"]:
                return Response(200, Headers([("Content-Type", "text/event-stream")]), _News(self._history))
            case ["style.css"]:
                return _file("style.css", "text/css; charset=utf-8")
            case ["live.js"]:
                return _file("live.js", "text/javascript; charset=utf-8")
            case ["favicon.ico"]:
                return Response(204)
        raise NotFound(
            f"there is nothing at {request.uri[:200]!r}",
            hint="/requests, /requests/ID, /clock and /cache are here",
        )

    def _list(self, request: Request) -> Response:
        rows = [summary(trace) for trace in islice(self._history.latest_first(), _limit(request))]
        for row in rows:
            row["detail"] = self._in_source(row["detail"])
        if _is_for_a_person(request):
            return _page(list_page(rows, self._history.bounds()))
        history = self._history
        kept = {"kept": len(history), "dropped": history.dropped, "bounds": history.bounds()}
        return _json({"requests": rows, **kept})

    def _one(self, request: Request, request_id: str) -> Response:
        trace = self._history.find(request_id)
        mask = Mask(reveal=_parameter(request, "reveal") == "1")
        report = inspection(trace, mask, self._in_source, self._logs)
        earlier = self._history.get(_parameter(request, "compare"))
        comparison = None if earlier is None else again.compared(earlier, trace, mask)
        if _is_for_a_person(request):
            return _page(request_page(report, comparison))
        return _json(report | ({"comparison": comparison} if comparison else {}))

    def _cache(self, request: Request) -> Response:
        mask = Mask(reveal=_parameter(request, "reveal") == "1")
        entries = list(islice(objects(self._cdn, self._clock(), mask), _limit(request)))
        total = sum(len(location.cache) for location in self._cdn.locations.values())
        if _is_for_a_person(request):
            return _page(cache_page(entries, total, self._time()))
        return _json({"objects": entries, "total": total})

    def _time(self) -> dict[str, Any]:
        now = self._clock()
        return {
            "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
            "seconds": now,
            "offset_seconds": self._clock.offset,
        }

    # Acting.

    async def _again(self, request: Request, request_id: str) -> Response:
        before = self._history.find(request_id)
        new = await again.send(before, *self._viewer)
        try:
            after = await self._history.arrival(new, _PATIENCE)
        except TimeoutError:
            raise ControlError(f"the request was answered as {new}, and is not told of yet") from None
        if _is_for_a_person(request):
            return _see(f"/requests/{new}?compare={before.request_id}")
        mask = Mask(reveal=_parameter(request, "reveal") == "1")
        return _json({"request_id": new, **again.compared(before, after, mask)})

    def _move(self, request: Request) -> Response:
        given = _given(request)
        move = given.get("move")
        if given.get("reset"):
            self._clock.reset()
        elif isinstance(move, str):
            self._clock.move(span(move))
        elif isinstance(move, int | float) and not isinstance(move, bool):
            self._clock.move(_seconds(move))
        else:
            raise ControlError("nothing to do to the clock", hint='send {"move": "+1h"} or {"reset": true}')
        return _see("/cache") if _is_for_a_person(request) else _json(self._time())

    def _invalidate(self, request: Request) -> Response:
        paths = _given(request).get("paths")
        if isinstance(paths, str):
            paths = paths.split()
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ControlError("no paths to invalidate", hint='send {"paths": ["/images/*"]}')
        made = self._invalidations.create(paths)
        return _see("/cache") if _is_for_a_person(request) else _json(_told(made))


class _News:
    """A stream of events that says when requests have come, at most twice a second."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = self._history.total
        yield b": connected\n\n"
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self._history.total != seen:
                seen = self._history.total
                yield b"data: %d\n\n" % seen

    def close(self) -> None:
        """Nothing is held open."""


def _parameter(request: Request, name: str) -> str:
    return parse_qs(request.query).get(name, [""])[0]


def _limit(request: Request) -> int:
    """How many things to list. Requests wait while a list is made, so that there is always a limit."""
    limit = _parameter(request, "limit") or str(_LISTED)
    if not (limit.isascii() and limit.isdigit() and len(limit) < 10 and int(limit)):
        raise ControlError(f"limit is {limit[:50]!r}", hint="give a number from 1 to 999999999")
    return int(limit)


def _seconds(number: float) -> float:
    """A number of JSON, which may have more digits than a float has room for: too far is too far."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _is_for_a_person(request: Request) -> bool:
    return "text/html" in request.headers.joined("accept") and _parameter(request, "json") != "1"


def _given(request: Request) -> dict[str, Any]:
    """The body: a JSON object, or a form's fields. Raises `ControlError`."""
    is_form = request.headers.get("content-type").startswith("application/x-www-form-urlencoded")
    # curl calls everything a form; the fields of one never begin with a brace, which is escaped there.
    if is_form and not request.body.startswith(b"{"):
        return {name: values[0] for name, values in parse_qs(request.body.decode("latin-1")).items()}
    try:
        value = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ControlError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ControlError("the body is not a JSON object")
    return value


def _told(made: Invalidation) -> dict[str, Any]:
    created = datetime.fromtimestamp(made.created, UTC).isoformat(timespec="seconds")
    return {"id": made.id, "paths": list(made.paths), "created": created, "removed": made.removed}


def _json(value: Any, status: int = 200) -> Response:
    body = json.dumps(value).encode("ascii") + b"\n"
    return Response(status, Headers([("Content-Type", "application/json")]), body)


def _page(body: bytes, status: int = 200) -> Response:
    return Response(status, Headers([("Content-Type", "text/html; charset=utf-8")]), body)


def _see(path: str) -> Response:
    return Response(303, Headers([("Location", path)]))


def _file(name: str, kind: str) -> Response:
    return Response(200, Headers([("Content-Type", kind)]), (_HERE / name).read_bytes())


def _problem(request: Request, status: int, error: EdgewiseError) -> Response:
    if _is_for_a_person(request):
        return _page(problem_page(status, error.message, error.hint), status)
    return _json({"code": error.code, "message": error.message, "hint": error.hint}, status)
