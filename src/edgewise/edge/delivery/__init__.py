"""How records leave a function. Each delivery lives in a module that is imported only where it is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from edgewise.edge.environment import Environment
    from edgewise.edge.output import Write
    from edgewise.edge.record import Record

    from .destination import Destination
    from .network import Network
    from .openobserve import Tokens

    class LineDelivery(Protocol):
        """Takes lines of JSON, and goes on with what it has when there is none."""

        sent: int
        dropped: int

        def deliver_line(self, line: str, remaining_ms: float) -> None:
            """Send `line`, or keep it for later; `remaining_ms` is what Lambda leaves this invocation."""

        def advance(self, remaining_ms: float) -> None:
            """Go on with what was kept."""

    class Delivery(Protocol):
        """Takes records; counts those that arrived, those that never will, and those that were sent again."""

        sent: int
        dropped: int
        retried: int
        waited_ms: float  # that the last `deliver` took
        batch_age_ms: int  # of the oldest record in the batch that was sent last
        drop_reason: str  # of the record that was given up last; empty if none was

        def deliver(self, record: Record, remaining_ms: float) -> None:
            """Send `record`, or keep it for later; `remaining_ms` is what Lambda leaves this invocation."""


__all__ = ["make_delivery"]


def make_delivery(
    log: Mapping[str, Any], environment: Environment, write: Write, network: Network | None = None
) -> Delivery:
    """The delivery that the checked `log` settings ask for. `network` takes the real one's place in a simulation."""
    if log["delivery"] == "stdout":
        from .stdout import Stdout

        return Stdout(write)
    from .courier import Courier, Limits
    from .network import NETWORK

    limits = Limits(log["budget_ms"], wait=log["wait"], gather=log.get("gather", 0))
    return Courier(_make_destination(log, environment), limits, environment.clock, write, network or NETWORK)


def _make_destination(log: Mapping[str, Any], environment: Environment) -> Destination:
    if log["delivery"] == "firehose":
        from .firehose import Firehose

        return Firehose(log, environment)
    if log["delivery"] == "step-functions":
        from .step_functions import StepFunctions

        return StepFunctions(log, environment)
    if log["delivery"] == "eventbridge":
        from .eventbridge import EventBridge

        return EventBridge(log, environment)
    from .openobserve import OpenObserve

    return OpenObserve(log, _make_tokens(log, environment))


def _make_tokens(log: Mapping[str, Any], environment: Environment) -> Tokens | None:
    """The tokens that the settings say are kept elsewhere, asked for within the same budget."""
    where = log.get("token")
    if where is None:
        return None
    from edgewise.edge.secrets import secrets_within

    secrets = secrets_within(log, where["from"], environment)
    return lambda: secrets.tokens(where["name"])
