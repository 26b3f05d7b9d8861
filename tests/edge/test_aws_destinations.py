"""Firehose, EventBridge and Step Functions: their requests and answers by botocore's models, and whole deliveries to
services on loopback that check every signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from edge.aws_double import (
    AWS_ENVIRON,
    AwsDouble,
    Params,
    Reply,
    answered_well,
    aws_on_loopback,
    operation_model,
    params_of,
)
from edge.doubles import HandClock, Output
from edge.shipping import Shipping
from edge.test_aws_calls import take_apart
from edgewise.edge.delivery.answer import MOST_BYTES
from edgewise.edge.delivery.courier import MOST_BATCH_BYTES, MOST_MISSES, Limits
from edgewise.edge.delivery.eventbridge import EventBridge
from edgewise.edge.delivery.firehose import Firehose
from edgewise.edge.delivery.step_functions import StepFunctions
from edgewise.edge.environment import Environment
from edgewise.edge.record import build_record, to_line

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:views"
SETTINGS: dict[str, Any] = {
    "region": "eu-central-1",
    "endpoint": None,
    "stream_name": "views",
    "bus": "default",
    "state_machine_arn": ARN,
    "execution_per": "batch",
}
TARGETS = {
    Firehose: "Firehose_20150804.PutRecordBatch",
    EventBridge: "AWSEvents.PutEvents",
    StepFunctions: "AWSStepFunctions.StartExecution",
}
ALL = pytest.mark.parametrize("kind", TARGETS)
PAUSE = 11.0  # seconds, a little over the courier's after a first fault
Destination = Firehose | EventBridge | StepFunctions
_RECORDS = st.builds(
    lambda path, agent: build_record(
        {"record_id": "r:viewer-request", "duration_ms": 1, "cold": True, "path": path, "user_agent": agent}
    ),
    path=st.text(max_size=40),
    agent=st.text(max_size=3000),
)
_LINES = st.lists(_RECORDS.map(to_line), min_size=1, max_size=10)


def make(kind: type[Any], **settings: Any) -> Destination:
    destination: Destination = kind({**SETTINGS, **settings}, Environment(HandClock(), AWS_ENVIRON))
    return destination


def params(kind: type[Any], request: bytes) -> Params:
    """What botocore's client would have sent the same request for, and that it would have sent the same."""
    _, model = operation_model(TARGETS[kind])
    _, headers, body = take_apart(request)
    found = params_of(model, body)
    version = model.service_model.metadata["jsonVersion"]
    serialized = create_serializer("json").serialize_to_request(found, model)
    assert json.loads(serialized["body"]) == json.loads(body)
    assert headers["X-Amz-Target"] == serialized["headers"]["X-Amz-Target"]
    assert (
        headers["Content-Type"]
        == serialized["headers"]["Content-Type"]
        == f"application/x-amz-json-{version}"
    )
    return found


def records_in(kind: type[Any], sent: Params) -> list[str]:
    """The lines in a call, as a consumer would see them."""
    if kind is Firehose:
        text = b"".join(record["Data"] for record in sent["Records"]).decode("ascii")
        assert text.endswith("\n")
        return text.splitlines()
    if kind is EventBridge:
        return [entry["Detail"] for entry in sent["Entries"]]
    found = json.loads(sent["input"])
    return [json.dumps(record) for record in (found if isinstance(found, list) else [found])]


@ALL
@given(lines=_LINES)
def test_every_record_is_in_the_request_in_order(kind: type[Any], lines: list[str]) -> None:
    sent = params(kind, make(kind).request(lines))
    assert [json.loads(line) for line in records_in(kind, sent)] == [json.loads(line) for line in lines]


