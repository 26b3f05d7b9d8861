"""Questions to AWS over a connection that is kept, however it ends, and answers that nobody came back for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.aws_double import AWS_ENVIRON, AwsDouble, Params, Reply, aws_on_loopback
from edge.doubles import HandClock
from edgewise.edge.aws.call import Operation
from edgewise.edge.aws.patient import AwsError, PatientCall
from edgewise.edge.environment import Environment
from edgewise.edge.errors import UnderWayError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def question(number: int) -> dict[str, Any]:
    return {"Name": f"/parameter/{number}"}


@contextmanager
def calling(url: str, clock: HandClock, **options: Any) -> Iterator[PatientCall]:
    operation = Operation("ssm", "AmazonSSM.GetParameter", Environment(clock, AWS_ENVIRON), endpoint=url)
    call = PatientCall(operation, clock, **options)
    try:
        yield call
    finally:
        call.close()


@pytest.fixture
def aws(clock: HandClock) -> Iterator[AwsDouble]:
    def answer(target: str, sent: Params) -> Reply:
        return 200, {"Parameter": {"Name": sent["Name"], "Value": "x"}}

    with aws_on_loopback(clock) as double:
        double.answer = answer
        yield double


def test_a_connection_that_is_kept_serves_every_question(aws: AwsDouble, clock: HandClock) -> None:
    with calling(aws.url, clock, keeps_alive=True) as call:
        for number in range(3):
            assert f"/{number}".encode() in call.ask(question(number), 3000)
    assert aws.connections == 1
    with calling(aws.url, clock) as call:
        for number in range(3):
            call.ask(question(number), 3000)
    assert aws.connections == 4


def test_an_answer_that_nobody_came_back_for_is_not_taken_for_another(
    aws: AwsDouble, clock: HandClock
) -> None:
    with calling(aws.url, clock, keeps_alive=True) as call:
        aws.held.clear()
        with pytest.raises(UnderWayError):
            call.ask(question(1), 100)
        with pytest.raises(UnderWayError):
            call.ask(question(2), 3000)  # which does not wait for what it has not asked
        aws.held.set()
        body = b""
        for _ in range(100):
            try:
                body = call.ask(question(2), 100)
                break
            except UnderWayError:
                time.sleep(0.02)
    assert b"/parameter/2" in body
    assert [sent["Name"][-1] for _, sent in aws.calls] == ["1", "2"]
    assert aws.connections == 1


def test_what_is_closed_while_it_was_idle_is_asked_again(clock: HandClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_once_each, args=(listening, 2))
        thread.start()
        with calling(f"http://127.0.0.1:{listening.getsockname()[1]}", clock, keeps_alive=True) as call:
            assert [call.ask(question(number), 3000) for number in range(2)] == [b"{}", b"{}"]
        thread.join(5)
    assert not thread.is_alive()


def answer_once_each(listening: socket.socket, times: int) -> None:
    """On each connection the first question has an answer; at the second it is closed without a word."""
    for _ in range(times):
        opened, _ = listening.accept()
        with opened:
            opened.recv(65536)
            opened.sendall(ANSWER)
            opened.recv(65536)


def test_silence_ends_the_question(aws: AwsDouble, clock: HandClock) -> None:
    aws.held.clear()
    with calling(aws.url, clock, patience=20) as call:
        with pytest.raises(UnderWayError):
            call.ask(question(1), 50)
        clock.pass_time(20)
        with pytest.raises(AwsError, match="has been silent for 20 s"):
            call.ask(question(1), 50)


def test_why_aws_refuses_is_told(aws: AwsDouble, clock: HandClock) -> None:
    aws.answer = lambda target, sent: (400, {"__type": "ParameterNotFound"})
    with calling(aws.url, clock) as call, pytest.raises(AwsError, match="status 400") as refused:
        call.ask(question(1), 3000)
    assert refused.value.reason == "ParameterNotFound"
