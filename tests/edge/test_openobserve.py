"""Delivery over HTTP to a store that is well, slow, lying, broken or gone. No request of a visitor ever fails."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from edge.collector import Collector, collecting
from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edge.shipping import Shipping, to_openobserve
from edgewise.edge import Edge
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.connection import Connection
from edgewise.edge.delivery.network import Network
from edgewise.edge.delivery.openobserve import OpenObserve

BUDGET_MS = 1000
MOST_PENDING = 500
MOST_PENDING_BYTES = 256 * 1024
FAULTS = (
    "say nothing",
    "drip",
    "close half-way",
    "hang up",
    "babble",
    "drown",
    "lie",
    "500 Oops",
    "503 Full",
    "401 Who",
    "429 Later",
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def shipping(collector: Collector, clock: HandClock, output: Output) -> Iterator[Shipping]:
    shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=True)
    yield shipping
    shipping.delivery.close()


def test_records_go_over_one_connection_with_credentials(shipping: Shipping, collector: Collector) -> None:
    shipping.deliver(5)
    assert shipping.counts == (5, 0, 0)
    assert list(collector.records) == ["r1", "r2", "r3", "r4", "r5"]
    assert collector.connections == 1
    path, headers, _ = collector.requests[0]
    assert path == "/api/default/edge/_json"
    assert headers["authorization"] == "Basic " + base64.b64encode("me:pä:ss".encode()).decode()
    assert headers["host"] == f"localhost:{collector.port}"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("behaviour", ["store, chunked", "store, then close", "store, then vanish"])
def test_however_the_store_frames_its_answers_all_records_arrive(
    shipping: Shipping, collector: Collector, output: Output, behaviour: str
) -> None:
    collector.behaviour = behaviour
    shipping.deliver(4)
    assert shipping.counts == (4, 0, 0)
    assert len(collector.records) == 4
    assert collector.connections == (1 if "chunked" in behaviour else 4)
    assert output.lines == []


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_nothing_waits_until_the_pause_is_over_and_nothing_is_lost(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output, fault: str
) -> None:
    shipping.deliver()
    collector.behaviour = fault
    assert shipping.deliver() < 10  # a bound, not a measurement: "drip" would take minutes
    shipping.deliver(2)  # where there are answers, it is seen whether it was that one record
    requests = len(collector.requests)
    shipping.deliver(3)
    assert shipping.counts == (1, 0, 6)
    assert len(collector.requests) == requests  # at most one attempt per pause
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert shipping.counts == (8, 0, 0)
    assert sorted(collector.records) == [f"r{i}" for i in range(1, 9)]
    assert len(output.lines) == 1 + 2 * (fault == "lie" or fault[0].isdigit())
    for note in output.lines:
        assert note.startswith(f"edgewise: {collector.url} did not take the records (")


def test_an_answer_that_is_slower_than_the_budget_is_taken_up_later(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    collector.behaviour = "store, answer when awaited"  # and half an answer before that
    shipping.deliver()
    shipping.deliver(2)
    assert shipping.counts == (0, 0, 3)
    assert (len(collector.requests), list(collector.records)) == (1, ["r1"])
    collector.behaviour = "store"
    collector.awaited.set()
    shipping.deliver_until_all_is_sent()
    assert shipping.counts == (shipping.made, 0, 0)
    assert sum(size for _, _, size in collector.requests) == shipping.made  # nothing was sent twice
    assert collector.connections == 1
    assert output.lines == []


def test_what_was_sent_is_not_dropped_before_its_answer(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    collector.behaviour = "store, answer when awaited"
    shipping.deliver()
    shipping.deliver(MOST_PENDING + 1, remaining_ms=0)
    assert shipping.counts == (0, 2, MOST_PENDING)
    assert [record["record_id"] for record in output.records] == ["r2", "r3"]
    collector.behaviour = "store"
    collector.awaited.set()
    shipping.deliver_until_all_is_sent()
    sent, dropped, pending = shipping.counts
    assert (sent + dropped, pending) == (shipping.made, 0)
    assert len(collector.records) == sent
    assert not {record["record_id"] for record in output.records} & set(collector.records)


def test_a_connection_that_was_closed_while_idle_costs_no_pause(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    shipping.deliver()
    collector.behaviour = "hang up once"
    shipping.deliver()
    assert shipping.counts == (2, 0, 0)
    assert collector.connections == 2
    assert output.lines == []


class SlowResolver:
    """Answers when it is told to, and counts its questions."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.asked = 0

    def __call__(self, host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        assert self.told.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]


def test_nobody_waits_for_a_slow_resolver_and_its_late_answer_is_used(collector: Collector) -> None:
    resolver = SlowResolver()
    connection = Connection(f"http://store.example:{collector.port}", Network(resolver))
    assert [connection.open(time.monotonic() + 0.02) for _ in range(2)] == [False, False]
    resolver.told.set()
    deadline = time.monotonic() + 20
    assert connection.open(deadline)
    connection.send(b"POST / HTTP/1.1\r\nContent-Length: 19\r\n\r\n" + b'[{"record_id":"r"}]')
    answer = None
    while answer is None and time.monotonic() < deadline:
        answer = connection.receive(time.monotonic() - 1)  # what is there is read, however late it is
    connection.close()
    assert answer is not None
    assert (answer.status, list(collector.records), resolver.asked) == (200, ["r"], 1)


