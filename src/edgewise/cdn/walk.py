"""The walk of one request through CloudFront, one named step after another.

The order is that of the Developer Guide ("How CloudFront delivers content", "Lambda@Edge trigger events"): host,
geography, behavior, protocol policy, methods, viewer request, root object, cache (`caching.py`, and behind it
`fetch.py`), error page, response headers policy, viewer response, added headers.
"""

from __future__ import annotations

from edgewise.cdn import errorpage, failure, hosts, httpdate, responseheaders
from edgewise.cdn.caching import Caching
from edgewise.cdn.distribution import ErrorResponse
from edgewise.cdn.location import EdgeLocation
from edgewise.cdn.message import Request, Response
from edgewise.cdn.trace import CacheLook, Trace


class Walk:
    """One request's way. `run` always gives an answer.

    Each step that changes the request changes a copy: the record tells what the viewer sent.
    """

    def __init__(self, location: EdgeLocation, request: Request, trace: Trace) -> None:
        self._location = location
        self._request = request
        self._trace = trace
        self._route = location.route(request.uri)
        self._behavior = self._route.behavior
        trace.behavior = self._route.pattern

    async def run(self) -> Response:
        """The answer, with its body whole or on its way."""
        try:
            response = await self._respond()
        except failure.RequestFailure as error:
            response = self._failed(error)
        return self._with_added_headers(response)

    async def _respond(self) -> Response:
        functions = self._behavior.functions
        self._host()
        blocked = self._geography()
        if blocked is not None:
            return await self._page_for(blocked)
        redirect = self._protocol_policy()
        if redirect is not None:
            return redirect
        self._allowed_methods()
        if functions:
            self._location.code.look()
        if "viewer-request" in functions:
            generated = await self._viewer_request()
            if generated is not None:
                return generated
        self._default_root_object()
        response = await self._cached_or_fetched()
        self._response_headers_policy(response)
        if "viewer-response" in functions and self._runs_viewer_response(response):
            calls = self._route.calls
            return await calls.response("viewer-response", self._request, response, self._trace)
        return response

    # Before the functions.

    def _host(self) -> None:
        host = self._trace.host
        if not hosts.is_served(host, self._location.distribution):
            raise failure.refused(
                403, errorpage.BAD_REQUEST, hosts.why_not(host, self._location.distribution)
            )

    def _geography(self) -> failure.RequestFailure | None:
        restriction = self._location.distribution.geo_restriction
        if restriction.kind == "none" or not restriction.refuses(self._trace.facts.country):
            return None
        detail = f"viewers from {self._trace.facts.country} may not ask for this distribution"
        return failure.refused(403, errorpage.BLOCKED, detail, "ClientGeoBlocked")

    def _protocol_policy(self) -> Response | None:
        policy, request = self._behavior.viewer_protocol, self._request
        if policy == "allow-all" or request.scheme == "https":
            return None
        safe = request.method in ("GET", "HEAD")
        if policy == "https-only" or (not safe and request.http_version == "1.0"):
            raise failure.refused(403, errorpage.HTTPS_ONLY, "the behavior takes HTTPS only")
        self._trace.result = "Redirect"
        # HTTP/1.0 knows no Host; `_host` has seen to it that one which was sent is sound.
        host = self._trace.host or self._location.distribution.domain
        location = f"https://{host}{request.target}"
        return errorpage.redirect_to_https(location, 301 if safe else 307)

    def _allowed_methods(self) -> None:
        request = self._request
        if request.method not in self._behavior.allowed_methods:
            allowed = ", ".join(sorted(self._behavior.allowed_methods))
            detail = f"the behavior {self._behavior.pattern} allows {allowed}"
            raise failure.refused(403, errorpage.METHOD_NOT_ALLOWED, detail, "InvalidRequestMethod")
        if request.method == "GET" and request.body:
            raise failure.refused(403, errorpage.BAD_REQUEST, "a GET request has a body", "InvalidRequest")

    async def _viewer_request(self) -> Response | None:
        result = await self._route.calls.viewer_request(self._request, self._trace)
        if isinstance(result, Response):
            self._trace.result = "LambdaGeneratedResponse"
            self._trace.cache.reason = "the viewer-request function answered"
            return result
        self._request = result
        return None

    def _default_root_object(self) -> None:
        # Whether the viewer-request function sees `/` or the object is not documented; here it sees `/`.
        name = self._location.distribution.default_root_object
        if name and self._request.uri == "/":
            self._request = self._request.copy()
            self._request.uri = f"/{name}"

    # The cache, and what lies behind it.

    async def _cached_or_fetched(self) -> Response:
        trace = self._trace
        caching = Caching(self._route, trace, trace.cache)
        try:
            response = await caching.respond(self._request)
        except failure.RequestFailure as error:
            return await self._page_for(error)
        trace.result = caching.result
        if trace.result == "LambdaGeneratedResponse":
            trace.detailed_result = "MissGeneratedResponse"
        configured = self._location.distribution.error_responses.get(response.status)
        if configured is None or not configured.page:
            return response
        response.close()
        return await self._error_page(configured)

    async def _page_for(self, error: failure.RequestFailure) -> Response:
        """The distribution's own page for a failure behind the cache, else CloudFront's."""
        response = self._failed(error)
        configured = self._location.distribution.error_responses.get(error.status)
        # Developer Guide, "Generate custom error responses": not for a function that is throttled.
        if configured is None or not configured.page or error.result == "LambdaLimitExceeded":
            return response
        return await self._error_page(configured)

    async def _error_page(self, configured: ErrorResponse) -> Response:
        """The distribution's own answer to an error: fetched by its path, without viewer triggers.

        When the page cannot be had the viewer gets the status of that attempt.
        """
        route, origin = self._location.route(configured.page), self._trace.origin
        request = self._request.copy()
        request.method, request.uri, request.query, request.body = "GET", configured.page, "", b""
        request.headers.remove(*_NOT_FOR_PAGES)
        caching = Caching(route, self._trace, CacheLook())
        try:
            page = await caching.respond(request)
        except failure.RequestFailure as error:
            return self._failed(error)
        finally:
            self._trace.origin = origin
        if page.status < 400 and configured.response_code is not None:
            page.status, page.reason = configured.response_code, errorpage.reason(configured.response_code)
            page.closes = configured.code in _CLOSE_AFTER_PAGE
        return page

    def _failed(self, error: failure.RequestFailure) -> Response:
        """CloudFront's own page for a failure; the trace tells the developer why."""
        trace = self._trace
        trace.result, trace.detailed_result = error.result, error.detailed
        trace.detail = trace.detail or error.detail
        return errorpage.error(error.status, error.sentence, trace.request_id)

    # On the way back.

    def _response_headers_policy(self, response: Response) -> None:
        policy = self._behavior.response_headers_policy
        if policy is not None:
            responseheaders.apply(policy, self._request, response, self._server_timing)

    def _server_timing(self) -> str:
        trace = self._trace
        kind = _SERVER_TIMING.get(trace.cache.outcome, "miss")
        metrics = [
            f"cdn-cache-{kind}",
            f'cdn-pop;desc="{self._location.name}"',
            f'cdn-rid;desc="{trace.request_id}"',
        ]
        if trace.exchanges:
            metrics.append(f"cdn-upstream-fbl;dur={trace.exchanges[-1].milliseconds:.0f}")
        return ",".join(metrics)

    def _runs_viewer_response(self, response: Response) -> bool:
        # Not for errors: Developer Guide, "Lambda@Edge trigger events". An error that an error page with status 200
        # hides is one too.
        return response.status < 400 and self._trace.result in _RUNS_VIEWER_RESPONSE

    def _with_added_headers(self, response: Response) -> Response:
        trace, location, headers = self._trace, self._location, response.headers
        lines, dated = [], False
        for line in headers.lines:
            name = line[0].lower()
            if name not in _REPLACED:
                lines.append(line)
                dated = dated or name == "date"
        if not dated:
            lines.append(("Date", httpdate.written(int(location.clock()))))
        lines += (
            ("X-Cache", f"{trace.result} from cloudfront"),
            ("Via", f"1.1 {location.server}"),
            ("X-Amz-Cf-Pop", location.name),
            ("X-Amz-Cf-Id", trace.request_id),
        )
        headers.lines = lines
        trace.status = response.status
        trace.response_result = trace.result
        trace.detailed_result = trace.detailed_result or trace.result
        return response


# What CloudFront says itself, and what it takes off a bucket's answers.
_REPLACED = frozenset({"via", "x-amz-id-2", "x-amz-request-id", "x-cache", "x-amz-cf-pop", "x-amz-cf-id"})
# What the viewer said of the object that he asked for, not of the page.
_NOT_FOR_PAGES = (
    *("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    *("content-length", "content-type", "transfer-encoding", "expect"),
)
# Developer Guide, "Create a custom error page for specific HTTP status codes".
_CLOSE_AFTER_PAGE = frozenset({400, 405, 414, 416, 500, 501})
_SERVER_TIMING = {"hit": "hit", "stale": "hit", "collapsed": "hit", "revalidated": "refresh"}
_RUNS_VIEWER_RESPONSE = frozenset({"Hit", "RefreshHit", "Miss", "LambdaGeneratedResponse"})
