"""What the statistics do at the triggers, after all steps: each view is told once, and the country is handed over.

| where views are counted | trigger | what |
|---|---|---|
| viewer-response | viewer-request | a page that a step answered with: no other trigger sees it |
| | origin-response | the country is handed to viewer-response, where CloudFront does not tell it |
| | origin-request | the same with a page that a step answered with: viewer-response sees it |
| | viewer-response | the view |
| origin-response | origin-request | a page that a step answered with |
| | origin-response | the view, unless it is the page of an error |

Nothing here is allowed to fail a request: what goes wrong is counted, and told in the next record.
"""

from __future__ import annotations

from edgewise.edge.headers import value_of

from .page import is_page
from .settings import ORIGIN, VIEWER
from .view import Seen, as_country

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgewise.edge.environment import Environment
    from edgewise.edge.output import Write
    from edgewise.edge.request import Request
    from edgewise.edge.response import Response
    from edgewise.edge.settings import Settings

    from .counter import Counter, MakeDelivery

HANDED_OVER = "X-Edgewise-Viewer"  # REQUESTID;COUNTRY
_NAME = HANDED_OVER.lower()
_COUNTING = {VIEWER: ("viewer-request", VIEWER), ORIGIN: ("origin-request", ORIGIN)}


class Statistics:
    """The statistics of one environment. `close` is called once for each invocation."""

    def __init__(
        self, settings: Settings, environment: Environment, write: Write, deliver: MakeDelivery
    ) -> None:
        """`settings` have statistics."""
        statistics = settings.statistics
        assert statistics is not None
        self._environment = environment
        self._counts_at = _COUNTING[statistics["counts_at"]]
        self._own = statistics["own_hosts"]
        self._hands_over = statistics["counts_at"] == VIEWER and not statistics["countries"]

        def make() -> Counter:
            from .counter import Counter  # with all that a network takes

            return Counter(settings, environment, write, deliver)

        self._make = make
        # Of the two functions of a site one never counts; it needs neither the data nor a connection.
        name = environment.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        other = "-origin" if statistics["counts_at"] == VIEWER else "-viewer"
        self._counter: Counter | None = None if name.endswith(other) else make()

    def close(self, request: Request, answer: Response | None, context: Any) -> None:
        """After the steps of one invocation: tell the view, if it is one. `answer` is what goes to the visitor."""
        try:
            counter = self._counter
            if answer is not None:
                seen = Seen(request, self._own)
                country = self._exchange(request, answer, seen)
                if request.trigger in self._counts_at and self._is_view(request, answer, seen):
                    counter = self._counter = self._counter or self._make()
                    event_id = request.request_id or context.aws_request_id
                    counter.count(seen, request, answer.status, event_id, country)
                    return
            if counter is not None:
                counter.advance()
        except Exception as fault:
            self._environment.note_failure("statistics", fault)

    def _exchange(self, request: Request, answer: Response, seen: Seen) -> str | None:
        """The country, where it can be believed. At the origin's side it is put into the answer, at the viewer's it
        is taken out: the visitor sees nothing of it, and of what came with another visitor's request nothing is
        believed."""
        headers = answer.event["headers"]
        told = value_of(headers, _NAME)
        headers.pop(_NAME, None)
        if request.trigger == VIEWER:
            request_id, _, code = str(told).partition(";")
            return as_country(code) if request_id == request.request_id else None
        country = seen.country()
        is_handed_over = self._hands_over and seen.is_at_origin and request.request_id
        if is_handed_over and country and _is_page(request, answer):
            headers[_NAME] = [{"key": HANDED_OVER, "value": f"{request.request_id};{country}"}]
        return country

    def _is_view(self, request: Request, answer: Response, seen: Seen) -> bool:
        if not _is_page(request, answer) or seen.is_prefetch():
            return False
        # At the origin's side alone a function sees how CloudFront fetches the page of an error.
        return not seen.is_at_origin or seen.header("cloudfront-error-uri") is None


def _is_page(request: Request, answer: Response) -> bool:
    content_type = value_of(answer.event["headers"], "content-type")
    content_type = content_type if isinstance(content_type, str) else None
    return is_page(request.method, answer.status, content_type, request.path)
