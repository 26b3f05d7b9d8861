"""The walk of one request through CloudFront, one named step after another.

The order is that of the Developer Guide ("How CloudFront delivers content", "Lambda@Edge trigger events"):
behavior, protocol policy, methods, viewer request, root object, cache, origin request, origin, origin
response, cache again, viewer response, added headers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

import orjson

from edgewise.cdn import answer, behavior, errorpage, event, failure
from edgewise.cdn.cache import MAX_OBJECT_BYTES, Cache, Entry
from edgewise.cdn.cachekey import cache_key
from edgewise.cdn.distribution import Behavior, Distribution, Origin, Trigger
from edgewise.cdn.forward import origin_request
from edgewise.cdn.freshness import time_to_live
from edgewise.cdn.functions.function import Function, FunctionResult
from edgewise.cdn.functions.watch import CodeWatch
from edgewise.cdn.message import Body, Request, Response
from edgewise.cdn.origins.router import OriginRouter
from edgewise.cdn.origins.target import changed_origin
from edgewise.cdn.trace import FunctionRun, Trace

# The last frame of a traceback, as both runtime clients report it.
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True, slots=True)
class EdgeLocation:
    """Where requests arrive: its own cache and environments, in its own region. `name` is like `FRA56-P2`."""

    name: str
    region: str
    server: str
    distribution: Distribution
    functions: Mapping[str, Function]
    code: CodeWatch
    origins: OriginRouter
    cache: Cache
    clock: Callable[[], float]


class Walk:
    """One request's way. `run` always gives an answer."""

    def __init__(self, location: EdgeLocation, request: Request, trace: Trace) -> None:
        self._location = location
        self._request = request
        self._trace = trace
        self._behavior: Behavior = behavior.select(location.distribution.behaviors, request.uri)
        self._config = event.RequestConfig(
            location.distribution.domain, location.distribution.id, trace.request_id
        )
        trace.behavior = self._behavior.pattern

    async def run(self) -> Response:
        try:
            response = await self._respond()
        except failure.RequestFailure as error:
            self._trace.result = error.result
            self._trace.detail = self._trace.detail or error.detail
            response = errorpage.error(error.status, error.sentence, self._trace.request_id)
        return self._with_added_headers(response)

    async def _respond(self) -> Response:
        redirect = self._protocol_policy()
        if redirect is not None:
            return redirect
        self._allowed_methods()
        if self._behavior.functions:
            self._location.code.look()
        generated = await self._viewer_request()
        if generated is not None:
            return generated
        self._default_root_object()
        response = await self._cached_or_fetched()
        return await self._viewer_response(response)

    # Before the cache.

    def _protocol_policy(self) -> Response | None:
        policy, request = self._behavior.viewer_protocol, self._request
        if request.scheme == "https" or policy == "allow-all":
            return None
        safe = request.method in ("GET", "HEAD")
        if policy == "https-only" or (not safe and request.http_version == "1.0"):
            raise failure.refused(403, errorpage.HTTPS_ONLY, "the behavior takes HTTPS only")
        self._trace.result = "Redirect"
        location = f"https://{request.headers.get('host')}{request.target}"
        return errorpage.redirect_to_https(location, 301 if safe else 307)

    def _allowed_methods(self) -> None:
        request = self._request
        if request.method not in self._behavior.allowed_methods:
            allowed = ", ".join(sorted(self._behavior.allowed_methods))
            detail = f"the behavior {self._behavior.pattern} allows {allowed}"
            raise failure.refused(403, errorpage.METHOD_NOT_ALLOWED, detail)
        if request.method == "GET" and request.body:
            raise failure.refused(403, errorpage.BAD_REQUEST, "a GET request has a body")

    async def _viewer_request(self) -> Response | None:
        result = await self._call_with_request("viewer-request", self._request)
        if result is None:
            return None
        if answer.is_response(result):
            self._trace.result = "LambdaGeneratedResponse"
            return answer.generated_response("viewer-request", result)
        self._request = answer.changed_request("viewer-request", result, self._request)
        return None

    def _default_root_object(self) -> None:
        name = self._location.distribution.default_root_object
        if name and self._request.uri == "/":
            self._request.uri = f"/{name}"

    # The cache, and what lies behind it.

    async def _cached_or_fetched(self) -> Response:
        policy, request = self._behavior.cache_policy, self._request
        # Parts of objects are not kept: they are always asked for at the origin.
        cacheable = (
            policy.caches
            and request.method in self._behavior.cached_methods
            and "range" not in request.headers
        )
        if not cacheable:
            return await self._fetched()
        key = cache_key(request, policy, self._location.distribution.domain)
        entry = self._location.cache.fresh(key, self._location.clock())
        if entry is not None:
            return self._from_cache(entry)
        response = await self._fetched()
        now = self._location.clock()
        ttl = time_to_live(response, policy, now)
        if ttl > 0 and request.method != "HEAD":
            # The headers as they are now: what is added for this viewer is not kept.
            kept = Response(response.status, response.headers.copy(), b"", response.reason)
            self._store(response, lambda body: self._location.cache.store(key, kept, body, now, ttl))
        return response

    def _from_cache(self, entry: Entry) -> Response:
        self._trace.result = "Hit" if entry.status < 400 else "Error"
        response = entry.response(self._location.clock())
        tags = [
            tag.strip().removeprefix("W/") for tag in self._request.headers.joined("if-none-match").split(",")
        ]
        etag = response.headers.get("etag").removeprefix("W/")
        if etag and etag in tags:
            response.headers.remove("content-length")
            return Response(304, response.headers, b"", errorpage.reason(304))
        return response

    def _store(self, response: Response, store: Callable[[bytes], None]) -> None:
        if isinstance(response.body, bytes):
            store(response.body)
        else:
            response.body = _Copied(response.body, store)

    async def _fetched(self) -> Response:
        """The answer of the origin, or of an origin-request function in its place."""
        origin = self._location.distribution.origins_of(self._behavior)[0]
        request = origin_request(self._request, self._behavior, origin, self._location.server)
        result = await self._call_with_request("origin-request", request, origin)
        if result is not None:
            if answer.is_response(result):
                self._trace.result = "LambdaGeneratedResponse"
                return answer.generated_response("origin-request", result)
            request = answer.changed_request("origin-request", result, request)
            origin = changed_origin(result, origin)
        self._trace.origin = origin.domain
        response = await self._location.origins.send(origin, request)
        self._without_unwanted_cookies(response)
        response = await self._origin_response(request, origin, response)
        if response.status >= 400:
            self._trace.result = "Error"
        return response

    def _without_unwanted_cookies(self, response: Response) -> None:
        # Developer Guide, "Request and response behavior for custom origins", cookies: an origin whose
        # behavior forwards none cannot set any.
        policies = (self._behavior.cache_policy, self._behavior.origin_request_policy)
        if all(policy.cookies.kind == "none" for policy in policies):
            response.headers.remove("set-cookie")

    async def _origin_response(self, request: Request, origin: Origin, response: Response) -> Response:
        if "origin-response" not in self._behavior.functions:
            return response
        origin_part = event.origin_object(origin)
        what = event.response_event("origin-response", self._config, request, response, origin=origin_part)
        return await self._changed_response("origin-response", what, response)

    async def _viewer_response(self, response: Response) -> Response:
        # Not run for errors: Developer Guide, "Lambda@Edge trigger events".
        if "viewer-response" not in self._behavior.functions or response.status >= 400:
            return response
        what = event.response_event("viewer-response", self._config, self._request, response)
        return await self._changed_response("viewer-response", what, response)

    async def _changed_response(self, trigger: Trigger, what: event.Event, response: Response) -> Response:
        try:
            return answer.changed_response(trigger, await self._call(trigger, what), response)
        except BaseException:
            # The function failed, or the viewer left: nobody will read the origin's body.
            _give_up(response)
            raise

    def _with_added_headers(self, response: Response) -> Response:
        trace, headers = self._trace, response.headers
        headers.remove("via", "x-amz-id-2", "x-amz-request-id", "x-cache", "x-amz-cf-pop", "x-amz-cf-id")
        if "date" not in headers:
            headers.add("Date", formatdate(self._location.clock(), usegmt=True))
        headers.add("X-Cache", f"{trace.result} from cloudfront")
        headers.add("Via", f"1.1 {self._location.server}")
        headers.add("X-Amz-Cf-Pop", self._location.name)
        headers.add("X-Amz-Cf-Id", trace.request_id)
        trace.status = response.status
        trace.content_type = headers.get("content-type")
        return response

    # Functions.

    async def _call_with_request(
        self, trigger: Trigger, request: Request, origin: Origin | None = None
    ) -> answer.Result | None:
        association = self._behavior.functions.get(trigger)
        if association is None:
            return None
        origin_part = None if origin is None else event.origin_object(origin)
        what = event.request_event(
            trigger, self._config, request, origin=origin_part, include_body=association.include_body
        )
        return await self._call(trigger, what)

    async def _call(self, trigger: Trigger, what: event.Event) -> answer.Result:
        """Run the behavior's function; a failure of the function is a failure of the request."""
        function = self._location.functions[self._behavior.functions[trigger].function]
        ran = await function.invoke(orjson.dumps(what))
        error = _why_failed(ran)
        try:
            if error:
                raise failure.function_failed(f"{trigger} function {function.definition.name}: {error}")
            return answer.parse(ran.outcome.payload)
        except failure.RequestFailure as problem:
            error = problem.detail
            raise
        finally:
            self._trace.functions.append(FunctionRun(trigger, ran.milliseconds, ran.cold, error))


