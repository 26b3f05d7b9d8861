"""The ways in which a request ends with an error of CloudFront's own. Raised in a step, answered by the walk."""

from __future__ import annotations

from typing import Literal

from edgewise.cdn import errorpage

# CloudFront's `x-edge-result-type`, which is also what `X-Cache` says.
ResultType = Literal[
    "Hit",
    "Miss",
    "Error",
    "Redirect",
    "LambdaGeneratedResponse",
    "LambdaExecutionError",
    "LambdaValidationError",
]


class RequestFailure(Exception):
    """What the visitor is told (`status`, `sentence`), what `X-Cache` says, and what the developer is told."""

    def __init__(self, status: int, sentence: str, detail: str, result: ResultType = "Error") -> None:
        super().__init__(detail)
        self.status = status
        self.sentence = sentence
        self.detail = detail
        self.result: ResultType = result


def refused(status: int, sentence: str, detail: str) -> RequestFailure:
    """A request that CloudFront does not serve at all."""
    return RequestFailure(status, sentence, detail)


def unreachable(detail: str) -> RequestFailure:
    """The origin refuses connections, closes them, or talks nonsense."""
    return RequestFailure(502, errorpage.ORIGIN_UNREACHABLE, detail)


def unresolved(detail: str) -> RequestFailure:
    """The origin's name has no address."""
    return RequestFailure(502, errorpage.ORIGIN_UNRESOLVED, detail)


def timed_out(detail: str) -> RequestFailure:
    """The origin did not answer in time."""
    return RequestFailure(504, errorpage.ORIGIN_TIMEOUT, detail)


def function_failed(detail: str) -> RequestFailure:
    """The function raised, crashed, ran out of time or did not start."""
    return RequestFailure(503, errorpage.FUNCTION_INVALID, detail, "LambdaExecutionError")


def function_invalid(sentence: str, detail: str) -> RequestFailure:
    """The function returned what CloudFront does not take."""
    return RequestFailure(502, f"{sentence} {errorpage.BUSY}", detail, "LambdaValidationError")
