"""Questions to one operation of AWS's that may each take several invocations: opening a connection, then the answer.

At a small function's share of a processor a TLS handshake can take longer than one visitor should wait. So what is not
done within his time goes on where it stopped when somebody asks again, be it invocations later. Who asks then takes
what is there, and waits for nothing that he has not begun.
"""

from __future__ import annotations

from edgewise.edge.delivery.connection import Connection, StaleConnectionError
from edgewise.edge.delivery.network import NETWORK
from edgewise.edge.errors import EdgeError, UnderWayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgewise.edge.delivery.answer import Answer
    from edgewise.edge.delivery.network import Network
    from edgewise.edge.environment import Clock

    from .call import Operation

PATIENCE_SECONDS = 120  # for a connection, then for the answer; both may have to wait for the next visitor
_NOW = 0.0  # a deadline that is past: look, but do not wait
_SECOND = 1_000_000


class AwsError(EdgeError):
    """A service of AWS did not give what it was asked for. `reason` is AWS's code for why, if it said so."""

    code = "edge.aws"
    may_be_told = True

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class PatientCall:
    """Asks one question at a time, over a connection of its own, which it keeps between questions if `keeps_alive`.

    Nothing is heard for `patience` seconds: then the question is given up.
    """

    def __init__(
        self,
        operation: Operation,
        clock: Clock,
        network: Network = NETWORK,
        *,
        patience: float = PATIENCE_SECONDS,
        keeps_alive: bool = False,
    ) -> None:
        self._operation = operation
        self._clock = clock
        self._network = network
        self._connection = Connection(operation.host, network)
        self._patience = patience
        self._keeps_alive = keeps_alive
        self._since: int | None = None  # when what is waited for began, in microseconds; None if nothing is
        self._asked: dict[str, Any] | None = None  # what was sent and has no answer yet

    def ask(self, payload: dict[str, Any], budget_ms: float) -> bytes:
        """The body of the answer to `payload`. UnderWayError if it is not there in time: ask again.

        The answer to another question, which nobody came back for, is taken first and thrown away.
        AwsError if the answer is not 200, or none comes; the connection's errors.
        """
        deadline = self._network.monotonic() + budget_ms / 1000
        try:
            answer = self._advance(payload, deadline)
        except BaseException:
            self.close()
            raise
        if answer is None:
            raise UnderWayError(f"{self._operation.host} has not answered yet; the call goes on")
        if not self._keeps_alive:
            self.close()
        if answer.status != 200:
            problem = self._operation.problem(answer.status, answer.body)
            raise AwsError(str(problem), problem.code)
        return answer.body

    def close(self) -> None:
        """Give up the question that goes on, and close the connection."""
        self._since = self._asked = None
        self._connection.close()

    def _advance(self, payload: dict[str, Any], deadline: float) -> Answer | None:
        self._check_patience()
        if self._asked not in (None, payload):
            self._receive(_NOW)  # and throw it away
            if self._asked is not None:
                return None
        for _ in range(2):  # once more where the connection was closed while it was idle
            if self._asked is None and not self._send(payload, deadline):
                return None
            answer = self._receive(deadline)
            if answer is not None or self._asked is not None:
                return answer
        return None

    def _check_patience(self) -> None:
        if self._since is not None and not 0 <= self._clock.now() - self._since < self._patience * _SECOND:
            raise AwsError(f"{self._operation.host} has been silent for {self._patience:g} s")

    def _send(self, payload: dict[str, Any], deadline: float) -> bool:
        """Whether the question is on its way. Who finds the connection being opened does not wait for that."""
        is_opening = self._since is not None
        if not is_opening:
            self._since = self._clock.now()
        if not self._connection.open(_NOW if is_opening else deadline):
            return False
        self._connection.send(self._operation.request(payload))
        self._asked, self._since = payload, self._clock.now()
        return True

    def _receive(self, deadline: float) -> Answer | None:
        """The answer to what was asked, if it is there. `_asked` is None afterwards if none will come."""
        try:
            answer = self._connection.receive(deadline)
        except StaleConnectionError:
            self._since = self._asked = None
            return None
        if answer is not None:
            self._since = self._asked = None
        return answer
