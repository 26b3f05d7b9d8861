"""What the courier makes of verdicts, of time and of its bounds; a collector on loopback answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.collector import Collector, collecting
from edge.doubles import HandClock, Output
from edge.shipping import Shipping, to_openobserve
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.courier import MOST_MISSES, Limits
from edgewise.edge.delivery.destination import Verdict
from edgewise.edge.delivery.openobserve import COMPRESSED_FROM, OpenObserve
from edgewise.edge.errors import LoadError

BUDGET_MS = 5000  # never used up here


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def shipping(collector: Collector, clock: HandClock, output: Output) -> Iterator[Shipping]:
    """One that waits for answers."""
    shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=True)
    yield shipping
    shipping.delivery.close()


@pytest.fixture
def unwaiting(collector: Collector, clock: HandClock, output: Output) -> Iterator[Shipping]:
    shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=False)
    yield shipping
    shipping.delivery.close()


def ids(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [record["record_id"] for record in records]


# Write now, read the answer later.


def test_a_visitor_does_not_wait_for_an_answer_and_the_next_one_takes_it_up(
    unwaiting: Shipping, collector: Collector
) -> None:
    collector.behaviour = "store, answer when awaited"
    assert unwaiting.deliver() < BUDGET_MS / 2000
    until = time.monotonic() + 20
    while not collector.records and time.monotonic() < until:
        time.sleep(0.005)
    assert (list(collector.records), unwaiting.counts) == (["r1"], (0, 0, 1))
    unwaiting.deliver(3)
    assert (len(collector.requests), unwaiting.counts) == (1, (0, 0, 4))  # one batch at a time
    collector.behaviour = "store"
    collector.awaited.set()
    unwaiting.deliver_until_nothing_waits()
    assert sum(size for _, _, size in collector.requests) == unwaiting.made
    assert (collector.connections, unwaiting.delivery.retried) == (1, 0)


def test_counters_tell_of_waiting_of_age_and_of_what_was_sent_again(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    shipping.deliver()
    assert 0 < shipping.delivery.waited_ms < 5 * BUDGET_MS
    assert (shipping.delivery.batch_age_ms, shipping.delivery.retried) == (0, 0)
    shipping.deliver(remaining_ms=0)
    clock.pass_time(2.5)
    shipping.deliver()
    assert (shipping.delivery.batch_age_ms, shipping.delivery.retried) == (2500, 0)
    collector.behaviour = "503 Full"
    shipping.deliver()
    collector.behaviour = "store"
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    assert (shipping.counts, shipping.delivery.retried) == ((5, 0, 0), 1)


# The breaker.


def test_the_pause_doubles_with_each_fault_up_to_eight_times_and_success_ends_that(
    shipping: Shipping, collector: Collector, clock: HandClock
) -> None:
    def pause() -> int:
        """Seconds until the next attempt."""
        before, seconds = len(collector.requests), 0
        while len(collector.requests) == before:
            clock.pass_time(1)
            seconds += 1
            shipping.deliver()
        return seconds

    collector.behaviour = "hang up"
    shipping.deliver()
    collector.behaviour = "503 Full"  # one answer like this is enough after a pause
    assert [pause() for _ in range(5)] == [10, 20, 40, 80, 80]
    collector.behaviour = "store"
    assert pause() == 80
    collector.behaviour = "503 Full"
    shipping.deliver()
    assert [pause() for _ in range(3)] == [1, 1, 10]


def test_what_waits_too_long_is_printed_but_not_before_its_answer(
    unwaiting: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "store, answer when awaited"
    unwaiting.deliver()
    unwaiting.deliver(2, remaining_ms=0)
    clock.pass_time(4 * 3600 + 1)  # frozen
    unwaiting.deliver(remaining_ms=0)
    assert ids(output.records) == ["r2", "r3"]
    assert (unwaiting.counts, unwaiting.delivery.drop_reason) == ((0, 2, 2), "age")


# Refusals.


def test_a_poison_record_is_found_by_halves_and_printed_and_all_others_arrive(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "refuse poison"
    shipping.deliver(5, remaining_ms=0)
    shipping.deliver(path="poison", remaining_ms=0)
    shipping.deliver(10)
    assert (shipping.counts, shipping.delivery.drop_reason) == ((15, 1, 0), "refused")
    assert ids(output.records) == ["r6"]
    assert set(collector.records) == {f"r{i}" for i in range(1, 17)} - {"r6"}
    (note,) = output.notes
    assert "(1 of 1 refused, printed above: status 400" in note
    assert len(collector.requests) < 20


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(poison=st.sets(st.integers(1, 24), max_size=6), wait=st.booleans())
def test_wherever_poison_is_it_alone_is_printed(poison: set[int], wait: bool) -> None:
    clock, output = HandClock(), Output()
    with collecting() as collector:
        shipping = to_openobserve(collector.url, clock, output, BUDGET_MS, wait=wait)
        collector.behaviour = "refuse poison"
        for number in range(1, 25):
            shipping.deliver(path="poison" if number in poison else "/", remaining_ms=0)
        until = time.monotonic() + 20
        while shipping.counts[2] > (not wait) and time.monotonic() < until:
            clock.pass_time(PAUSE_SECONDS * 8)
            shipping.deliver()
            shipping.let_the_answer_arrive()
        shipping.delivery.close()
        assert set(ids(output.records)) == {f"r{i}" for i in poison}
        assert shipping.counts[1] == len(poison)
        assert len(collector.records) >= shipping.counts[0]


def test_a_destination_that_refuses_everything_is_taken_for_broken(
    shipping: Shipping, collector: Collector, clock: HandClock, output: Output
) -> None:
    collector.behaviour = "400 Bad"
    shipping.deliver(20)
    assert shipping.counts == (0, MOST_MISSES, 20 - MOST_MISSES)
    clock.pass_time(PAUSE_SECONDS)
    collector.behaviour = "store"
    shipping.deliver()
    assert shipping.counts == (21 - MOST_MISSES, MOST_MISSES, 0)
    assert ids(output.records) == ["r1", "r2", "r3"]


def test_if_all_of_a_batch_are_refused_for_sure_each_is_printed_once(
    shipping: Shipping, collector: Collector, output: Output
) -> None:
    shipping.deliver(3, remaining_ms=0)
    collector.behaviour = "refuse all"
    shipping.deliver()
    assert (shipping.counts, ids(output.records)) == ((0, 4, 0), ["r1", "r2", "r3", "r4"])
    assert len(collector.requests) == 1


# Destinations that say which records they took.


class Judging:
    """A destination whose verdicts the test chooses; the collector stores everything."""

    def __init__(self, url: str, judge: Callable[[int], Verdict]) -> None:
        self.host = url
        self.most_records = 4
        self.judge = judge
        self.batches: list[list[str]] = []

    def request(self, lines: Sequence[str]) -> bytes:
        self.batches.append(ids([json.loads(line) for line in lines]))
        body = f"[{','.join(lines)}]".encode()
        return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def verdict(self, status: int, body: bytes, count: int) -> Verdict:
        assert status == 200
        return self.judge(count)


def judged_by(
    collector: Collector, clock: HandClock, output: Output, *verdicts: Verdict
) -> tuple[Shipping, Judging]:
    """The verdicts in their order, then `stored`."""
    left = list(verdicts)
    judging = Judging(collector.url, lambda count: left.pop(0) if left else Verdict(range(count)))
    return Shipping(judging, Limits(BUDGET_MS, wait=True), clock, output), judging


def test_only_what_was_not_taken_is_sent_again_in_its_order_after_a_pause(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    verdict = Verdict(stored=[1], refused=[3], reason="busy")
    shipping, judging = judged_by(collector, clock, output, verdict)
    shipping.deliver(4, remaining_ms=0)
    shipping.deliver()
    assert shipping.counts == (1, 1, 3)
    assert ids(output.records) == ["r4"]
    assert "(UndeliveredError: 1 of 4 refused, printed above: busy); 3 wait 10 s" in output.notes[0]
    clock.pass_time(PAUSE_SECONDS)
    shipping.deliver()
    shipping.delivery.close()
    assert judging.batches == [["r1", "r2", "r3", "r4"], ["r1"], ["r3", "r5"], ["r6"]]
    assert (shipping.counts, shipping.delivery.retried) == ((5, 1, 0), 2)


def test_a_record_that_was_not_taken_is_not_sent_twice_for_one_visitor(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    shipping, judging = judged_by(collector, clock, output, Verdict(reason="expired"))
    shipping.deliver()
    assert (shipping.counts, len(judging.batches)) == ((0, 0, 1), 1)
    assert output.notes[-1].endswith("(expired)")
    shipping.deliver()
    shipping.delivery.close()
    assert (shipping.counts, judging.batches) == ((2, 0, 0), [["r1"], ["r2"], ["r1"]])


def test_indices_that_do_not_exist_change_nothing(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    shipping, _ = judged_by(collector, clock, output, Verdict([0, 5], refused=[0, -1, 9], reason="odd"))
    shipping.deliver()
    shipping.delivery.close()
    assert (shipping.counts, output.lines) == ((1, 0, 0), [])


@pytest.mark.parametrize("part", ["request", "verdict"])
def test_a_destination_that_raises_costs_a_pause_and_no_record(
    collector: Collector, clock: HandClock, output: Output, part: str
) -> None:
    shipping, judging = judged_by(collector, clock, output)

    def fail(*_: object) -> Any:
        raise LookupError("no secret")

    setattr(judging, part, fail)
    shipping.deliver(3)
    shipping.delivery.close()
    assert shipping.counts == (0, 0, 3)
    assert len(output.notes) == 1
    assert "(LookupError: no secret); 1 wait 10 s" in output.notes[0]


# OpenObserve's own.


def test_bodies_are_compressed_where_it_is_worth_it(shipping: Shipping, collector: Collector) -> None:
    shipping.deliver()
    shipping.deliver(9, remaining_ms=0, path="/shirts" * 100)
    shipping.deliver()
    (_, small, _), (_, large, _) = collector.requests
    assert "content-encoding" not in small
    assert large["content-encoding"] == "gzip"
    assert int(large["content-length"]) < COMPRESSED_FROM / 4
    assert len(collector.records) == 11


def test_a_token_that_was_rotated_away_is_replaced_by_the_other_one_at_once(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    log = {"url": collector.url, "organization": "o", "stream": "s", "user": "me"}
    tokens = ["old", "new"]
    collector.tokens = {"old", "new"}
    shipping = Shipping(OpenObserve(log, lambda: tokens), Limits(BUDGET_MS, wait=True), clock, output)
    shipping.deliver()
    collector.tokens = {"new"}
    shipping.deliver(2)
    assert (shipping.counts, len(collector.requests)) == ((3, 0, 0), 4)
    tokens[:] = ["new", "newer"]  # the secret was read again: the first one is valid now
    shipping.deliver(2)
    assert shipping.counts == (5, 0, 0)
    collector.tokens = set()
    shipping.deliver(3)
    shipping.delivery.close()
    assert shipping.counts == (5, 0, 3)


# All together.

steps = st.tuples(
    st.sampled_from(
        ["store", "503 Full", "lie", "hang up", "hang up once", "refuse poison", "refuse one", "babble"]
    ),
    st.integers(0, 6),
    st.booleans(),
    st.sampled_from([0, 0, 3, PAUSE_SECONDS, 100, 5 * 3600]),
)


@settings(max_examples=40, deadline=None)
@given(script=st.lists(steps, max_size=8), wait=st.booleans())
def test_whatever_happens_every_record_is_stored_printed_or_pending(
    script: list[tuple[str, int, bool, int]], wait: bool
) -> None:
    clock, output = HandClock(), Output()
    with collecting() as collector:
        limits = Limits(BUDGET_MS, wait=wait, records=12, bytes=600)
        log = {"url": collector.url, "organization": "o", "stream": "s", "user": "", "password": ""}
        shipping = Shipping(OpenObserve(log), limits, clock, output)
        for behaviour, count, is_poison, seconds in script:
            collector.behaviour = behaviour
            for _ in range(count):
                shipping.deliver(path="poison" if is_poison else "/")
                assert shipping.counts[2] <= 12
            clock.pass_time(seconds)
        collector.behaviour = "store"
        clock.pass_time(100)
        shipping.deliver()
        until = time.monotonic() + 20
        while shipping.counts[2] > (not wait) and time.monotonic() < until:
            clock.pass_time(1)
            shipping.deliver()
            shipping.let_the_answer_arrive()
        shipping.delivery.close()
        sent, dropped, pending = shipping.counts
        printed = ids(output.records)
        assert set(printed) | set(collector.records) >= {
            f"r{i}" for i in range(1, shipping.made + 1 - pending)
        }
        assert len(printed) >= dropped
        assert len(collector.records) >= sent


def test_a_secret_that_is_not_in_memory_yet_is_no_fault_of_the_collector(
    collector: Collector, clock: HandClock, output: Output
) -> None:
    log = {"url": collector.url, "organization": "o", "stream": "s", "user": "me"}
    faults = [LoadError("not yet"), LoadError("not yet"), None]
    faults[0].__cause__ = TimeoutError()  # type: ignore[union-attr]  # this one was tried, and is told

    def tokens() -> Sequence[str]:
        fault = faults.pop(0) if faults else None
        if fault:
            raise fault
        return ("token",)

    shipping = Shipping(OpenObserve(log, tokens), Limits(BUDGET_MS, wait=True), clock, output)
    shipping.deliver(2)
    assert (shipping.counts, collector.connections) == ((0, 0, 2), 0)
    shipping.deliver()
    shipping.delivery.close()
    assert shipping.counts == (3, 0, 0)
    assert output.notes == [f"edgewise: {collector.url} did not take the records (not yet)"]