def _why_failed(ran: FunctionResult) -> str:
    """The error of an invocation in one line: its type and, where the client said one, its message."""
    outcome = ran.outcome
    if not outcome.failed:
        return ""
    try:
        report = orjson.loads(outcome.payload or b"{}")
    except orjson.JSONDecodeError:
        report = {"errorMessage": outcome.payload.decode("utf-8", "replace")}
    kind = str(report.get("errorType") or outcome.error_type)
    message = report.get("errorMessage")
    frames = _FRAME.findall(str((report.get("stackTrace") or [""])[-1]))
    where = f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""
    return f"{kind}: {message}{where}" if message else f"{kind}{where}"


def _give_up(response: Response) -> None:
    if not isinstance(response.body, bytes):
        response.body.close()


class _Copied:
    """A body that is handed to `store` once it has arrived whole, if it is not too large to keep."""

    def __init__(self, body: Body, store: Callable[[bytes], None]) -> None:
        self._body = body
        self._store = store

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks: list[bytes] = []
        size = 0
        async for chunk in self._body:
            size += len(chunk)
            if size <= MAX_OBJECT_BYTES:
                chunks.append(chunk)
            yield chunk
        if size <= MAX_OBJECT_BYTES:
            self._store(b"".join(chunks))

    def close(self) -> None:
        self._body.close()
