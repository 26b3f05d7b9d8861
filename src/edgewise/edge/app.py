"""The application of one Lambda@Edge function: an ordered list of steps per trigger, and the handler itself.

The rule it keeps: a fault of ours never reaches the visitor, a fault of the author's is what AWS makes of it.
"""

from __future__ import annotations

import os

from .delivery import make_delivery
from .environment import Clock, Environment
from .errors import EventError, StepError
from .log import Log
from .output import say, write_line
from .request import Request
from .response import Response
from .settings import FALLBACK, FILE_NAME, Settings, read_settings, version_header
from .steps import Step, Steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .output import Write
    from .rollout.step import Rollout
    from .statistics.step import Statistics

    MakeDelivery = Callable[[dict[str, Any], Environment, Write], Any]  # a Delivery, of views a LineDelivery


class Edge:
    """Collects steps by its four decorators and is the Lambda handler: `handler = Edge()`.

    A step at `viewer_request` or `origin_request` takes the request, one at `origin_response` or
    `viewer_response` takes `(request, response)`. It changes them in place, or returns a Response, or both.
    `memory` keeps values from one request to the next; a step calls `edge.memory.get`. `rollout` has the built-in steps
    that steer visitors between two versions, which come before the author's; None for a site without.
    Production passes no argument: `settings` (as in the file), `clock`, `write` (of lines to standard output),
    `environ` and `deliver` (which makes the delivery of records, and that of page views) are for tests and simulations.
    """

    __slots__ = (
        "_last",
        "_log",
        "_statistics",
        "_steps",
        "_write",
        "environment",
        "memory",
        "origin_request",
        "origin_response",
        "rollout",
        "viewer_request",
        "viewer_response",
    )

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        write: Write = write_line,
        environ: Mapping[str, str] = os.environ,
        deliver: MakeDelivery = make_delivery,
    ) -> None:
        self.environment = Environment(clock or Clock(), environ)
        self.memory = self.environment.memory
        self.viewer_request = Steps()
        self.origin_request = Steps()
        self.origin_response = Steps()
        self.viewer_response = Steps()
        self._steps = {
            "viewer-request": self.viewer_request,
            "origin-request": self.origin_request,
            "origin-response": self.origin_response,
            "viewer-response": self.viewer_response,
        }
        self._write = write
        given: Any = settings
        try:
            given = read_settings(environ) if settings is None else settings
            self._use(Settings(given), write, deliver)
        except Exception as fault:  # whatever is wrong with them, the site stays up
            fallback = "records without addresses and queries go to standard output"
            place = FILE_NAME if settings is None else "the settings"
            note = f"{place}: {fault}; all of it is ignored, and {fallback}"
            self._use(Settings(FALLBACK), write, deliver)
            self._drop_version(version_header(given))
            self._guarded(lambda _: say(write, note))

    def _use(self, settings: Settings, write: Write, deliver: MakeDelivery) -> None:
        self._log = None
        self._statistics: Statistics | None = None
        self._last: Step | None = None
        self.rollout: Rollout | None = None
        if settings.log is not None:
            self._log = Log(deliver(settings.log, self.environment, write), self.environment, settings)
        if settings.persistence_header:
            from .persistence import make_persistence

            step = make_persistence(settings.persistence_header, self.environment)
            self.origin_request(optional=True)(step)
        if settings.rollout is not None:
            self._roll_out(settings.rollout)
        if settings.rewrite is not None:
            from .rewrite import Rewrite

            rewrite = Rewrite(settings.rewrite)
            self.viewer_request.insert(0, Step(rewrite.note, optional=True))
            self._last = Step(rewrite.rewrite, optional=True)
        if settings.statistics is not None:
            self._count(settings, write, deliver)

    def _roll_out(self, settings: dict[str, Any]) -> None:
        from .rollout.step import Rollout

        self.rollout = Rollout(settings, self.environment)
        self.viewer_request(optional=True)(self.rollout.decide_version)
        self.origin_request(optional=True)(self.rollout.choose_origin)
        self.origin_response(optional=True)(self.rollout.note_outcome)
        self.viewer_response(optional=True)(self.rollout.set_cookie)

    def _count(self, settings: Settings, write: Write, deliver: MakeDelivery) -> None:
        from .statistics.step import Statistics

        try:
            self._statistics = Statistics(settings, self.environment, write, deliver)
        except Exception as fault:  # everything else goes on without them
            self.environment.note_failure("statistics", fault)

    def _drop_version(self, header: str | None) -> None:
        """Where no rollout decides, what a viewer says of his version must not get into the cache's key."""
        if header is not None:
            self.viewer_request(optional=True)(lambda request: request.headers.remove(header))

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Handle one invocation: run the steps, make the record, hand back what CloudFront expects.

        Raises EventError for something that is not a CloudFront event, and whatever a step raises.
        """
        self.environment.enter(context)
        request, response, steps = self._open(event)
        facts = self._guarded(lambda log: log.open(request))
        answer: Response | None = None
        try:
            answer = self._run(steps, request, response)
            if self._statistics is not None:
                self._statistics.close(request, answer, context)
        finally:
            self._guarded(lambda log: log.close(facts, request, answer, context))
            if self._log is None and self.environment.failure:
                self._tell()
        return request.event if answer is None else answer.event

    def _open(self, event: dict[str, Any]) -> tuple[Request, Response | None, Steps]:
        try:
            cf = event["Records"][0]["cf"]
            request = Request(cf)
            response = Response(cf["response"], request.trigger) if "response" in cf else None
            return request, response, self._steps[request.trigger]
        except (KeyError, IndexError, TypeError, AttributeError) as fault:
            reason = f"{type(fault).__name__}: {fault}"
            raise EventError(
                f"this is not an event of CloudFront's ({reason}), and no other is handled"
            ) from None

    def _guarded(self, work: Callable[[Log], Any]) -> Any:
        """Do a part of the log step. If it fails the request goes on, and the next record says so."""
        try:
            return work(self._log) if self._log else None
        except Exception as fault:
            self.environment.note_failure("log", fault)
            return None

    def _tell(self) -> None:
        """Without a log no record tells of a failure."""
        failure, self.environment.failure = self.environment.failure, ""
        try:
            say(self._write, failure)
        except Exception as fault:
            self.environment.note_failure("log", fault)

    def _run(self, steps: Steps, request: Request, response: Response | None) -> Response | None:
        """Run the steps in order; at a request trigger the first Response ends them."""
        for step in steps:
            answer = self._attempt(step, request, response)
            if answer is not None and response is None:
                return answer
            if answer is not None and response is not None:
                response.replace(answer)
        if self._last is not None and steps is self.viewer_request:
            self._attempt(self._last, request, response)
        return response

    def _attempt(self, step: Step, request: Request, response: Response | None) -> Response | None:
        try:
            answer = step.run(request) if response is None else step.run(request, response)
            return None if answer is None or answer is response else _checked(answer, step)
        except Exception as fault:
            self.environment.note_failure(step.name, fault)
            if step.optional:
                return None
            raise


def _checked(answer: Any, step: Step) -> Response:
    """What a step returned, which is a Response. TooLargeError or StepError if CloudFront cannot take it."""
    if not isinstance(answer, Response):
        raise StepError(f"the step {step} returned {type(answer).__name__}; return a Response, or nothing")
    answer.check()
    return answer
