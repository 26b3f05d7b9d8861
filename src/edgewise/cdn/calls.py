"""Runs the functions of one behavior: event in, checked answer out, every run in the request's trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import orjson

from edgewise.cdn import answer, event, failure
from edgewise.cdn.distribution import Behavior, Distribution, Origin, Trigger
from edgewise.cdn.functions.failed import THROTTLED, why_failed
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.logs import LogSink
from edgewise.cdn.headermap import HeaderMap
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.target import changed_origin
from edgewise.cdn.trace import FunctionRun, Trace
from edgewise.cdn.validationlog import validation_event

T = TypeVar("T")


class FunctionCalls:
    """The functions of `behavior` at one edge location, which has the `replicas`. What is not there is not called."""

    def __init__(
        self,
        distribution: Distribution,
        behavior: Behavior,
        replicas: Mapping[str, Function],
        on_log: LogSink,
    ) -> None:
        self._distribution = distribution
        self._functions = behavior.functions
        self._replicas = replicas
        self._on_log = on_log

    def _config(self, trace: Trace) -> event.RequestConfig:
        return event.RequestConfig(self._distribution.domain, self._distribution.id, trace.request_id)

    async def viewer_request(self, request: Request, trace: Trace) -> Request | Response:
        """The request as the viewer-request function left it, or its own answer."""
        include_body = self._functions["viewer-request"].include_body
        what = event.request_event("viewer-request", self._config(trace), request, include_body=include_body)

        def read(result: answer.Result) -> Request | Response:
            if answer.is_response(result):
                return answer.generated_response("viewer-request", result)
            return answer.changed_request("viewer-request", result, request, _shown(what, "request"))

        return await self._called("viewer-request", what, trace, read)

    async def origin_request(
        self, request: Request, origin: Origin, trace: Trace
    ) -> tuple[Request, Origin] | Response:
        """The request and the origin as the origin-request function left them, or its own answer."""
        what = event.request_event(
            "origin-request",
            self._config(trace),
            request,
            origin=event.origin_object(origin, request.scheme),
            include_body=self._functions["origin-request"].include_body,
        )

        def read(result: answer.Result) -> tuple[Request, Origin] | Response:
            if answer.is_response(result):
                return answer.generated_response("origin-request", result)
            changed = answer.changed_request("origin-request", result, request, _shown(what, "request"))
            return changed, changed_origin(result, origin, request.scheme)

        return await self._called("origin-request", what, trace, read)

    async def response(
        self,
        trigger: Trigger,
        request: Request,
        response: Response,
        trace: Trace,
        origin: Origin | None = None,
    ) -> Response:
        """The response as the function of a response trigger left it."""
        origin_part = None if origin is None else event.origin_object(origin, request.scheme)
        what = event.response_event(trigger, self._config(trace), request, response, origin=origin_part)

        def read(result: answer.Result) -> Response:
            return answer.changed_response(trigger, result, response, _shown(what, "response"))

        try:
            return await self._called(trigger, what, trace, read)
        except BaseException:
            # The function failed, or the viewer left: nobody will read the origin's body.
            response.close()
            raise

    async def _called(
        self, trigger: Trigger, what: event.Event, trace: Trace, read: Callable[[answer.Result], T]
    ) -> T:
        """Run the behavior's function and `read` its result; a failure of the function is one of the request."""
        function = self._replicas[self._functions[trigger].function]
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
        trace.functions.append(run)
        if error:
            detail = f"{trigger} function {function.definition.name}: {error}\n{what_to_do}".rstrip()
            throttled = ran.outcome.error_type == THROTTLED
            raise failure.function_throttled(detail) if throttled else failure.function_failed(detail)
        try:
            return read(answer.parse(ran.outcome.payload))
        except failure.RequestFailure as broken:
            # What a result breaks is noted with its run, and written to CloudFront's validation log.
            run.error, run.explanation = broken.detail, broken.explanation
            line = validation_event(trace, broken, time.time())
            if line is not None:
                self._on_log(line)
            raise


def _shown(what: event.Event, part: str) -> HeaderMap:
    """The header map that a function was given."""
    headers: HeaderMap = what["Records"][0]["cf"][part]["headers"]
    return headers
