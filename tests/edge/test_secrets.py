"""Secrets from services on loopback: read once, kept, read anew, and never waited for too long."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from edge.aws_double import AWS_ENVIRON, AwsDouble, Params, Reply, aws_on_loopback
from edge.collector import collecting
from edge.doubles import Context, HandClock, Output, load_event
from edge.witness import witnessing
from edgewise.edge import Edge
from edgewise.edge.aws.patient import PATIENCE_SECONDS
from edgewise.edge.delivery.network import Network
from edgewise.edge.environment import Environment
from edgewise.edge.errors import LoadError
from edgewise.edge.secrets import STALE_SECONDS, TTL_SECONDS, Secrets

SOURCES = ("secrets-manager", "ssm")
Later = Callable[[float], None]
Read = Callable[..., Secrets]
ALL = pytest.mark.parametrize("source", SOURCES)


class Vault:
    """Answers both services from `values`; a value of bytes is a binary secret."""

    def __init__(self, aws: AwsDouble) -> None:
        self.aws = aws
        self.values: dict[str, str | bytes] = {"/site/token": "s3cret"}
        aws.answer = self.answer

    def answer(self, target: str, sent: Params) -> Reply:
        if target == "AmazonSSM.GetParameter":
            assert sent["WithDecryption"] is True
            value = self.values.get(sent["Name"])
            if value is None:
                return 400, {"__type": "ParameterNotFound"}
            return 200, {
                "Parameter": {"Name": sent["Name"], "Type": "SecureString", "Value": value, "Version": 1}
            }
        assert target == "secretsmanager.GetSecretValue"
        value = self.values.get(sent["SecretId"])
        if value is None:
            return 400, {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find it."}
        if isinstance(value, bytes):
            return 200, {"Name": "x", "SecretBinary": base64.b64encode(value).decode()}
        return 200, {"Name": "x", "SecretString": value, "CreatedDate": 1.8e9}


@pytest.fixture
def aws(clock: HandClock) -> Iterator[AwsDouble]:
    with aws_on_loopback(clock) as double:
        yield double


@pytest.fixture
def vault(aws: AwsDouble) -> Vault:
    return Vault(aws)


@pytest.fixture
def environment(clock: HandClock) -> Environment:
    environment = Environment(clock, AWS_ENVIRON)
    environment.enter(Context())
    return environment


@pytest.fixture
def later(environment: Environment, clock: HandClock) -> Later:
    def pass_time(seconds: float) -> None:
        clock.pass_time(seconds)
        environment.enter(Context())

    return pass_time


@pytest.fixture
def read(environment: Environment, aws: AwsDouble) -> Iterator[Read]:
    made: list[Secrets] = []

    def start(source: str, **options: Any) -> Secrets:
        made.append(Secrets(environment, source, endpoint=aws.url, **{"deadline_ms": 3000.0, **options}))
        return made[-1]

    yield start
    for secrets in made:
        secrets.close()


@ALL
def test_a_secret_is_read_once_and_again_when_it_has_grown_old(
    source: str, aws: AwsDouble, vault: Vault, read: Read, later: Later
) -> None:
    secrets = read(source)
    assert [secrets.get("/site/token") for _ in range(3)] == ["s3cret"] * 3
    later(TTL_SECONDS * 0.8)
    assert secrets.get("/site/token") == "s3cret"
    assert len(aws.calls) == 1
    vault.values["/site/token"] = "n3w"
    later(TTL_SECONDS * 0.2)
    assert secrets.get("/site/token") == "n3w"
    assert len(aws.calls) == 2
    assert aws.refused == []


@ALL
def test_the_old_value_serves_while_the_new_one_cannot_be_read_but_not_for_ever(
    source: str, aws: AwsDouble, vault: Vault, environment: Environment, read: Read, later: Later
) -> None:
    secrets = read(source)
    secrets.get("/site/token")
    aws.answer = lambda target, sent: (503, {"__type": "InternalServiceError", "message": "not now"})
    later(TTL_SECONDS)
    assert secrets.get("/site/token") == "s3cret"
    assert "not now" in environment.failure
    later(STALE_SECONDS)
    with pytest.raises(LoadError, match="503"):
        secrets.get("/site/token")


@ALL
def test_a_secret_that_is_not_there_is_named_and_not_asked_for_by_every_request(
    source: str, aws: AwsDouble, vault: Vault, read: Read, later: Later
) -> None:
    secrets = read(source)
    with pytest.raises(LoadError, match=f"{source} did not give other .*NotFound"):
        secrets.get("other")
    later(0.1)
    with pytest.raises(LoadError):
        secrets.get("other")
    assert len(aws.calls) == 1
    vault.values["other"] = "here"
    later(2)
    assert secrets.get("other") == "here"


@ALL
def test_an_answer_that_comes_late_is_taken_up_by_a_later_request(
    source: str, aws: AwsDouble, vault: Vault, read: Read, later: Later
) -> None:
    aws.held.clear()
    secrets = read(source, deadline_ms=100.0)
    began = time.monotonic()
    with pytest.raises(LoadError, match="the call goes on"):
        secrets.get("/site/token")
    assert time.monotonic() - began < 5
    aws.let_go()
    assert _eventually(lambda: secrets.get("/site/token"), later, 2) == "s3cret"
    assert (len(aws.calls), aws.connections) == (1, 1)


def test_where_visitors_are_few_a_slow_call_is_gone_on_with_by_each_of_them(
    aws: AwsDouble, vault: Vault, read: Read, later: Later, environment: Environment
) -> None:
    aws.held.clear()
    secrets = read("ssm", deadline_ms=50.0)
    for _ in range(9):  # as many seconds apart as one of them would have had to wait under growing pauses
        with pytest.raises(LoadError, match="the call goes on"):
            secrets.get("/site/token")
        later(12)
    aws.let_go()
    assert _eventually(lambda: secrets.get("/site/token"), later, 1) == "s3cret"
    assert (len(aws.calls), aws.connections) == (1, 1)
    assert (environment.memory.loads, environment.memory.errors) == (1, 0)


def test_only_who_begins_a_call_waits_for_it(aws: AwsDouble, vault: Vault, read: Read, later: Later) -> None:
    aws.held.clear()
    secrets = read("ssm", deadline_ms=2000.0)
    for most_seconds in (10.0, 1.5, 1.5):
        began = time.monotonic()
        with pytest.raises(LoadError):
            secrets.get("/site/token")
        assert time.monotonic() - began < most_seconds
        later(0.1)


def test_a_service_that_stays_silent_is_given_up_and_told(
    aws: AwsDouble, vault: Vault, read: Read, later: Later
) -> None:
    aws.held.clear()
    secrets = read("ssm", deadline_ms=50.0)
    with pytest.raises(LoadError):
        secrets.get("/site/token")
    later(PATIENCE_SECONDS)
    with pytest.raises(LoadError, match=f"has been silent for {PATIENCE_SECONDS} s"):
        secrets.get("/site/token")


def test_a_resolver_that_hangs_is_asked_once_however_often_the_secret_is(
    environment: Environment, later: Later
) -> None:
    told = threading.Event()
    asked = []

    def resolve(host: str, port: int, **hints: object) -> list[tuple[object, ...]]:
        asked.append(host)
        told.wait(10)
        raise OSError("no answer")

    network = Network(resolve)
    secrets = Secrets(environment, "ssm", endpoint="http://ssm.example", deadline_ms=5.0, network=network)
    try:
        for _ in range(20):
            with pytest.raises(LoadError):
                secrets.get("/site/token")
            later(40)
    finally:
        told.set()
    until = time.monotonic() + 20
    while not asked and time.monotonic() < until:
        time.sleep(0.01)  # its thread may not have had its turn yet
    assert asked == ["ssm.example"]


def test_what_is_told_of_an_answer_that_repeats_the_request_holds_no_credentials(
    aws: AwsDouble, read: Read
) -> None:
    token = AWS_ENVIRON["AWS_SESSION_TOKEN"]
    aws.answer = lambda target, sent: (403, {"message": f"x-amz-security-token: {token}"})
    with pytest.raises(LoadError, match=r"x-amz-security-token: \*\*\*"):
        read("ssm").get("/site/token")


def test_a_call_that_was_frozen_for_long_is_made_anew(
    aws: AwsDouble, vault: Vault, read: Read, later: Later
) -> None:
    aws.held.clear()
    secrets = read("ssm", deadline_ms=100.0)
    with pytest.raises(LoadError):
        secrets.get("/site/token")
    aws.held.set()
    later(3600)
    vault.values["/site/token"] = "n3w"
    assert _eventually(lambda: secrets.get("/site/token"), later, 40) == "n3w"


@ALL
def test_a_service_that_cannot_be_reached_costs_no_more_than_the_deadline(
    source: str, environment: Environment, later: Later
) -> None:
    secrets = Secrets(environment, source, endpoint="http://localhost:9", deadline_ms=3000.0)
    began = time.monotonic()
    with pytest.raises(LoadError, match="ConnectionRefusedError"):
        secrets.get("/site/token")
    assert time.monotonic() - began < 5


def test_a_host_and_a_vault_that_both_hang_cost_a_visitor_no_more_than_one_budget(
    clock: HandClock, output: Output
) -> None:
    budget_ms = 200
    with socket.socket() as silent, witnessing() as witness:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        log = {"delivery": "openobserve", "url": url, "endpoint": url, "budget_ms": budget_ms}
        log |= {"token": {"from": "ssm", "name": "/logs/token"}}
        log |= {"privacy": {"client_address": "hash", "key": {"from": "ssm", "name": "/logs/key"}}}
        edge = Edge({"log": log}, clock=clock, write=output, environ=AWS_ENVIRON)
        for _ in range(12):
            began = time.monotonic()
            assert edge(load_event("viewer-request"), Context())["uri"] == "/shirts/17"
            assert (time.monotonic() - began) * 1000 <= budget_ms + witness.allowance_ms()
            clock.pass_time(3)
    for _ in range(30):  # nobody listens any more, so every call that goes on is given up
        clock.pass_time(5)
        edge(load_event("viewer-request"), Context())
    assert output.records == []


def test_a_vault_that_hangs_holds_up_no_records(clock: HandClock, output: Output) -> None:
    with socket.socket() as silent, collecting() as collector:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        log = {"delivery": "openobserve", "url": collector.url, "budget_ms": 500, "wait": True}
        log |= {"endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        log |= {"privacy": {"client_address": "hash", "key": {"from": "ssm", "name": "/logs/key"}}}
        edge = Edge({"log": log}, clock=clock, write=output, environ=AWS_ENVIRON)
        collector.behaviour = "store, then close"
        for number in range(20):
            event = load_event("viewer-request")
            event["Records"][0]["cf"]["config"]["requestId"] = f"r{number}"
            edge(event, Context())
            clock.pass_time(3)
        clock.pass_time(PATIENCE_SECONDS)  # and the call is given up
        edge(load_event("viewer-request"), Context())
        assert len(collector.records) >= 20


def test_authorities_are_read_when_the_environment_starts_and_not_while_a_visitor_waits(
    clock: HandClock, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, trusted = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with aws_on_loopback(clock, context) as aws:
        Vault(aws)
        secrets = Secrets(environment, "ssm", endpoint=aws.url, deadline_ms=3000.0)
        trusted.unlink()
        assert secrets.get("/site/token") == "s3cret"


def test_a_secret_comes_from_the_region_of_its_arn(aws: AwsDouble, vault: Vault, read: Read) -> None:
    arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:token-a1b2c3"
    vault.values |= {arn: "far", "near": "near", "given": "given"}
    secrets = read("secrets-manager")
    assert secrets.get(arn) == "far"
    assert aws.regions == {"us-west-2"}
    assert secrets.get("near") == "near"
    assert aws.regions == {"us-west-2", "eu-west-2"}
    assert read("secrets-manager", region="eu-north-1").get("given") == "given"
    assert aws.regions == {"us-west-2", "eu-west-2", "eu-north-1"}


def test_a_binary_secret_is_text_too(aws: AwsDouble, vault: Vault, read: Read) -> None:
    vault.values["binary"] = "pässword".encode()
    assert read("secrets-manager").get("binary") == "pässword"


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        ("s3cret", ("s3cret",)),
        ('{"current": "one", "next": "two"}', ("one", "two")),
        ('{"current": "one"}', ("one",)),
        ('{"current": "one", "next": ""}', ("one",)),
        ('{"current": "one", "next": null}', ("one",)),
        ('{"next": "two"}', ('{"next": "two"}',)),
        ('{"current": 1}', ('{"current": 1}',)),
        ("{not JSON", ("{not JSON",)),
        ("[1, 2]", ("[1, 2]",)),
    ],
)
def test_a_secret_holds_one_token_or_two(
    aws: AwsDouble, vault: Vault, read: Read, value: str, tokens: tuple[str, ...]
) -> None:
    vault.values["/site/token"] = value
    secrets = read("ssm")
    assert secrets.tokens("/site/token") == tokens
    assert secrets.get("/site/token") == value


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        7,
        {"SecretString": 7},
        {"SecretString": "", "Other": "s3cret"},
        {"SecretBinary": "s3cret!"},
    ],
)
def test_an_answer_of_another_shape_is_told_without_what_is_in_it(
    aws: AwsDouble, read: Read, answer: Any
) -> None:
    aws.validates = False
    aws.answer = lambda target, sent: (200, answer)
    secrets = read("secrets-manager")
    with pytest.raises(LoadError) as failed:
        secrets.get("/site/token")
    assert "s3cret" not in str(failed.value)


def _eventually(get: Callable[[], str], later: Later, seconds: float) -> str:
    for _ in range(20):
        try:
            return get()
        except LoadError:
            time.sleep(0.05)
            later(seconds)
    return get()
