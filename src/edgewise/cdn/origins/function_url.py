"""A Lambda function URL on this machine: the function runs in an execution environment, as a regional function.

Source: Lambda Developer Guide, "Invoking Lambda function URLs", "Lambda quotas"; CloudFront Developer Guide,
"Restrict access to an AWS Lambda function URL origin". Answers are collected, never streamed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

import orjson

from edgewise.cdn import httpdate
from edgewise.cdn.distribution import Origin
from edgewise.cdn.errorpage import reason
from edgewise.cdn.functions.failed import THROTTLED, what_failed
from edgewise.cdn.functions.function import FunctionResult
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins import payload
from edgewise.cdn.origins.invoking import Invocable, invoke, new_trace_id
from edgewise.cdn.origins.refusal import Refusal

_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
# Lambda's limit for a synchronous invocation, each way.
_MAX_PAYLOAD = 6 * 1024 * 1024


class FunctionUrl:
    """One function URL. CloudFront's signature passes, unless it is of a body whose hash the viewer did not tell."""

    def __init__(
        self,
        function: Invocable,
        clock: Callable[[], float],
        look: Callable[[], None],
        *,
        signed: bool = False,
    ) -> None:
        """`look` is called before each invocation, so that it runs the code as it is by then.

        `signed`: the URL has AWS_IAM, and CloudFront signs what it sends.
        """
        self._function = function
        self._signed = signed
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
        if self._signed:
            if why := _unsigned_body(request):
                return self._refused(403, {"message": _SIGNATURE}, why)
            # The signature has the place of the viewer's header, whoever is meant by it.
            request = request.copy()
            request.headers.remove("authorization")
        request_id = str(uuid.uuid4())
        event = payload.event(origin.domain, request, request_id, new_trace_id(self._clock()), self._clock())
        if len(event) > _MAX_PAYLOAD:
            why = f"the event has {len(event)} bytes, Lambda takes {_MAX_PAYLOAD}"
            return self._refused(413, {"Message": "Request Entity Too Large"}, why)
        self._look()
        response = self._response(await invoke(self._function, origin, event, attempts))
        response.headers.add("x-amzn-RequestId", request_id)
        if request.method == "HEAD":
            response.body = b""
        return response

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
            return self._failed(f"the function failed: {what_failed(outcome)}")
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


def _unsigned_body(request: Request) -> str:
    """Why Lambda would take the signature for a wrong one, or nothing."""
    if not request.body:
        return ""
    told = request.headers.get("x-amz-content-sha256")
    if told == hashlib.sha256(request.body).hexdigest():
        return ""
    said = "which is not the body's" if told else "and the viewer sent none"
    return (
        "CloudFront signs the SHA-256 of a body that its viewer tells in the header x-amz-content-sha256, "
        f"{said}: Lambda refuses the signature"
    )
