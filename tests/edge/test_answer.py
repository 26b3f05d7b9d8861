"""Answers arrive in pieces of any size; `http.client` is the judge of what a whole one says."""

from __future__ import annotations

import http.client
import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.edge.delivery.answer import MOST_BYTES, AnswerError, parse_answer

names = st.sampled_from(["X-Amzn-RequestId", "Server", "x-empty", "Date"])
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
statuses = st.integers(200, 599).filter(lambda status: status not in (204, 304))


class Pipe(io.BytesIO):
    """What `http.client.HTTPResponse` takes for a socket."""

    def makefile(self, mode: str) -> Pipe:
        return self


def judged(data: bytes) -> tuple[int, bytes, dict[str, str]]:
    pipe: Any = Pipe(data)
    response = http.client.HTTPResponse(pipe, method="POST")
    response.begin()
    return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """`(answer, body)` as a server may frame it, closing frames excepted."""
    body = draw(st.binary(max_size=60))
    headers = draw(st.dictionaries(names, values, max_size=3))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    reason = draw(st.sampled_from([b" OK", b"", b" Not so good"]))
    first = interim + b"HTTP/1.1 %d%s\r\n" % (draw(statuses), reason) + lines
    if draw(st.booleans()):
        return first + b"content-LENGTH: %d\r\n\r\n" % len(body) + body, body
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(body) - 1)), max_size=3)) | {0, len(body)})
    chunks = [body[a:b] for a, b in pairwise(cuts) if body[a:b]]
    framed = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    trailer = draw(st.sampled_from([b"", b"X-Sum: 1\r\n"]))
    return first + b"Transfer-Encoding: Chunked\r\n\r\n" + framed + b"0\r\n" + trailer + b"\r\n", body


@given(answers())
def test_a_whole_answer_is_read_as_http_client_reads_it_and_a_part_of_it_is_not(
    sent: tuple[bytes, bytes],
) -> None:
    data, body = sent
    for length in range(len(data)):
        assert parse_answer(data[:length], ended=False) is None
        if length:
            with pytest.raises(AnswerError):
                parse_answer(data[:length], ended=True)
    answer = parse_answer(data, ended=False)
    assert answer is not None
    assert (answer.status, answer.body, answer.headers) == judged(data)
    assert answer.body == body
    assert answer.reusable


@given(statuses, st.binary(max_size=60))
def test_an_answer_without_a_length_ends_with_the_connection(status: int, body: bytes) -> None:
    data = b"HTTP/1.1 %d Oh\r\nA: b\r\n\r\n" % status + body
    assert parse_answer(data, ended=False) is None
    answer = parse_answer(data, ended=True)
    assert answer is not None
    assert (answer.status, answer.body, answer.reusable) == (status, body, False)
    assert judged(data)[:2] == (status, body)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and what nobody asked for",
    ],
)
def test_after_some_answers_the_connection_is_not_used_again(data: bytes) -> None:
    answer = parse_answer(data, ended=False)
    assert answer is not None
    assert (answer.body, answer.reusable) == (b"ok", False)


def test_any_interim_answer_is_passed_over() -> None:
    answer = parse_answer(b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 204 None\r\n\r\n", ended=False)
    assert answer is not None
    assert (answer.status, answer.headers) == (204, {})


def test_lines_of_one_name_are_joined_and_a_status_without_body_has_none() -> None:
    answer = parse_answer(b"HTTP/1.1 204 None\r\nVia: a\r\nVIA: b\r\n\r\n", ended=False)
    assert answer is not None
    assert (answer.headers, answer.body, answer.reusable) == ({"via": "a, b"}, b"", True)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
)
def test_noise_is_an_error_of_one_kind(noise: bytes, before: bytes) -> None:
    try:
        parse_answer(before + noise, ended=True)
    except AnswerError as fault:
        assert fault.code == "edge.answer"


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n" + b"x" * MOST_BYTES,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MOST_BYTES,
    ],
)
def test_what_can_never_become_an_answer_is_not_waited_for(data: bytes) -> None:
    with pytest.raises(AnswerError):
        parse_answer(data, ended=False)
