"""Which requests are recorded where not all are, that errors always are, and that counts can be weighted right."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import ENVIRON, Context, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.edge.log import is_sampled

REQUESTS = 400


def site(sample: float, output: Output) -> Edge:
    """A site whose origin fails for every tenth request, in an environment of its own."""
    return Edge({"log": {"delivery": "stdout", "sample": sample}}, write=output, environ=ENVIRON)


def ask(edge: Edge, trigger: str, request_id: str, status: str = "200") -> None:
    event = load_event(trigger)
    cf = event["Records"][0]["cf"]
    cf["config"]["requestId"] = request_id
    if "response" in cf:
        cf["response"]["status"] = status
    edge(event, Context())


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """What is recorded of a few hundred requests of which a quarter are sampled."""
    output = Output()
    viewer, origin = site(0.25, output), site(0.25, output)
    for number in range(REQUESTS):
        request_id = f"request-{number}"
        ask(viewer, "viewer-request", request_id)
        ask(origin, "origin-response", request_id, "503" if number % 10 == 0 else "200")
    return output.records


def test_records_of_one_request_stay_together(records: list[dict[str, Any]]) -> None:
    viewer = {record["request_id"] for record in records if record["trigger"] == "viewer-request"}
    origin = {record["request_id"] for record in records if record.get("status") == 200}
    assert origin < viewer
    assert 0.15 < len(viewer) / REQUESTS < 0.35


def test_errors_are_always_recorded(records: list[dict[str, Any]]) -> None:
    failed = [record for record in records if record.get("status") == 503]
    assert len(failed) == REQUESTS / 10
    assert {record["sample_rate"] for record in failed} == {1.0}
    assert {record["sample_rate"] for record in records if record not in failed} == {0.25}


def test_weights_make_up_for_what_is_left_out(records: list[dict[str, Any]]) -> None:
    for trigger in ("viewer-request", "origin-response"):
        estimate = sum(1 / record["sample_rate"] for record in records if record["trigger"] == trigger)
        assert abs(estimate - REQUESTS) < 0.25 * REQUESTS
    errors = sum(1 / record["sample_rate"] for record in records if record.get("status") == 503)
    assert errors == REQUESTS / 10


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_the_rate(rate: float) -> None:
    count = 20_000
    for ids in (
        [f"request-{number}" for number in range(count)],
        [os.urandom(28).hex() + "==" for _ in range(count)],
    ):
        share = sum(is_sampled(one, rate) for one in ids) / count
        assert abs(share - rate) < 6 * (rate * (1 - rate) / count) ** 0.5


@given(st.text(st.characters(), max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_a_request_in_a_smaller_share_is_in_every_larger_one(
    request_id: str, one: float, other: float
) -> None:
    assert is_sampled(request_id, min(one, other)) <= is_sampled(request_id, max(one, other))
    assert is_sampled(request_id, 1)
    assert not is_sampled(request_id, 0)


def test_requests_without_an_id_are_told_apart_by_lambdas() -> None:
    output = Output()
    edge = site(0.25, output)
    for number in range(REQUESTS):
        event = load_event("viewer-request")
        del event["Records"][0]["cf"]["config"]["requestId"]
        edge(event, Context(f"{number:08x}-invocation"))
    assert 0.15 < len(output.records) / REQUESTS < 0.35


def test_a_failed_step_is_recorded_where_nothing_else_is() -> None:
    output = Output()
    edge = site(0, output)
    ask(edge, "viewer-request", "a")

    @edge.viewer_request(optional=True)
    def broken(request: Request) -> None:
        if request.request_id == "b":
            raise LookupError

    @edge.viewer_request
    def refuse(request: Request) -> Any:
        return request.respond(403) if request.request_id == "c" else None

    for request_id in "abcd":
        ask(edge, "viewer-request", request_id)
    assert [(record["request_id"], record["sample_rate"]) for record in output.records] == [
        ("b", 1.0),
        ("c", 1.0),
    ]
    assert [record["sent"] for record in output.records] == [0, 1]


@pytest.mark.parametrize(("sample", "status", "kept"), [(1, 302, True), (0, 302, False), (0, 418, True)])
def test_what_is_answered_at_origin_request_is_recorded_there_for_no_other_trigger_sees_it(
    sample: float, status: int, kept: bool
) -> None:
    output = Output()
    edge = site(sample, output)
    ask(edge, "origin-request", "passes")

    @edge.origin_request
    def answer(request: Request) -> Any:
        return request.respond(status)

    ask(edge, "origin-request", "answered")
    told = [(record["request_id"], record["trigger"], record["status"]) for record in output.records]
    assert told == [("answered", "origin-request", status)] * kept


def test_what_is_not_recorded_does_not_hide_a_failure_from_the_next_record() -> None:
    output = Output()
    edge = site(0, output)

    @edge.origin_request(optional=True)
    def broken(request: Request) -> None:
        raise LookupError

    ask(edge, "origin-request", "a")
    ask(edge, "viewer-request", "b")
    (record,) = output.records
    assert record["trigger"] == "origin-request"
    assert record["failure"].startswith("broken: LookupError at test_sampling.py:")
