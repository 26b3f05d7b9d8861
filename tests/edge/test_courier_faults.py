"""Whatever stands between a function and its collector, and whatever the collector does: every visitor is answered
within the budget, at most one of them waits for it in a breaker's period, and no record is lost without a count.

The budget is BUDGET_MS, and what a machine may take on top of it is 100 ms and what it was seen to take (witness.py).
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from edge.collector import Collector, closed_port, collecting
from edge.doubles import HandClock, Output
from edge.fault_proxy import FaultProxy, spoiling
from edge.shipping import Shipping, to_openobserve
from edge.witness import Witness, witnessing
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.courier import MOST_MISSES, Limits
from edgewise.edge.delivery.network import Network
from edgewise.edge.delivery.openobserve import OpenObserve

BUDGET_MS = 200
NOTICED_MS = 150  # who waited this long waited for the budget, not for a busy processor
ON_THE_WAY = ("hang", "read slowly", "half-close", "reset", "drip", "cut", "babble")
OF_THE_COLLECTOR = ("503 Full", "500 Oops", "lie", "401 Who", "hang up")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield authority


def server_context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


class Route:
    """A courier, a proxy that can spoil the way, and a collector that can misbehave."""

    def __init__(
        self, collector: Collector, proxy: FaultProxy, shipping: Shipping, clock: HandClock, witness: Witness
    ) -> None:
        self.collector = collector
        self.proxy = proxy
        self.shipping = shipping
        self.clock = clock
        self.witness = witness

    def break_with(self, fault: str) -> None:
        if fault in ON_THE_WAY:
            self.proxy.fault = fault
        else:
            self.collector.behaviour = fault

    def mend(self) -> None:
        self.proxy.fault, self.collector.behaviour = "", "store"

    def tries(self) -> int:
        return max(self.proxy.connections, len(self.collector.requests))

    def visit(self, count: int) -> int:
        """Deliver records with a pause between them; how many visitors noticed."""
        noticed = 0
        for _ in range(count):
            self.shipping.deliver(path="x" * 200)
            waited_ms = self.shipping.delivery.waited_ms
            assert waited_ms <= BUDGET_MS + self.witness.allowance_ms()
            noticed += waited_ms > NOTICED_MS + self.witness.late_ms()
            time.sleep(0.02)
        return noticed


@pytest.fixture
def witness() -> Iterator[Witness]:
    with witnessing() as witness:
        yield witness


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["write now", "wait"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def route(
    scheme: str, mode: str, authority: trustme.CA, clock: HandClock, output: Output, witness: Witness
) -> Iterator[Route]:
    with ExitStack() as stack:
        context = server_context(authority) if scheme == "https" else None
        collector = stack.enter_context(collecting(context))
        proxy = stack.enter_context(spoiling(collector.port))
        url = f"{scheme}://localhost:{proxy.port}"
        shipping = to_openobserve(url, clock, output, BUDGET_MS, wait=mode == "wait")
        stack.callback(shipping.delivery.close)
        yield Route(collector, proxy, shipping, clock, witness)


@pytest.mark.parametrize("fault", [*ON_THE_WAY, *OF_THE_COLLECTOR])
@pytest.mark.parametrize("begins", ["at once", "later"])
def test_a_fault_costs_one_visitor_the_budget_and_loses_no_record(
    route: Route, output: Output, fault: str, begins: str
) -> None:
    if begins == "later":
        route.shipping.deliver()
        route.shipping.deliver_until_nothing_waits()
    route.break_with(fault)
    before = route.tries()
    assert route.visit(6) <= 1
    if fault in (*ON_THE_WAY, "hang up"):
        assert route.tries() - before <= 2  # one, and another if the fault made a kept connection stale
    else:  # it is seen whether one record is to blame: those that have gathered go by halves, then some alone
        for _ in range(100):
            if any(" wait " in note for note in output.notes):
                break
            route.visit(1)
        assert route.tries() - before <= MOST_MISSES + 3
    assert route.shipping.counts[1] == 0

    for _ in range(2):  # periods in which it is still broken
        route.clock.pass_time(PAUSE_SECONDS * 2)
        before, notes = route.tries(), len(output.notes)
        noticed = route.visit(3)
        for _ in range(100):  # until the answer, where there is one, has been taken in this period
            if fault in ON_THE_WAY or len(output.notes) > notes:
                break
            noticed += route.visit(1)
        assert noticed <= 1
        assert route.tries() - before <= 1

    route.mend()
    route.clock.pass_time(PAUSE_SECONDS * 8)
    route.visit(1)
    route.clock.pass_time(PAUSE_SECONDS * 8)  # what was under way while it was mended is given up
    route.shipping.deliver_until_nothing_waits()
    sent, dropped, pending = route.shipping.counts
    assert (dropped, output.records) == (0, [])
    assert pending <= 1
    stored = set(route.collector.records)
    assert {f"r{i}" for i in range(1, sent + 1)} <= stored
    assert all(note.startswith("edgewise: ") for note in output.notes)


def test_nobody_listens(clock: HandClock, output: Output, mode: str, witness: Witness) -> None:
    with closed_port() as port:
        shipping = to_openobserve(f"http://127.0.0.1:{port}", clock, output, BUDGET_MS, wait=mode == "wait")
        assert shipping.deliver(5) * 1000 <= BUDGET_MS + witness.allowance_ms()  # all five together
    assert shipping.counts == (0, 0, 5)
    (note,) = output.lines
    assert "ConnectionRefusedError" in note
    assert "5 wait" not in note  # it was said once, when one had failed


def test_the_host_has_no_address(clock: HandClock, output: Output, mode: str) -> None:
    shipping = to_openobserve(f"http://{'x' * 64}.example", clock, output, BUDGET_MS, wait=mode == "wait")
    shipping.deliver(5)  # so long a label is given to no resolver
    assert shipping.counts == (0, 0, 5)
    assert len(output.lines) == 1


def test_a_silent_resolver_costs_one_visitor_the_budget_in_each_period(
    clock: HandClock, output: Output, mode: str, witness: Witness
) -> None:
    asked = []
    told = threading.Event()

    def resolve(host: str, port: int, **hints: object) -> list[tuple[object, ...]]:
        asked.append(host)
        told.wait(10)
        raise OSError("no answer")

    log = {"url": "http://store.example", "organization": "o", "stream": "s", "user": "", "password": ""}
    shipping = Shipping(
        OpenObserve(log), Limits(BUDGET_MS, wait=mode == "wait"), clock, output, Network(resolve)
    )
    try:
        for _ in range(3):
            waits = [shipping.deliver() * 1000 for _ in range(4)]
            assert sum(wait > NOTICED_MS + witness.late_ms() for wait in waits) <= 1
            assert max(waits) <= BUDGET_MS + witness.allowance_ms()
            clock.pass_time(PAUSE_SECONDS * 2)
    finally:
        told.set()
    until = time.monotonic() + 20
    while not asked and time.monotonic() < until:
        time.sleep(0.01)  # its thread may not have had its turn yet
    assert asked == ["store.example"]
    assert shipping.counts == (0, 0, 12)


@pytest.mark.parametrize("trouble", ["another name", "unknown authority", "expired", "no TLS"])
def test_who_answers_is_not_the_collector(
    authority: trustme.CA, clock: HandClock, output: Output, mode: str, trouble: str
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer = trustme.CA() if trouble == "unknown authority" else authority
    name = "elsewhere.example" if trouble == "another name" else "localhost"
    issuer.issue_cert(name, not_after=yesterday if trouble == "expired" else None).configure_cert(server)
    with collecting(None if trouble == "no TLS" else server) as collector:
        url = f"https://localhost:{collector.port}"
        shipping = to_openobserve(url, clock, output, 2000, wait=mode == "wait")
        shipping.deliver(3)
        assert shipping.counts == (0, 0, 3)
        assert (collector.requests, collector.connections) == ([], 1)
        assert ("SSL" if trouble == "no TLS" else "CERTIFICATE_VERIFY_FAILED") in output.lines[0]
