"""A Lambda function behind an Application Load Balancer on this machine.

Source: User Guide for Application Load Balancers, "Use Lambda functions as targets of an Application Load Balancer" and
"Troubleshoot your Application Load Balancers" (502 for what a function must not answer). Health checks are not made.
"""

from __future__ import annotations

from collections.abc import Callable

from edgewise.cdn import httpdate
from edgewise.cdn.distribution import Origin
from edgewise.cdn.errorpage import reason
from edgewise.cdn.functions.failed import what_failed
from edgewise.cdn.functions.function import FunctionResult
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.balancer_payload import balancer_event, balancer_response
from edgewise.cdn.origins.invoking import Invocable, invoke, new_trace_id
from edgewise.cdn.origins.payload import InvalidAnswer
from edgewise.cdn.origins.refusal import Refusal

# The most that the body of a request, and the JSON of an answer, may have.
_MAX_BYTES = 1024 * 1024
_SERVER = "awselb/2.0"


class LoadBalancer:
    """One load balancer with one target group. It answers to any name, as the real one does."""

    def __init__(
        self, function: Invocable, clock: Callable[[], float], look: Callable[[], None], *, several: bool
    ) -> None:
        """`several`: multi-value headers are enabled. `look`: see `FunctionUrl`."""
        self._function = function
        self._clock = clock
        self._look = look
        self._several = several

    async def send(self, origin: Origin, request: Request, attempts: int) -> Response:
        """Invoke the function for a request; raises `RequestFailure` (504) when it outlasts the read timeout."""
        if len(request.body) > _MAX_BYTES:
            return self._refused(
                413, f"the body has {len(request.body)} bytes, a function is given {_MAX_BYTES}"
            )
        trace_id = new_trace_id(self._clock())
        event = balancer_event(origin, request, trace_id, several=self._several)
        self._look()
        response = self._response(await invoke(self._function, origin, event, attempts))
        if request.method == "HEAD":
            response.body = b""
        return response

    def _response(self, result: FunctionResult) -> Response:
        outcome = result.outcome
        if outcome.failed:
            return self._refused(502, f"the function failed: {what_failed(outcome)}")
        if len(outcome.payload) > _MAX_BYTES:
            size = len(outcome.payload)
            return self._refused(
                502, f"the function returned {size} bytes, a load balancer takes {_MAX_BYTES}"
            )
        try:
            response = balancer_response(outcome.payload, several=self._several)
        except InvalidAnswer as error:
            return self._refused(502, f"the function returned no valid response: {error}")
        assert isinstance(response.body, bytes)
        if "date" not in response.headers:
            response.headers.add("Date", httpdate.written(int(self._clock())))
        if "server" not in response.headers:
            response.headers.add("Server", _SERVER)
        if response.status not in (204, 304):
            response.headers.add("Content-Length", str(len(response.body)))
        return response

    def _refused(self, status: int, why: str) -> Refusal:
        title = f"{status} {reason(status)}"
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            "</body>\r\n</html>\r\n"
        ).encode()
        headers = Headers(
            [
                ("Server", _SERVER),
                ("Date", httpdate.written(int(self._clock()))),
                ("Content-Type", "text/html"),
                ("Content-Length", str(len(page))),
            ]
        )
        return Refusal(status, headers, page, reason(status), why=why)
