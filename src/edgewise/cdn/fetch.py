"""What lies behind the cache: the origin request, the functions of the origin side, the origin, its group.

Source: CloudFront Developer Guide, "Control origin requests", "Lambda@Edge trigger events", "Optimize high
availability with CloudFront origin failover".
"""

from __future__ import annotations

import time

from edgewise.cdn.compression import compressed
from edgewise.cdn.distribution import Origin, OriginGroup
from edgewise.cdn.failure import RequestFailure, ResultType
from edgewise.cdn.location import Route
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.refusal import Refusal
from edgewise.cdn.origins.router import completed
from edgewise.cdn.trace import OriginExchange, Trace

_NO_HEADERS = Headers()
# Which status code of a group stands for an origin that gave no answer. Developer Guide, the page on failover.
_STANDS_FOR = {"OriginConnectError": 503, "OriginDnsError": 503}


class Fetch:
    """Asks the origins of a request's route.

    `generated` tells whether an origin-request function answered instead; `status` is what the origin itself said,
    whatever the origin-response function made of it. `result` is what `X-Cache` says of an answer that was fetched.
    """

    def __init__(self, route: Route, trace: Trace) -> None:
        self._route = route
        self._location = route.location
        self._trace = trace
        self.generated = False
        self.status = 0
        self.result: ResultType = "Miss"

    async def run(self, request: Request, validators: tuple[str, str] = ("", "")) -> Response:
        """The answer of the first origin, or of the second of a group when the first fails. Raises `RequestFailure`.

        `validators` are the ETag and the date of an expired object, for a conditional request.
        """
        route = self._route
        if route.group is not None and self._may_fail_over(request):
            response = await self._asked_in_turn(request, route.group, validators)
        else:
            response = await self._asked(request, route.origin, validators)
        if self.generated:
            self.result = "LambdaGeneratedResponse"
        elif response.status >= 400:
            self.result = "Error"
        return compressed(request, response, route.behavior)

    def _may_fail_over(self, request: Request) -> bool:
        if request.method == "OPTIONS":
            return "OPTIONS" in self._route.behavior.cached_methods
        return request.method in ("GET", "HEAD")

    async def _asked_in_turn(
        self, request: Request, group: OriginGroup, validators: tuple[str, str]
    ) -> Response:
        first, second = (self._location.distribution.origins[member] for member in group.members)
        try:
            response = await self._asked(request, first, validators)
        except RequestFailure as failure:
            if _STANDS_FOR.get(failure.detailed, failure.status) not in group.status_codes:
                raise
            if failure.result != "Error":
                raise  # a function failed, not the origin
        else:
            # The origin's own status decides, whatever the function made of it.
            if self.generated or self.status not in group.status_codes:
                return response
            response.close()
        return await self._asked(request, second, validators)

    async def _asked(self, viewer: Request, origin: Origin, validators: tuple[str, str]) -> Response:
        """The answer of one origin, or of an origin-request function in its place."""
        route, trace = self._route, self._trace
        request = route.forwarding.request(viewer, origin, self._location.server, trace.facts)
        request.headers.add("X-Amz-Cf-Id", trace.request_id)
        if any(validators):
            _make_conditional(request, validators)
        functions = route.behavior.functions
        if "origin-request" in functions:
            # The configured origin is looked up first: without an address the function is not called.
            await self._location.origins.resolve(origin)
            result = await route.calls.origin_request(request, origin, trace)
            if isinstance(result, Response):
                self.generated = True
                return result
            configured = origin.domain
            request, origin = result
            if origin.domain != configured:
                await self._location.origins.resolve(origin)
        response = await self._sent(request, origin)
        route.forwarding.answer(response)
        if "origin-response" in functions:
            return await route.calls.response("origin-response", request, response, trace, origin)
        return response

    async def _sent(self, request: Request, origin: Origin) -> Response:
        trace = self._trace
        trace.origin = origin.domain
        began = time.perf_counter()
        status, headers, error = 0, _NO_HEADERS, ""
        request = completed(origin, request)
        try:
            response = await self._location.origins.send(origin, request)
            status, headers = response.status, response.headers
            self.status = status
            if isinstance(response, Refusal):
                error = trace.detail = response.why
        except RequestFailure as failure:
            error = failure.detail
            raise
        finally:
            took = (time.perf_counter() - began) * 1000
            trace.exchanges.append(
                OriginExchange(origin.id, origin.domain, request, status, headers, took, error)
            )
        return response


def _make_conditional(request: Request, validators: tuple[str, str]) -> None:
    """Ask whether an expired object is still right; the viewer's own conditions wait for the answer."""
    etag, modified = validators
    request.headers.remove(
        "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"
    )
    if etag:
        request.headers.add("If-None-Match", etag)
    if modified:
        request.headers.add("If-Modified-Since", modified)
