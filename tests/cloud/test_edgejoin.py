"""Lines of every region become requests: by CloudFront's id, by Lambda's, or alone where neither is known."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.edge_lines import ORIGIN, VIEWER, invocation, record
from edgewise.cloud.edgejoin import Line, join
from edgewise.cloud.tail import KEPT_S, QUIET_S, Tail

VALIDATION = "/aws/cloudfront/LambdaEdge/E123"
UUID = "3f2c1c9e-9a5e-4f1e-8a4d-0c9b6f5f9a10"


def lines(group: str, messages: Iterable[str], *, at: int = 0, region: str = "eu-central-1") -> list[Line]:
    return [
        Line(region, group, "s", at + number, message, f"{region}{group}{at + number}")
        for number, message in enumerate(messages)
    ]


def test_two_functions_of_one_request_in_two_regions_are_one_request() -> None:
    viewer = invocation("l1", record("R1", trigger="viewer-request", path="/lamp", method="GET"), init_ms=90)
    origin = invocation("l2", record("R1", trigger="origin-response", status=200))
    [request] = join([*lines(ORIGIN, origin, at=50, region="eu-west-1"), *lines(VIEWER, viewer)])
    assert request.request_id == "R1" and request.regions == ("eu-central-1", "eu-west-1")
    assert [one.function for one in request.invocations] == ["shop-viewer", "shop-origin"]
    assert (request.facts["path"], request.facts["status"]) == ("/lamp", 200)
    first, second = request.invocations
    assert (first.version, first.duration_ms, first.init_ms) == ("7", 1.25, 90.0)
    assert second.init_ms is None and first.printed == []


def test_what_a_function_prints_is_with_the_request_that_it_was_printed_for() -> None:
    said = [
        *invocation("l1", record("R1", path="/a"), "hello"),
        *invocation("l2", "[ERROR] KeyError: 'x'", record("R2", path="/b")),
    ]
    first, second = join(lines(VIEWER, said))
    assert (first.request_id, first.invocations[0].printed) == ("R1", ["hello"])
    assert (second.request_id, second.invocations[0].printed) == ("R2", ["[ERROR] KeyError: 'x'"])


APP = "/aws/lambda/notes-app"
REQUEST = "8l1Jq3fZcPw1m-VxPd0o9f7uE_2jTzrA5sYk3hQbC6GnWiLtRvXyUQ=="


def test_an_app_that_prints_cloudfronts_id_is_of_that_request() -> None:
    viewer = invocation("l1", record(REQUEST, path="/api/notes", method="GET"))
    app = invocation("l2", "starting", f"INFO request {REQUEST}", init_ms=884)
    origin = invocation("l3", record(REQUEST, status=200))
    other = invocation("l4", f"not an id: {REQUEST[1:]}", f"nor is x{REQUEST}")
    found = join(
        [
            *lines(VIEWER, viewer),
            *lines(APP, [*app, *other], at=10, region="eu-west-1"),
            *lines(ORIGIN, origin, at=40),
        ]
    )
    together, alone = found
    assert (together.request_id, together.facts["status"]) == (REQUEST, 200)
    assert [one.function for one in together.invocations] == ["shop-viewer", "notes-app", "shop-origin"]
    assert together.invocations[1].init_ms == 884
    assert (alone.request_id, [one.function for one in alone.invocations]) == ("", ["notes-app"])


def test_an_invocation_without_a_record_stands_alone() -> None:
    said = invocation(
        "l1", f"2026-11-21T08:00:00Z {UUID} Task timed out after 5.00 seconds", status="timeout"
    )
    [request] = join(lines(VIEWER, said))
    assert request.request_id == "" and request.invocations[0].status == "timeout"
    assert "timed out" in request.invocations[0].printed[0]


@pytest.mark.parametrize(
    "after",
    [
        f"2026-11-21T08:00:00.000Z {UUID} Task timed out after 5.00 seconds\n\n",
        f"RequestId: {UUID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n",
    ],
)
def test_what_lambda_says_after_the_report_is_of_that_invocation_and_not_of_the_next(after: str) -> None:
    said = [*invocation(UUID), after, *invocation("l2", record("R2", path="/next"), init_ms=50)]
    first, second = join(lines(VIEWER, said))
    assert first.invocations[0].printed == [after.rstrip("\n")] and not first.is_silent
    assert (second.request_id, second.invocations[0].printed) == ("R2", [])


def test_a_start_that_fails_is_told_and_one_that_goes_well_is_not() -> None:
    failed = ["INIT_START Runtime Version: python:3.13.v1", "[ERROR] SyntaxError: invalid syntax"]
    [request] = join(lines(VIEWER, failed))
    assert request.invocations[0].printed == ["[ERROR] SyntaxError: invalid syntax"]
    assert join(lines(VIEWER, ["INIT_START Runtime Version: python:3.13.v1"])) == []


@pytest.mark.parametrize("named", ["(R1) ERROR", f"(other) ERROR {UUID}"])
def test_cloudfronts_own_log_is_joined_by_either_id(named: str) -> None:
    function = lines(VIEWER, invocation(UUID, record("R1", path="/a")))
    refused = f"{named} Validation error: Lambda function result failed validation"
    [request] = join([*function, *lines(VALIDATION, [refused], at=90)])
    assert request.request_id == "R1"
    assert [line.message for line in request.validation] == [refused]


def test_a_refusal_whose_function_is_not_known_is_still_told() -> None:
    [request] = join(lines(VALIDATION, ["(R9) ERROR Validation error: the body is too large"]))
    assert (request.request_id, request.invocations) == ("R9", ())
    assert request.regions == ("eu-central-1",)


@pytest.mark.parametrize(
    "torn", ['{"schema":"edge/1"', '{"schema":"other"}', "[" * 9999, '{"schema":"edge/1"} x']
)
def test_a_line_that_only_looks_like_a_record_is_what_a_function_printed(torn: str) -> None:
    [request] = join(lines(VIEWER, invocation("l1", torn)))
    assert request.invocations[0].printed == [torn]


@given(st.lists(st.text(), max_size=12), st.randoms())
def test_no_line_is_lost_or_told_twice(messages: list[str], order: random.Random) -> None:
    given = [*lines(VIEWER, [f"x{one}" for one in messages]), *lines(VALIDATION, messages, at=500)]
    shuffled = order.sample(given, len(given))
    told = [one for request in join(shuffled) for one in request.line_ids]
    assert sorted(told) == sorted(line.id for line in given)


def test_a_followed_request_is_shown_when_nothing_more_has_come_for_a_while() -> None:
    tail = Tail()
    begun = lines(VIEWER, invocation("l1", record("R1", path="/a")))
    tail.add(begun, 0.0)
    assert tail.due(QUIET_S / 2) == []
    tail.add(lines(ORIGIN, invocation("l2", record("R1", status=200)), at=50), QUIET_S / 2)
    assert tail.due(QUIET_S) == []
    [shown] = tail.due(QUIET_S * 2)
    assert not shown.again and len(shown.request.invocations) == 2
    tail.add(begun, QUIET_S * 2)  # the next reading overlaps
    assert tail.due(QUIET_S * 9) == []


def test_a_followed_request_is_shown_again_when_more_of_it_comes_late() -> None:
    tail = Tail()
    tail.add(lines(VIEWER, invocation("l1", record("R1", path="/a"))), 0.0)
    [first] = tail.due(QUIET_S)
    tail.add(lines(VALIDATION, ["(R1) ERROR Validation error"], at=90), QUIET_S * 10)
    [second] = tail.due(QUIET_S * 11)
    assert (first.again, second.again) == (False, True)
    assert second.request.validation


def test_a_record_that_comes_after_the_rest_of_its_invocation_is_still_shown() -> None:
    tail = Tail()
    start, said, *rest = lines(VIEWER, invocation("l1", record("R1", path="/a")))
    tail.add([start, *rest], 0.0)
    [first] = tail.due(QUIET_S)
    assert first.request.is_silent
    tail.add([said], QUIET_S * 2)
    [second] = tail.due(QUIET_S * 3)
    assert second.request.request_id == "R1"


def test_a_long_tail_does_not_grow() -> None:
    tail = Tail()
    for number in range(50):
        now = number * KEPT_S
        tail.add(lines(VIEWER, invocation(f"l{number}", record(f"R{number}")), at=number * 100), now)
        assert len(tail.due(now + QUIET_S)) == 1
    assert len(tail._lines) < 40 and len(tail._arrived) < 40 and len(tail._shown) < 10
