"""How the courier finds its way back after faults: in small steps, and no record holds up the others."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from edge.collector import Collector, collecting
from edge.doubles import HandClock, Output
from edge.shipping import Shipping, to_openobserve
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.courier import MOST_LONE_FAULTS, MOST_MISSES, Limits
from edgewise.edge.delivery.lookup import Lookup
from edgewise.edge.delivery.network import Network
from edgewise.edge.delivery.openobserve import OpenObserve

BUDGET_MS = 1000
NOTICED_MS = 900


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def shipping(collector: Collector, clock: HandClock, output: Output) -> Iterator[Shipping]:
    shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=True)
    yield shipping
    shipping.delivery.close()


def sizes(collector: Collector) -> list[int]:
    return [size for _, _, size in collector.requests]


def test_after_a_fault_one_record_goes_ahead_and_each_batch_is_twice_the_one_before(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    collector.behaviour = "503 Full"
    shipping.deliver(20)
    collector.requests.clear()
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert sizes(collector) == [1]  # of 21: a store that is full is not sent all of them
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS * 2)
    shipping.deliver()
    assert sizes(collector) == [1, 1, 2, 4, 8, 7]
    assert shipping.counts == (22, 0, 0)


@pytest.mark.parametrize("way", ["forbid poison", "hang up on poison"])
def test_a_record_that_never_gets_through_holds_up_no_other_and_is_given_up(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output, way: str
) -> None:
    collector.behaviour = way  # as a firewall does, or a server that a record brings down
    shipping.deliver(5, remaining_ms=0)
    shipping.deliver(path="poison", remaining_ms=0)
    shipping.deliver(10, remaining_ms=0)
    for _ in range(40):
        clock.pass_time(PAUSE_SECONDS)
        shipping.deliver()
    assert (shipping.counts[1:], shipping.delivery.drop_reason) == ((1, 0), "stopped")
    assert [record["record_id"] for record in output.records] == ["r6"]
    assert set(collector.records) == {f"r{number}" for number in range(1, shipping.made + 1)} - {"r6"}


@pytest.mark.parametrize("wait", [False, True])
def test_a_visitor_whom_a_firewall_forbids_again_and_again_holds_up_no_other(
    collector: Collector, clock: HandClock, output: Output, wait: bool
) -> None:
    collector.behaviour = "forbid poison"
    shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=wait)
    for number in range(800):
        shipping.deliver(path="poison" if number % 100 == 50 else "/")
        assert shipping.delivery.waited_ms < NOTICED_MS
        clock.pass_time(0.2)
        shipping.let_the_answer_arrive()
    for _ in range(20):
        shipping.deliver()
        shipping.let_the_answer_arrive()
    shipping.delivery.close()
    printed = [record["record_id"] for record in output.records]
    assert printed == [f"r{number}" for number in range(51, 801, 100)]
    assert shipping.counts[2] <= 1
    assert not [note for note in output.notes if " wait " in note]  # there was no pause


def test_an_outage_that_answers_costs_one_request_in_each_period_after_the_first(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    shipping.deliver(20)
    collector.requests.clear()
    collector.behaviour = "403 Forbidden"
    shipping.deliver(16, remaining_ms=0)
    shipping.deliver(20)
    assert sizes(collector) == [17, 8, 4, 2, 1, 1, 1]  # is it one of them, or all?
    for _ in range(4):
        collector.requests.clear()
        clock.pass_time(PAUSE_SECONDS * 8)
        shipping.deliver(5)
        assert sizes(collector) == [1]
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS * 8)
    shipping.deliver()
    assert shipping.counts == (shipping.made, 0, 0)


def test_after_an_outage_what_does_not_fit_is_still_printed_oldest_first(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "503 Full"
    for _ in range(30):
        shipping.deliver(20)
        clock.pass_time(PAUSE_SECONDS * 8)
    assert [record["record_id"] for record in output.records] == [f"r{n}" for n in range(1, 101)]


def test_in_an_outage_no_record_is_given_up_however_often_it_fails(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "503 Full"
    shipping.deliver(3)
    for _ in range(MOST_LONE_FAULTS * 10):
        clock.pass_time(PAUSE_SECONDS * 8)
        shipping.deliver(remaining_ms=5000)
    assert shipping.counts == (0, 0, shipping.made)
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS * 8)
    shipping.deliver()
    assert shipping.counts == (shipping.made, 0, 0)
    assert output.records == []


def test_a_destination_that_refuses_everything_is_asked_once_in_a_period(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "400 Bad"
    shipping.deliver(20)
    assert shipping.counts == (0, MOST_MISSES, 20 - MOST_MISSES)
    for _ in range(3):
        collector.requests.clear()
        clock.pass_time(PAUSE_SECONDS * 8)
        shipping.deliver(5)
        assert sizes(collector) == [1]


@pytest.mark.parametrize("status", ["301 Moved", "404 Not Found", "405 No", "502 Bad Gateway"])
def test_what_says_nothing_of_the_records_costs_none_of_them(
    shipping: Shipping, collector: Collector, output: Output, status: str
) -> None:
    collector.behaviour = status
    shipping.deliver(20)
    assert shipping.counts == (0, 0, 20)
    assert output.records == []
    assert status[:3] in output.notes[0]


def test_a_token_that_is_forbidden_has_the_other_one_take_its_place(shipping: Shipping) -> None:
    destination = OpenObserve({"url": "http://a", "organization": "o", "stream": "s", "user": "u"}, pair)
    before = destination.request(["{}"])
    verdict = destination.verdict(403, b"Forbidden", 1)
    assert verdict.stored | verdict.refused == frozenset()
    assert destination.request(["{}"]) != before


def pair() -> tuple[str, str]:
    return ("one", "two")


def test_credentials_that_an_answer_repeats_are_not_printed(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    collector.behaviour = "repeat the head"
    shipping.deliver()
    (note,) = output.notes
    assert "authorization" in note.lower()
    _, headers, _ = collector.requests[0]
    assert headers["authorization"].removeprefix("Basic ") not in note
    assert "***" in note


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a host that takes connections and then says nothing at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def test_where_many_come_nobody_waits_for_a_connection_that_is_opening(
    silent: str, clock: HandClock, output: Output
) -> None:
    shipping = to_openobserve(silent, clock, output, BUDGET_MS, wait=False)

    def noticed(count: int) -> int:
        waits = 0
        for _ in range(count):
            shipping.deliver()
            waits += shipping.delivery.waited_ms > NOTICED_MS
            clock.pass_time(0.5)
        return waits

    assert noticed(1) == 1  # nobody knows yet that others will come
    assert noticed(200) == 0  # through all the attempts and pauses of 100 seconds
    assert 3 <= len(output.notes) <= 5
    clock.pass_time(300)
    assert noticed(1) == 1  # where one comes now and then, no other would go on with the opening
    assert shipping.counts == (0, 0, shipping.made)
    shipping.delivery.close()


def test_where_visitors_are_few_a_connection_has_a_minute_to_open(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    known = threading.Event()

    def resolve(host: str, port: int, **hints: object) -> list[tuple[object, ...]]:
        known.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    log = {"url": f"http://store.example:{collector.port}", "organization": "o", "stream": "s", "user": "u"}
    destination = OpenObserve({**log, "password": ""})
    shipping = Shipping(destination, Limits(20), clock, output, Network(resolve))
    for _ in range(4):
        shipping.deliver()
        clock.pass_time(14)
    known.set()
    time.sleep(0.2)  # by when the answer is there, for the next visitor to find
    shipping.deliver_until_nothing_waits()
    shipping.delivery.close()
    assert shipping.counts[0] >= 4
    assert output.lines == []


def test_a_thread_that_cannot_be_started_is_started_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))]
    lookup = Lookup("store.example", 1, lambda *_, **__: answer)

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="new thread"):
            lookup.addresses(1)
    assert lookup.addresses(5) == answer


def test_every_line_that_is_printed_is_a_record_or_a_note(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    collector.behaviour = "400 Bad"
    shipping.deliver(30)
    for line in output.lines:
        assert line.startswith("edgewise: ") or "record_id" in json.loads(line)
