"""The network that is not there, seen through the real connection; and the real one beside it."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from edge.collector import collecting
from edge.doubles import Context, load_event
from edgewise.edge import Edge
from edgewise.edge.delivery import make_delivery
from edgewise.edge.delivery.answer import Answer
from edgewise.edge.delivery.connection import Connection, StaleConnectionError
from edgewise.edge.delivery.network import NETWORK, Network
from edgewise.simulate.collector import Collector, Record
from edgewise.simulate.faults import Faults
from edgewise.simulate.network import Place, VirtualClock, VirtualNetwork
from edgewise.simulate.parsing import parse_faults
from edgewise.simulate.usage import Usage

ROUND_TRIP = 0.08
BODY = b'[{"record_id":"r"}]'
POST = b"POST /api/default/edge/_json HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
NEVER = 1e9


class Far:
    """A connection to a collector that is far away, and what it has stored."""

    def __init__(self, *faults: str) -> None:
        self.records: list[Record] = []
        self.clock = VirtualClock(0.0)
        place = Place(Collector(self.records.append), Faults(parse_faults(faults)), ROUND_TRIP, keep_alive=60)
        self.connection = Connection("http://far", VirtualNetwork(self.clock, place, Usage(), Random(1)))

    def open(self, patience: float = NEVER) -> bool:
        return self.connection.open(self.clock.seconds + patience)

    def ask(self, patience: float = NEVER) -> Answer | None:
        self.connection.send(POST)
        return self.connection.receive(self.clock.seconds + patience)


def test_opening_takes_two_round_trips_and_an_answer_one() -> None:
    far = Far()
    assert far.open()
    opened = far.clock.seconds
    assert 2 * ROUND_TRIP <= opened <= 2.5 * ROUND_TRIP
    answer = far.ask()
    assert answer is not None and answer.status == 200
    assert ROUND_TRIP <= far.clock.seconds - opened <= 1.25 * ROUND_TRIP
    assert far.records == [{"record_id": "r"}]


def test_a_deadline_ends_the_waiting_and_the_answer_comes_all_the_same() -> None:
    far = Far()
    assert not far.open(patience=0.05)
    assert far.clock.seconds == 0.05
    assert far.open()
    began = far.clock.seconds
    assert far.ask(patience=0.01) is None
    assert far.clock.seconds == began + 0.01
    far.clock.seconds += 3600  # frozen
    assert far.connection.receive(0) is not None


def test_tls_begins_when_the_environment_is_awake_and_goes_on_while_it_is_frozen() -> None:
    far = Far()
    for expected in (False, False, True):  # TCP is begun; TLS is begun; both are done
        assert far.open(patience=0.01) is expected
        far.clock.seconds += 5  # frozen


def test_who_was_idle_for_too_long_opens_anew() -> None:
    far = Far()
    assert far.open() and far.ask()
    far.clock.seconds += 59
    assert far.open(patience=0)
    far.clock.seconds += 10
    assert not far.open(patience=0)


def test_a_request_that_crosses_the_end_of_an_idle_connection_can_be_sent_again() -> None:
    far = Far()
    assert far.open() and far.ask()
    far.clock.seconds += 60 - ROUND_TRIP / 4
    assert far.open(patience=0)
    with pytest.raises(StaleConnectionError):
        far.ask()


def test_a_dead_collector_refuses() -> None:
    far = Far("0s-1m=dead")
    with pytest.raises(ConnectionRefusedError):
        far.open()
    assert ROUND_TRIP <= far.clock.seconds <= 1.25 * ROUND_TRIP


def test_a_collector_that_dies_ends_its_connections_and_takes_answers_with_it() -> None:
    far = Far("5s-10s=slow", "10s-20s=dead")
    assert far.open() and far.ask()
    far.clock.seconds = 8
    with pytest.raises(ConnectionError):
        far.ask()
    assert 10 < far.clock.seconds < 10.1
    assert len(far.records) == 2  # it was stored, and nobody was told


def test_a_hanging_collector_neither_opens_nor_answers() -> None:
    far = Far("10s-20s=hang")
    assert far.open() and far.ask()
    far.clock.seconds = 12
    assert far.ask(patience=5) is None
    far.connection.close()
    assert not far.open(patience=5)
    assert len(far.records) == 1


@pytest.mark.parametrize(("kind", "status", "stored"), [("503", 503, 0), ("lying", 200, 0), ("slow", 200, 1)])
def test_other_faults_answer(kind: str, status: int, stored: int) -> None:
    far = Far(f"0s-1m={kind}")
    assert far.open()
    answer = far.ask()
    assert answer is not None and answer.status == status
    assert len(far.records) == stored
    if kind == "lying":
        assert json.loads(answer.body)["status"][0]["successful"] == 0
    if kind == "slow":
        assert far.clock.seconds > 15


def test_a_real_collector_and_the_simulated_one_get_the_same_records() -> None:
    """Apart from what real time makes of them."""
    simulated: list[Record] = []
    clock = VirtualClock(0.0)
    place = Place(Collector(simulated.append), Faults(), 0.0, keep_alive=60)
    _ship("http://far", VirtualNetwork(clock, place, Usage(), Random(1)), clock)
    with collecting() as collector:
        _ship(collector.url, NETWORK, VirtualClock(0.0))
        real = list(collector.records.values())
    assert len(real) == 5
    assert list(map(_steady, real)) == list(map(_steady, simulated))


def _ship(url: str, network: Network, clock: VirtualClock) -> None:
    log = {
        "delivery": "openobserve",
        "url": url,
        "user": "me",
        "password": "p",
        "wait": True,
        "budget_ms": 5000,
    }
    made: list[Any] = []

    def deliver(log: Any, environment: Any, write: Any) -> Any:
        made.append(make_delivery(log, environment, write, network))
        return made[0]

    edge = Edge({"log": log}, clock=clock, environ={"AWS_REGION": "eu-west-1"}, deliver=deliver)
    for number in range(5):
        event = load_event("viewer-request")
        event["Records"][0]["cf"]["config"]["requestId"] = f"r{number}"
        edge(event, Context(remaining_ms=10_000))
        clock.seconds += 1
    made[0].close()


def _steady(record: Record) -> Record:
    of_its_own = ("environment_id", "waited_ms", "batch_age_ms")
    return {name: value for name, value in record.items() if name not in of_its_own}
