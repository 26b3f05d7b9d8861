"""The ways in which a request ends with an error of CloudFront's own. Raised in a step, answered by the walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgewise.cdn import errorpage

# CloudFront's `x-edge-result-type`, which is also what `X-Cache` says.
ResultType = Literal[
    "Hit",
    "RefreshHit",
    "Miss",
    "Error",
    "Redirect",
    "LambdaGeneratedResponse",
    "LambdaExecutionError",
    "LambdaValidationError",
    "LambdaLimitExceeded",
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which rule a function broke, for its author.

    `rule` is a stable name, `subject` the header or field, `page` the guide's page that states the rule, `advice` what
    to do instead.
    """

    rule: str
    subject: str
    page: str
    advice: str = ""


class RequestFailure(Exception):
    """A request that ends with an error of CloudFront's own.

    `status` and `sentence` are for the visitor, `result` is what `X-Cache` says; `detail` is for the developer,
    `detailed` is `x-edge-detailed-result-type` of the access log.
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        detail: str,
        result: ResultType = "Error",
        *,
        detailed: str = "",
        explanation: Explanation | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.sentence = sentence
        self.detail = detail
        self.result: ResultType = result
        self.detailed = detailed or result
        self.explanation = explanation

    def again(self) -> RequestFailure:
        """The same for another request: an exception that is raised twice keeps what it met the first time."""
        return RequestFailure(
            self.status,
            self.sentence,
            self.detail,
            self.result,
            detailed=self.detailed,
            explanation=self.explanation,
        )


def refused(status: int, sentence: str, detail: str, detailed: str = "") -> RequestFailure:
    """A request that CloudFront does not serve at all."""
    return RequestFailure(status, sentence, detail, detailed=detailed)


def unreachable(detail: str, detailed: str = "OriginConnectError") -> RequestFailure:
    """The origin refuses connections, closes them, or talks nonsense."""
    return RequestFailure(502, errorpage.ORIGIN_UNREACHABLE, detail, detailed=detailed)


def unresolved(detail: str) -> RequestFailure:
    """The origin's name has no address."""
    return RequestFailure(502, errorpage.ORIGIN_UNRESOLVED, detail, detailed="OriginDnsError")


def timed_out(detail: str) -> RequestFailure:
    """The origin did not answer in time."""
    return RequestFailure(504, errorpage.ORIGIN_TIMEOUT, detail, detailed="OriginCommError")


def function_failed(detail: str) -> RequestFailure:
    """The function raised, crashed, ran out of time or did not start."""
    return RequestFailure(503, errorpage.FUNCTION_INVALID, detail, "LambdaExecutionError")


def function_throttled(detail: str) -> RequestFailure:
    """More concurrent executions were asked for than there may be."""
    return RequestFailure(503, errorpage.FUNCTION_THROTTLED, detail, "LambdaLimitExceeded")


def function_invalid(sentence: str, detail: str, explanation: Explanation | None = None) -> RequestFailure:
    """The function returned what CloudFront does not take."""
    text = f"{sentence} {errorpage.BUSY}"
    return RequestFailure(502, text, detail, "LambdaValidationError", explanation=explanation)
