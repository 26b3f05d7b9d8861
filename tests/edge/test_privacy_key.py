"""The site's key of hashes, read from AWS's services on loopback: shared by environments, and missed without harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edge.aws_double import AWS_ENVIRON, AwsDouble, Params, Reply, aws_on_loopback
from edge.doubles import Context, HandClock, Output, load_event
from edgewise.edge import Edge

KEY = "0b5c6a0d5f2e4b7d9a"


@pytest.fixture
def aws(clock: HandClock) -> Iterator[AwsDouble]:
    with aws_on_loopback(clock) as double:
        double.answer = lambda target, sent: (200, {"Name": sent["SecretId"], "SecretString": KEY})
        yield double


def site_settings(aws: AwsDouble, **log: Any) -> dict[str, Any]:
    """Settings with a key; the budget is generous, for this is not about time."""
    privacy = {
        "client_address": "hash",
        "visitor": True,
        "key": {"from": "secrets-manager", "name": "shop/key"},
    }
    return {
        "log": {
            "delivery": "stdout",
            "privacy": privacy,
            "region": "eu-west-2",
            "endpoint": aws.url,
            "budget_ms": 5000,
            **log,
        }
    }


def site(aws: AwsDouble, output: Output, **log: Any) -> Edge:
    """An environment of that site."""
    return Edge(site_settings(aws, **log), clock=aws.clock, write=output, environ=AWS_ENVIRON)


def test_environments_with_one_key_record_one_visitor(aws: AwsDouble) -> None:
    output = Output()
    for edge in (site(aws, output), site(aws, output)):
        for _ in range(2):
            edge(load_event("viewer-request"), Context(remaining_ms=9000))
    assert len(output.records) == 4
    for name in ("client_ip", "visitor"):
        (value,) = {record[name] for record in output.records}
        assert len(value) == 16
    assert not any(KEY in line or "203.0.113.24" in line for line in output.lines)
    assert [target for target, _ in aws.calls] == [
        "secretsmanager.GetSecretValue"
    ] * 2  # one for each environment
    assert not any("failure" in record for record in output.records)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ((400, {"__type": "ResourceNotFoundException"}), "LoadError"),
        (
            (200, {"SecretString": "short"}),
            "SettingsError: the key of the hashes has fewer than 16 characters",
        ),
    ],
)
def test_without_the_key_records_go_without_hashes_and_the_first_says_why(
    aws: AwsDouble, reply: Reply, reason: str
) -> None:
    def answer(target: str, sent: Params) -> Reply:
        return reply

    aws.answer = answer
    output = Output()
    edge = site(aws, output)
    for _ in range(3):
        edge(load_event("viewer-request"), Context(remaining_ms=9000))
    for record in output.records:
        assert not {"client_ip", "visitor"} & record.keys()
        assert record["path"] == "/shirts/17"
    assert [reason in record.get("failure", "") for record in output.records] == [True, False, False]
    assert [record["failed_steps"] for record in output.records] == [1, 1, 1]
    assert "203.0.113.24" not in "".join(output.lines)


class Kept:
    """A delivery that notes how long it may take."""

    sent = dropped = retried = batch_age_ms = 0
    waited_ms = 0.0
    drop_reason = ""

    def __init__(self) -> None:
        self.remaining_ms: list[float] = []

    def deliver(self, record: Any, remaining_ms: float) -> None:
        self.remaining_ms.append(remaining_ms)


def test_a_visitor_who_waited_for_the_key_waits_for_no_delivery_too(aws: AwsDouble) -> None:
    kept = Kept()
    edge = Edge(
        site_settings(aws), clock=aws.clock, environ=AWS_ENVIRON, deliver=lambda *_: kept, write=Output()
    )
    for _ in range(2):
        edge(load_event("viewer-request"), Context(remaining_ms=9000))
    assert kept.remaining_ms == [0, 9000]


def test_the_key_is_read_for_requests_that_are_recorded_only(aws: AwsDouble) -> None:
    output = Output()
    site(aws, output, sample=0)(load_event("viewer-request"), Context(remaining_ms=9000))
    assert (output.lines, aws.calls) == ([], [])
