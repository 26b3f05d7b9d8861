"""A courier under test: it is given records, and nothing it does may lose count of them."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any

from edge.doubles import HandClock, Output
from edgewise.edge.delivery.courier import Courier, Limits
from edgewise.edge.delivery.network import NETWORK, Network
from edgewise.edge.delivery.openobserve import OpenObserve

if TYPE_CHECKING:
    from edgewise.edge.delivery.destination import Destination


class Shipping:
    """Delivers records named r1, r2, … and checks with every look that sent + dropped + pending = made."""

    def __init__(
        self,
        destination: Destination,
        limits: Limits,
        clock: HandClock,
        output: Output,
        network: Network = NETWORK,
    ) -> None:
        self.delivery = Courier(destination, limits, clock, output, network)
        self.made = 0

    def deliver(self, count: int = 1, remaining_ms: float = 5000, **fields: Any) -> float:
        """Deliver `count` records; the seconds that took."""
        began = time.monotonic()
        for _ in range(count):
            self.made += 1
            self.delivery.deliver({"record_id": f"r{self.made}", "path": "/", **fields}, remaining_ms)
        return time.monotonic() - began

    @property
    def counts(self) -> tuple[int, int, int]:
        """(sent, dropped, pending), which always add up to the records made."""
        counts = (self.delivery.sent, self.delivery.dropped, self.delivery.pending)
        assert sum(counts) == self.made
        return counts

    def deliver_until_all_is_sent(self) -> None:
        """One record after another, as long as it takes an answer to cross the loopback."""
        until = time.monotonic() + 20
        while self.counts[2] and time.monotonic() < until:
            self.deliver()
            time.sleep(0.005)

    def deliver_until_nothing_waits(self) -> None:
        """As above, with a bounded number of further records: the last one is in flight in write-now mode."""
        until = time.monotonic() + 20
        while self.counts[2] > 1 and time.monotonic() < until:
            self.deliver()
            time.sleep(0.01)

    def let_the_answer_arrive(self) -> None:
        """However long this machine takes for it."""
        opened = self.delivery._connection._socket
        if opened is not None and self.delivery._in_flight:
            select.select([opened], [], [], 20)


def to_openobserve(url: str, clock: HandClock, output: Output, budget_ms: float, *, wait: bool) -> Shipping:
    """Shipping to the stream `edge` of a store."""
    log = {"url": url, "organization": "default", "stream": "edge", "user": "me", "password": "pä:ss"}
    return Shipping(OpenObserve(log), Limits(budget_ms, wait=wait), clock, output)
