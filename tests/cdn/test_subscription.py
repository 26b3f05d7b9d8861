"""Records on their way to the store: in batches, kept while it is down, none lost and none sent twice."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from edgewise.cdn import LogEvent, Subscription
from support.running import reply, running_origin

Answer = Callable[[Any], None]


class Collector:
    """Takes batches as OpenObserve does; `status` other than 200 refuses them."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: dict[str, list[Any]] = {"edge": [], "access": [], "page_views": []}
        self.lie = False

    def __call__(self, handler: Any) -> None:
        if self.status != 200:
            reply(handler, self.status, b"{}")
            return
        stream = handler.path.split("/")[3]
        records = json.loads(handler.body)
        successful = 0 if self.lie else len(records)
        if not self.lie:
            self.taken[stream] += records
        status = [{"name": stream, "successful": successful, "failed": 0}]
        reply(handler, 200, json.dumps({"code": 200, "status": status}).encode())


def line(message: str) -> LogEvent:
    return LogEvent("eu-central-1", "/aws/lambda/us-east-1.f", "s", 0.0, message)


async def happened(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def deliver(
    url: str, act: Callable[[Subscription], None], *, until: Callable[[], bool], seconds: float = 20
) -> tuple[int, list[str]]:
    """Run a subscription, `act` on it, wait for a condition; how many records were left when it was to end within so
    many seconds, and what was said."""
    said: list[str] = []

    async def run() -> int:
        subscription = Subscription(url, "user", "secret", said.append)
        act(subscription)
        await happened(until)
        return await subscription.close(timeout=seconds)

    return asyncio.run(run()), said


def test_records_are_posted_in_order_with_credentials() -> None:
    collector = Collector()
    records = [json.dumps({"schema": "edge/1", "n": n}, separators=(",", ":")) for n in range(1200)]

    def act(subscription: Subscription) -> None:
        for record in records:
            subscription.log_event(line(record))
        torn = '{"schema":"edge/1","path":"/torn'
        for other in (
            "START RequestId: 1",
            "plain text",
            '{"not": "ours"}',
            "{broken",
            torn,
            '{"schema":"edge/1","n":NaN}',
        ):
            subscription.log_event(line(other))
        subscription.access({"schema": "access/1"})

    with running_origin(collector) as store:
        left, said = deliver(store.url, act, until=lambda: bool(collector.taken["access"]))
    assert [record["n"] for record in collector.taken["edge"]] == list(range(1200))
    assert (left, said) == (0, [])
    headers: http.client.HTTPMessage = store.seen[0][2]
    assert headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert [target for _, target, _, _ in store.seen][:1] == ["/api/default/edge/_json"]


def test_any_stream_is_delivered_beside_the_others() -> None:
    collector = Collector()

    def act(subscription: Subscription) -> None:
        subscription.access({"n": 1})
        subscription.add("page_views", b'{"page":"/"}')

    with running_origin(collector) as store:
        left, said = deliver(store.url, act, until=lambda: bool(collector.taken["page_views"]))
    assert collector.taken["page_views"] == [{"page": "/"}]
    assert (left, said) == (0, [])


def test_nothing_is_lost_while_the_store_fails() -> None:
    collector = Collector()
    collector.status = 503

    def taken() -> bool:
        if len(store.seen) > 1:  # it has been refused, and has come again
            collector.status = 200
        return len(collector.taken["access"]) == 700

    with running_origin(collector) as store:
        left, said = deliver(
            store.url,
            lambda subscription: [subscription.access({"n": n}) for n in range(700)] and None,
            until=taken,
        )
    assert left == 0
    assert [record["n"] for record in collector.taken["access"]] == list(range(700))
    assert "503" in said[0] and said[-1] == "the store is back"


def test_a_200_that_took_nothing_is_not_believed() -> None:
    collector = Collector()
    collector.lie = True
    with running_origin(collector) as store:
        seen = store.seen
        left, said = deliver(
            store.url, lambda subscription: subscription.access({}), until=lambda: len(seen) > 0, seconds=1.5
        )
    assert left == 1
    assert "took 0 of 1" in said[0]


def test_a_batch_that_is_refused_for_good_does_not_block_the_next() -> None:
    collector = Collector()
    collector.status = 400
    said: list[str] = []

    async def run() -> Subscription:
        subscription = Subscription(store.url, "user", "secret", said.append)
        subscription.access({"n": 1})
        await happened(lambda: said)
        collector.status = 200
        subscription.access({"n": 2})
        await happened(lambda: collector.taken["access"])
        assert await subscription.close() == 0
        return subscription

    with running_origin(collector) as store:
        subscription = asyncio.run(asyncio.wait_for(run(), 30))
    assert collector.taken["access"] == [{"n": 2}]
    assert subscription.dropped == 1
    assert "refused 1 records (400)" in said[0]


def test_a_store_that_is_not_there_leaves_the_records_counted() -> None:
    left, said = deliver(
        "http://127.0.0.1:1", lambda subscription: subscription.access({}), until=lambda: True, seconds=1.5
    )
    assert left == 1
    assert len(said) == 1 and "connection refused" in said[0]
