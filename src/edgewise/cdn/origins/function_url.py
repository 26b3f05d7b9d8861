"""A Lambda function URL on this machine: the function runs in an execution environment, as a regional function.

Source: Lambda Developer Guide, "Invoking Lambda function URLs", "Lambda quotas"; CloudFront Developer Guide,
"Restrict access to an AWS Lambda function URL origin". Answers are collected, never streamed.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Callable
from typing import Protocol

import orjson

from edgewise.cdn import failure, httpdate
from edgewise.cdn.distribution import Origin
from edgewise.cdn.errorpage import reason
from edgewise.cdn.functions.failed import THROTTLED
from edgewise.cdn.functions.function import FunctionResult
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins import payload
from edgewise.cdn.origins.refusal import Refusal

# Lambda's limit for a synchronous invocation, each way.
_MAX_PAYLOAD = 6 * 1024 * 1024


class Invocable(Protocol):
    """What runs the function: `functions.Function`, or a test's own."""

    async def invoke(self, event: bytes) -> FunctionResult: ...


class FunctionUrl:
    """One function URL. Its signature check always passes: CloudFront signs."""

    def __init__(self, function: Invocable, clock: Callable[[], float], look: Callable[[], None]) -> None:
        """`look` is called before each invocation, so that it runs the code as it is by then."""
        self._function = function
        self._clock = clock
        self._look = look

    async def send(self, origin: Origin, request: Request, attempts: int) -> Response:
        """Invoke the function for a request; raises `RequestFailure` (504) when it outlasts the read timeout.

        As with every origin, GET and HEAD are tried again after that; the function runs to its end all the same.
        """
        host = request.headers.get("host")
        if host.lower() != origin.domain.lower():
            why = f"the Host {host} is sent to the function URL {origin.domain}, which answers to its own name only"
            return self._refused(403, {"Message": "Forbidden"}, why)
        request_id = str(uuid.uuid4())
        trace_id = f"Root=1-{int(self._clock()):08x}-{secrets.token_hex(12)}"
        event = payload.event(origin.domain, request, request_id, trace_id, self._clock())
        if len(event) > _MAX_PAYLOAD:
            why = f"the event has {len(event)} bytes, Lambda takes {_MAX_PAYLOAD}"
            return self._refused(413, {"Message": "Request Entity Too Large"}, why)
        self._look()
        response = self._response(await self._invoke(origin, event, attempts))
        response.headers.add("x-amzn-RequestId", request_id)
        if request.method == "HEAD":
            response.body = b""
        return response

    async def _invoke(self, origin: Origin, event: bytes, attempts: int) -> FunctionResult:
        for _ in range(attempts):
            try:
                async with asyncio.timeout(origin.read_timeout):
                    return await self._function.invoke(event)
            except TimeoutError:
                continue
        raise failure.timed_out(
            f"{origin.domain}: no answer within {origin.read_timeout:g} s, {attempts} times"
        )

    def _response(self, result: FunctionResult) -> Response:
        outcome = result.outcome
        if outcome.error_type == THROTTLED:
            body = {
                "Reason": "ConcurrentInvocationLimitExceeded",
                "Type": "User",
                "message": "Rate Exceeded.",
            }
            return self._refused(429, body, "the function was throttled")
        if outcome.failed:
            error = outcome.payload.decode("utf-8", "replace")
            return self._failed(f"the function failed: {outcome.error_type} {error}")
        if len(outcome.payload) > _MAX_PAYLOAD:
            size = len(outcome.payload)
            return self._failed(f"the function returned {size} bytes, Lambda takes {_MAX_PAYLOAD}")
        try:
            response = payload.response(outcome.payload)
        except payload.InvalidAnswer as error:
            return self._failed(f"the function returned no valid response: {error}")
        if "date" not in response.headers:
            response.headers.add("Date", httpdate.written(int(self._clock())))
        assert isinstance(response.body, bytes)
        if response.status not in (204, 304):
            response.headers.add("Content-Length", str(len(response.body)))
        return response

    def _failed(self, why: str) -> Refusal:
        return self._refused(502, {"Message": "Internal Server Error"}, why)

    def _refused(self, status: int, body: dict[str, str], why: str) -> Refusal:
        content = orjson.dumps(body)
        headers = Headers(
            [
                ("Date", httpdate.written(int(self._clock()))),
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(content))),
            ]
        )
        return Refusal(status, headers, content, reason(status), why=why)
