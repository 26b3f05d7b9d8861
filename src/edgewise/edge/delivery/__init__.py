"""How records leave a function. Each delivery lives in a module that is imported only where it is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from edgewise.edge.environment import Clock
    from edgewise.edge.output import Write
    from edgewise.edge.record import Record

    class Delivery(Protocol):
        """Takes records; counts those that arrived and those that never will."""

        sent: int
        dropped: int

        def deliver(self, record: Record, remaining_ms: float) -> None:
            """Send `record`, or keep it for later; `remaining_ms` is what Lambda leaves this invocation."""


__all__ = ["make_delivery"]


def make_delivery(log: Mapping[str, Any], clock: Clock, write: Write) -> Delivery:
    """The delivery that the checked `log` settings ask for."""
    if log["delivery"] == "openobserve":
        from .openobserve import OpenObserve

        return OpenObserve(log, clock, write)
    from .stdout import Stdout

    return Stdout(write)
