"""Runs the functions of one behavior for one request: event in, checked answer out, every run in the trace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from edgewise.cdn import answer, event, failure
from edgewise.cdn.distribution import Behavior, Origin, Trigger
from edgewise.cdn.functions.failed import THROTTLED, why_failed
from edgewise.cdn.headermap import HeaderMap
from edgewise.cdn.location import EdgeLocation
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.target import changed_origin
from edgewise.cdn.trace import FunctionRun, Trace
from edgewise.cdn.validationlog import validation_event


class FunctionCalls:
    """The functions of `behavior`, called for the request of `trace`."""

    def __init__(self, location: EdgeLocation, behavior: Behavior, trace: Trace) -> None:
        self._location = location
        self._functions = behavior.functions
        self._trace = trace

    def __contains__(self, trigger: Trigger) -> bool:
        return trigger in self._functions

    @property
    def _config(self) -> event.RequestConfig:
        distribution = self._location.distribution
        return event.RequestConfig(distribution.domain, distribution.id, self._trace.request_id)

    async def viewer_request(self, request: Request) -> Request | Response:
        """The request as the viewer-request function left it, or its own answer; the same one without a function."""
        association = self._functions.get("viewer-request")
        if association is None:
            return request
        what = event.request_event(
            "viewer-request", self._config, request, include_body=association.include_body
        )
        result, run = await self._called("viewer-request", what)
        with self._judged(run):
            if answer.is_response(result):
                return answer.generated_response("viewer-request", result)
            return answer.changed_request("viewer-request", result, request, _shown(what, "request"))

    async def origin_request(self, request: Request, origin: Origin) -> tuple[Request, Origin] | Response:
        """The request and the origin as the origin-request function left them, or its own answer."""
        association = self._functions.get("origin-request")
        if association is None:
            return request, origin
        what = event.request_event(
            "origin-request",
            self._config,
            request,
            origin=event.origin_object(origin, request.scheme),
            include_body=association.include_body,
        )
        result, run = await self._called("origin-request", what)
        with self._judged(run):
            if answer.is_response(result):
                return answer.generated_response("origin-request", result)
            changed = answer.changed_request("origin-request", result, request, _shown(what, "request"))
            return changed, changed_origin(result, origin, request.scheme)

    async def response(
        self, trigger: Trigger, request: Request, response: Response, origin: Origin | None = None
    ) -> Response:
        """The response as the function of a response trigger left it; the same one without a function."""
        if trigger not in self._functions:
            return response
        origin_part = None if origin is None else event.origin_object(origin, request.scheme)
        what = event.response_event(trigger, self._config, request, response, origin=origin_part)
        try:
            result, run = await self._called(trigger, what)
            with self._judged(run):
                return answer.changed_response(trigger, result, response, _shown(what, "response"))
        except BaseException:
            # The function failed, or the viewer left: nobody will read the origin's body.
            response.close()
            raise

    async def _called(self, trigger: Trigger, what: event.Event) -> tuple[answer.Result, FunctionRun]:
        """Run the behavior's function; a failure of the function is a failure of the request."""
        function = self._location.functions[self._functions[trigger].function]
        sent = orjson.dumps(what)
        ran = await function.invoke(sent)
        error, what_to_do = why_failed(function.definition, ran.outcome)
        run = FunctionRun(
            trigger,
            function.definition.name,
            ran.milliseconds,
            ran.cold,
            error,
            ran.request_id,
            sent,
            ran.outcome.payload,
            definition=function.definition,
        )
        self._trace.functions.append(run)
        if not run.error:
            with self._judged(run):
                return answer.parse(ran.outcome.payload), run
        detail = f"{trigger} function {function.definition.name}: {error}\n{what_to_do}".rstrip()
        throttled = ran.outcome.error_type == THROTTLED
        raise failure.function_throttled(detail) if throttled else failure.function_failed(detail)

    @contextmanager
    def _judged(self, run: FunctionRun) -> Iterator[None]:
        """What a result breaks is noted with its run, and written to CloudFront's validation log."""
        try:
            yield
        except failure.RequestFailure as broken:
            run.error, run.explanation = broken.detail, broken.explanation
            line = validation_event(self._trace, broken, time.time())
            if line is not None:
                self._location.on_log(line)
            raise


def _shown(what: event.Event, part: str) -> HeaderMap:
    """The header map that a function was given."""
    headers: HeaderMap = what["Records"][0]["cf"][part]["headers"]
    return headers