def test_a_lost_answer_is_sent_again_under_the_same_ids(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    collector.behaviour = "store, then say nothing"
    shipping.deliver()
    assert (shipping.counts, list(collector.records)) == ((0, 0, 1), ["r1"])
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert (shipping.counts, list(collector.records)) == ((2, 0, 0), ["r1", "r2"])


def test_a_clock_that_was_set_back_ends_the_pause(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    collector.behaviour = "503 Full"
    shipping.deliver()
    collector.behaviour = "store"
    clock.pass_time(-3600)
    shipping.deliver()
    assert shipping.counts == (2, 0, 0)


@pytest.mark.parametrize(
    ("behaviour", "counts"), [("refuse one", (2, 1, 0)), ("400 Bad", (0, 3, 0)), ("413 Large", (0, 3, 0))]
)
def test_what_is_refused_for_good_is_printed_and_not_tried_again(
    shipping: Shipping,
    collector: Collector,
    clock: HandClock,
    output: Output,
    behaviour: str,
    counts: tuple[int, int, int],
) -> None:
    shipping.deliver(2, remaining_ms=0)
    collector.behaviour = behaviour
    shipping.deliver()
    assert shipping.counts == counts
    assert [record["record_id"] for record in output.records] == ["r1", "r2", "r3"]
    assert "refused, " in output.notes[0]
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert collector.requests[-1][2] == 1


@pytest.mark.parametrize(
    ("stored", "failed", "is_believed"),
    [
        *((3, 0, True), (2, 1, True), (0, 3, True)),
        *((2, 0, False), (3, 1, False), (1, 1, False), (0, 0, False), (4, -1, False), (-1, 4, False)),
    ],
)
def test_numbers_are_believed_only_if_they_add_up(stored: int, failed: int, is_believed: bool) -> None:
    log = {"url": "http://a", "organization": "o", "stream": "s", "user": "", "password": ""}
    status = {"name": "s", "successful": stored, "failed": failed}
    verdict = OpenObserve(log).verdict(200, json.dumps({"code": 200, "status": [status]}).encode(), 3)
    told = len(verdict.stored), len(verdict.refused)
    assert told == ((stored, failed) if is_believed else (0, 0))


def test_what_does_not_fit_into_memory_is_printed_oldest_first(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "503 Full"
    shipping.deliver(MOST_PENDING)
    assert (shipping.counts, shipping.delivery.drop_reason) == ((0, 0, MOST_PENDING), "")
    shipping.deliver(3)
    assert (shipping.counts, shipping.delivery.drop_reason) == ((0, 3, MOST_PENDING), "room")
    assert [record["record_id"] for record in output.records] == ["r1", "r2", "r3"]
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert shipping.counts == (MOST_PENDING, 4, 0)
    assert len(collector.records) == MOST_PENDING


def test_memory_is_bounded_in_bytes_too(shipping: Shipping, collector: Collector, output: Output) -> None:
    collector.behaviour = "503 Full"
    shipping.deliver(10, path="x" * (MOST_PENDING_BYTES // 4))
    assert shipping.counts == (0, 7, 3)
    assert len(output.records) == 7
    shipping.deliver(1, path="x" * MOST_PENDING_BYTES)  # larger than all there is
    assert shipping.counts == (0, 11, 0)


def test_a_backlog_goes_in_batches_of_a_bounded_size(shipping: Shipping, collector: Collector) -> None:
    shipping.deliver(60, remaining_ms=0, path="x" * 4000)
    assert collector.requests == []
    for _ in range(20):  # each time as much as its budget allows
        shipping.deliver()
    assert shipping.counts == (80, 0, 0)
    assert max(size for _, _, size in collector.requests) <= 16
    assert all(int(headers["content-length"]) < 66_000 for _, headers, _ in collector.requests)


def test_an_invocation_that_is_about_to_time_out_does_not_wait(
    shipping: Shipping, collector: Collector
) -> None:
    collector.behaviour = "say nothing"
    shipping.deliver(3, remaining_ms=90)
    assert (shipping.counts, collector.requests) == ((0, 0, 3), [])


def test_https_is_verified(
    clock: HandClock, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with collecting(context) as collector:
        stranger = to_openobserve(collector.url, clock, output, 2000, wait=True)
        stranger.deliver()
        assert stranger.counts == (0, 0, 1)
        assert "CERTIFICATE_VERIFY_FAILED" in output.notes[0]

        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        friend = to_openobserve(collector.url, clock, output, 2000, wait=True)
        friend.deliver(3)
        friend.delivery.close()
        assert (friend.counts, list(collector.records)) == ((3, 0, 0), ["r1", "r2", "r3"])


@pytest.mark.parametrize("fault", ["store, then close", *FAULTS, "refuse one", "400 Bad"])
def test_the_visitor_is_served_whatever_the_store_does(
    collector: Collector, clock: HandClock, output: Output, fault: str
) -> None:
    log = {"delivery": "openobserve", "url": collector.url, "budget_ms": BUDGET_MS, "wait": True}
    edge = Edge({"log": log}, clock=clock, write=output, environ=ENVIRON)
    collector.behaviour = fault
    for _ in range(3):
        assert edge(load_event("viewer-request"), Context())["uri"] == "/shirts/17"
    collector.behaviour = "store, then close"
    clock.pass_time(PAUSE_SECONDS)
    edge(load_event("origin-response"), Context("last"))
    for _ in range(20):  # what this machine did not do within the budget goes with the next visitor
        if any(name.endswith(":last") for name in collector.records):
            break
        clock.pass_time(PAUSE_SECONDS)
        edge(load_event("viewer-request"), Context())
    (last,) = (record for name, record in collector.records.items() if name.endswith(":last"))
    assert last["failed_steps"] == 0
    # A batch with a refused record is printed whole, since the store does not say which one it was.
    assert last["dropped"] == len(output.records)
    assert last.get("drop_reason") == ("refused" if output.records else None)