@ALL
def test_the_largest_request_stays_within_the_limits_of_the_service(kind: type[Any]) -> None:
    destination = make(kind)
    line = json.dumps({"record_id": "r", "path": '"' * (MOST_BATCH_BYTES // 8)})
    lines = [line] * min(destination.most_records, MOST_BATCH_BYTES // (len(line) + 1))
    body = take_apart(destination.request(lines))[2]
    sent = params(kind, destination.request(lines))  # botocore's model has limits of its own
    if kind is Firehose:
        assert len(body) < 4 * 1024 * 1024
    elif kind is EventBridge:
        counted = sum(
            len(entry["Source"] + entry["DetailType"] + entry["Detail"]) for entry in sent["Entries"]
        )
        assert counted < 256 * 1024
    else:
        assert len(sent["input"]) <= 262_144


def test_an_answer_about_the_most_records_can_be_read() -> None:
    destination = make(Firehose)
    _, reply = answered_well(TARGETS[Firehose], {"Records": [{}] * destination.most_records})
    assert len(json.dumps(reply)) < MOST_BYTES - 4096  # of headers


_OUTCOMES = st.sampled_from(
    [None, "ServiceUnavailableException", "InternalFailure", "ThrottlingException", "MalformedDetail"]
)


@pytest.mark.parametrize("kind", [Firehose, EventBridge])
@given(outcomes=st.lists(_OUTCOMES, min_size=1, max_size=10))
def test_each_record_has_the_fate_that_botocore_reads_in_the_answer(
    kind: type[Any], outcomes: list[str | None]
) -> None:
    body = json.dumps(_mixed(kind, outcomes)).encode()
    _, model = operation_model(TARGETS[kind])
    parsed = create_parser("json").parse(
        {"status_code": 200, "headers": {}, "body": body}, model.output_shape
    )
    entries = parsed["RequestResponses" if kind is Firehose else "Entries"]
    failed = {index for index, entry in enumerate(entries) if "ErrorCode" in entry}
    hopeless = {index for index in failed if entries[index]["ErrorCode"] == "MalformedDetail"}
    hopeless = hopeless if kind is EventBridge else set()

    verdict = make(kind).verdict(200, body, len(outcomes))
    assert verdict.stored == set(range(len(outcomes))) - failed
    assert verdict.refused == hopeless
    assert verdict.certain
    assert all(code in verdict.reason for code in outcomes if code)


def _mixed(kind: type[Any], outcomes: list[str | None]) -> Params:
    failed = sum(code is not None for code in outcomes)
    good, key, count = (
        ("RecordId", "RequestResponses", "FailedPutCount")
        if kind is Firehose
        else ("EventId", "Entries", "FailedEntryCount")
    )
    entries = [
        {"ErrorCode": code, "ErrorMessage": "Slow down."} if code else {good: "1"} for code in outcomes
    ]
    return {count: failed, key: entries}


@ALL
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"<html>", b'{"Entries":{},"RequestResponses":7}', b'{"Entries":[1,2]}'],
)
def test_a_200_of_another_shape_proves_nothing(kind: type[Any], body: bytes) -> None:
    verdict = make(kind).verdict(200, body, 2)
    assert verdict.stored | verdict.refused == frozenset()
    assert verdict.reason


def test_an_answer_with_too_few_entries_proves_nothing() -> None:
    body = json.dumps(_mixed(Firehose, [None])).encode()
    assert make(Firehose).verdict(200, body, 2).stored == frozenset()


@ALL
@pytest.mark.parametrize(
    ("status", "code", "refused"),
    [
        (400, "ThrottlingException", False),
        (400, "ResourceNotFoundException", False),
        (400, "StateMachineDoesNotExist", False),
        (400, "AccessDeniedException", False),
        (400, "ExpiredTokenException", False),
        (400, "InvalidSignatureException", False),
        (500, "InternalFailure", False),
        (503, "ServiceUnavailableException", False),
        (400, "ValidationException", True),
        (400, "SerializationException", True),
        (413, "RequestEntityTooLargeException", True),
    ],
)
def test_only_what_blames_the_records_refuses_them(
    kind: type[Any], status: int, code: str, refused: bool
) -> None:
    body = json.dumps({"__type": code, "message": "no"}).encode()
    verdict = make(kind).verdict(status, body, 3)
    assert verdict.stored == frozenset()
    assert verdict.refused == frozenset(range(3) if refused else ())
    assert verdict.certain != refused  # a batch that is blamed as a whole is halved
    assert code in verdict.reason


def test_an_event_says_where_it_comes_from_and_what_it_is() -> None:
    entry = params(EventBridge, make(EventBridge, bus="views").request(['{"record_id":"r"}']))["Entries"][0]
    assert entry == {
        "Source": "edgewise",
        "DetailType": "Edge record",
        "EventBusName": "views",
        "Detail": '{"record_id":"r"}',
    }


def test_a_bus_or_a_state_machine_is_called_in_its_own_region() -> None:
    bus = "arn:aws:events:ap-south-1:123456789012:event-bus/views"
    assert make(EventBridge, bus=bus).host == "https://events.ap-south-1.amazonaws.com"
    assert make(EventBridge).host == "https://events.eu-central-1.amazonaws.com"
    assert make(StepFunctions).host == "https://states.eu-west-1.amazonaws.com"
    assert make(Firehose, region=None).host == "https://firehose.eu-west-2.amazonaws.com"


def _execution(line: str, per: str = "record") -> str:
    sent = params(StepFunctions, make(StepFunctions, execution_per=per).request([line]))
    name: str = sent["name"]
    return name


def test_the_execution_of_a_record_is_found_by_its_id() -> None:
    request_id = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="
    assert _execution(json.dumps({"record_id": f"{request_id}:viewer-request"})) == (
        "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ_viewer-request"
    )
    assert len(_execution(json.dumps({"record_id": f"{request_id}:origin-response:9b1deb4d"}))) <= 80


@given(record_id=st.text(max_size=160))
def test_any_record_id_gives_a_name_that_aws_takes_and_another_id_another(record_id: str) -> None:
    record_id = record_id.encode("utf-8", "replace").decode()
    name = _execution(json.dumps({"record_id": record_id}))
    assert 1 <= len(name) <= 80
    assert name.isascii()
    assert not set(name) & set(' <>{}[]?*"#%\\^|~`$&,;:/')
    assert name == _execution(json.dumps({"record_id": record_id}))
    assert name != _execution(json.dumps({"record_id": record_id + "!"}))


def test_a_batch_that_is_sent_again_has_the_same_name_and_any_other_batch_another() -> None:
    destination = make(StepFunctions)
    one, two = '{"record_id":"1"}', '{"record_id":"2"}'
    names = [
        params(StepFunctions, destination.request(lines))["name"] for lines in ([one], [one], [one, two])
    ]
    assert names[0] == names[1] != names[2]


def test_an_execution_that_exists_was_started_by_an_earlier_attempt() -> None:
    body = b'{"__type":"ExecutionAlreadyExists","message":"Execution Already Exists"}'
    assert make(StepFunctions).verdict(400, body, 3).stored == {0, 1, 2}


@pytest.fixture
def aws(clock: HandClock) -> Iterator[AwsDouble]:
    with aws_on_loopback(clock) as double:
        yield double


@pytest.fixture
def ship(aws: AwsDouble, clock: HandClock, output: Output) -> Iterator[Any]:
    """Makes a courier to a destination whose services are on loopback."""
    made: list[Shipping] = []

    def start(kind: type[Any], *, wait: bool = True, environ: Any = AWS_ENVIRON, **settings: Any) -> Shipping:
        log = {**SETTINGS, "endpoint": aws.url, **settings}
        made.append(Shipping(kind(log, Environment(clock, environ)), Limits(2000, wait=wait), clock, output))
        return made[-1]

    yield start
    for shipping in made:
        shipping.delivery.close()


def arrived(kind: type[Any], aws: AwsDouble) -> list[str]:
    return [json.loads(line)["record_id"] for _, sent in aws.calls for line in records_in(kind, sent)]


@ALL
def test_records_arrive_signed_over_one_connection(kind: type[Any], aws: AwsDouble, ship: Any) -> None:
    shipping = ship(kind)
    shipping.deliver(5)
    assert shipping.counts == (5, 0, 0)
    assert arrived(kind, aws) == ["r1", "r2", "r3", "r4", "r5"]
    assert {target for target, _ in aws.calls} == {TARGETS[kind]}
    assert aws.refused == []
    assert aws.connections == 1
    assert aws.regions == {"eu-west-1" if kind is StepFunctions else "eu-central-1"}


@ALL
def test_written_now_and_read_later_they_arrive_too(kind: type[Any], aws: AwsDouble, ship: Any) -> None:
    shipping = ship(kind, wait=False)
    shipping.deliver(20)
    shipping.deliver_until_nothing_waits()
    sent, dropped, _ = shipping.counts
    assert dropped == 0
    assert sent >= 20
    assert set(arrived(kind, aws)) >= {f"r{number}" for number in range(1, sent + 1)}


@ALL
def test_a_wrong_key_is_refused_and_the_records_wait_until_it_is_right(
    kind: type[Any], aws: AwsDouble, ship: Any, clock: HandClock, output: Output
) -> None:
    variables = {**AWS_ENVIRON, "AWS_SECRET_ACCESS_KEY": "wrong"}
    shipping = ship(kind, environ=variables)
    shipping.deliver(5)
    assert shipping.counts == (0, 0, 5)
    assert len(aws.refused) == MOST_MISSES  # then there is a pause
    assert "InvalidSignatureException" in output.notes[0]
    variables.update(AWS_ENVIRON)
    clock.pass_time(PAUSE)
    shipping.deliver()
    assert shipping.counts == (6, 0, 0)
    assert output.records == []


@pytest.mark.parametrize("kind", [Firehose, EventBridge])
def test_of_a_batch_only_the_records_that_failed_are_sent_again(
    kind: type[Any], aws: AwsDouble, ship: Any, clock: HandClock
) -> None:
    def two_fail(target: str, sent: Params) -> Reply:
        aws.answer = answered_well
        return 200, _mixed(kind, [None, "InternalFailure", None, "InternalFailure"])

    aws.answer = two_fail
    shipping = ship(kind)
    shipping.deliver(3, remaining_ms=0)
    shipping.deliver()
    assert shipping.counts == (2, 0, 2)
    clock.pass_time(PAUSE * 2)
    shipping.deliver()
    assert shipping.counts == (5, 0, 0)
    assert arrived(kind, aws) == ["r1", "r2", "r3", "r4", "r2", "r4", "r5"]


def test_an_event_that_is_at_fault_is_printed_and_the_others_go_on(
    aws: AwsDouble, ship: Any, clock: HandClock, output: Output
) -> None:
    aws.answer = lambda target, sent: (200, _mixed(EventBridge, ["MalformedDetail"]))
    shipping = ship(EventBridge)
    shipping.deliver()
    assert shipping.counts == (0, 1, 0)
    assert [record["record_id"] for record in output.records] == ["r1"]
    aws.answer = answered_well
    shipping.deliver()
    assert shipping.counts == (1, 1, 0)


def test_one_record_that_spoils_its_batch_is_found_and_the_others_arrive(
    aws: AwsDouble, ship: Any, clock: HandClock, output: Output
) -> None:
    def refuse_spoilt(target: str, sent: Params) -> Reply:
        if "spoilt" in str(sent["Records"]):
            return 400, {"__type": "InvalidArgumentException", "message": "spoilt"}
        return answered_well(target, sent)

    aws.answer = lambda target, sent: (500, {"__type": "InternalFailure"})
    shipping = ship(Firehose)
    shipping.deliver(4)
    shipping.deliver(path="/spoilt")
    shipping.deliver(4)
    aws.answer = refuse_spoilt
    clock.pass_time(PAUSE)
    shipping.deliver_until_all_is_sent()
    sent, dropped, pending = shipping.counts
    assert (dropped, pending) == (1, 0)
    assert sent >= 8
    assert [record["path"] for record in output.records] == ["/spoilt"]


def test_an_execution_per_record_is_named_after_it(aws: AwsDouble, ship: Any) -> None:
    shipping = ship(StepFunctions, execution_per="record")
    shipping.deliver(3)
    assert shipping.counts == (3, 0, 0)
    assert [(sent["name"], json.loads(sent["input"])["record_id"]) for _, sent in aws.calls] == [
        ("r1", "r1"),
        ("r2", "r2"),
        ("r3", "r3"),
    ]


def test_data_of_firehose_is_plain_base64_of_a_line() -> None:
    body = take_apart(make(Firehose).request(['{"a":1}']))[2]
    assert json.loads(body)["Records"] == [{"Data": base64.b64encode(b'{"a":1}\n').decode()}]
