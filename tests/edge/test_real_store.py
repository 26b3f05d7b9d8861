"""Records on their way into the embedded store, over a real socket: from the courier alone, and from a site whose
functions run in frozen environments behind the local CDN."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.doubles import HandClock, Output
from edge.real_store import Store, running_store
from edge.shipping import Shipping
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.courier import Limits
from edgewise.edge.delivery.openobserve import OpenObserve
from edgewise.site import Bundle, bundle_settings
from support.running import associations, behavior, function, running_cdn, running_origin, template
from support.sites import ONE_ORIGIN, TO_OPENOBSERVE, site_of

BUDGET_MS = 2000
PATIENCE = 30.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("real") / "store") as store:
        yield store


@pytest.fixture(params=["write now", "wait"])
def shipping(
    request: pytest.FixtureRequest, store: Store, clock: HandClock, output: Output
) -> Iterator[Shipping]:
    clock.seconds = time.time()
    log = {**store.log, "stream": str(request.param).replace(" ", "_")}
    shipping = Shipping(OpenObserve(log), Limits(BUDGET_MS, wait=request.param == "wait"), clock, output)
    yield shipping
    shipping.delivery.close()


def test_what_the_counter_calls_sent_can_be_asked_for(
    shipping: Shipping, store: Store, clock: HandClock, output: Output, request: pytest.FixtureRequest
) -> None:
    nasty = {"path": '/"\\\n\x00', "user_agent": "schön 𝄞'; DROP TABLE edge"}
    for _ in range(5):
        shipping.deliver(6, remaining_ms=0, _timestamp=clock.now(), **nasty)
        shipping.deliver(_timestamp=clock.now(), status=200, cold=True, waited_ms=0.5)
    shipping.deliver(
        30, remaining_ms=0, _timestamp=clock.now(), path="x" * 2000
    )  # more than one batch of bytes
    shipping.deliver_until_nothing_waits()
    sent, dropped, pending = shipping.counts
    assert (dropped, output.lines) == (0, [])
    assert pending <= 1
    stream = request.node.callspec.params["shipping"].replace(" ", "_")
    rows = store.rows(f"SELECT record_id, path, user_agent FROM {stream} ORDER BY record_id")
    stored = [row["record_id"] for row in rows]
    assert len(stored) == len(set(stored))  # nothing had to be sent twice
    assert {f"r{number}" for number in range(1, sent + 1)} <= set(stored)
    assert len(stored) - sent <= pending
    (first,) = (row for row in rows if row["record_id"] == "r1")
    assert (first["path"], first["user_agent"]) == (nasty["path"], nasty["user_agent"])


def test_a_wrong_password_costs_no_record(store: Store, clock: HandClock, output: Output) -> None:
    clock.seconds = time.time()
    tokens = ["wrong"]
    log = {**store.log, "stream": "passwords"}
    shipping = Shipping(OpenObserve(log, lambda: tokens), Limits(BUDGET_MS, wait=True), clock, output)
    shipping.deliver(2, _timestamp=clock.now())
    assert shipping.counts == (0, 0, 2)
    assert "status 401 Unauthorized" in output.notes[0]
    tokens[:] = ["also wrong", store.log["password"]]
    for _ in range(2):  # one request for each of the two
        clock.pass_time(PAUSE_SECONDS)
        shipping.deliver(_timestamp=clock.now())
    shipping.delivery.close()
    assert shipping.counts == (4, 0, 0)
    assert store.rows("SELECT count(*) AS n FROM passwords") == [{"n": 4}]


def test_records_of_a_site_are_in_the_store_while_its_environments_are_frozen(
    store: Store, tmp_path: Path
) -> None:
    site = site_of(tmp_path, ONE_ORIGIN + TO_OPENOBSERVE)
    bundle = Bundle(site, tmp_path / "bundle", bundle_settings(site, log={**store.log, "budget_ms": 500}))
    bundle.refresh()
    logged = behavior(LambdaFunctionAssociations=associations("viewer-request", "origin-response"))
    text = template(logged, functions={"Function": function("bundle", bundle.handler)})
    seen = []
    with running_origin() as origin, running_cdn(tmp_path, text, origins={"app": origin.url}) as cdn:
        for number in range(12):
            answer = cdn.request(f"/shirts/{number}")
            assert answer.status == 200
            seen.append(answer.headers["X-Amz-Cf-Id"])
            time.sleep(0.02)  # longer than it takes to freeze
        # One more visitor for each environment: it takes up the answers that came while nobody was there.
        until = time.monotonic() + PATIENCE
        while (missing := set(seen[:12]) - set(_requests(store))) and time.monotonic() < until:
            cdn.request("/more")
            time.sleep(0.05)
        assert not missing
        printed = [line for line in cdn.messages() if line.startswith("{")]
    assert printed == []  # nothing was dropped
    rows = store.rows("SELECT * FROM edge ORDER BY _timestamp")
    ids = [row["record_id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert {row["trigger"] for row in rows} == {"viewer-request", "origin-response"}
    for name in {row["environment_id"] for row in rows}:
        mine = [row for row in rows if row["environment_id"] == name]
        assert [row["invocation"] for row in mine] == list(range(1, len(mine) + 1))  # without a gap
        assert mine[-1]["dropped"] == 0
        assert 0 < mine[-1]["sent"] < len(mine)  # when it was made itself


def _requests(store: Store) -> list[str]:
    return [row["request_id"] for row in store.rows("SELECT DISTINCT request_id FROM edge")]
