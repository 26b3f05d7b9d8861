"""A fake origin as a client of its own sees it: what it takes for the request, and what it sends."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from edgewise.testing import FakeOrigin, Reply, TestingError


@pytest.fixture
def origin() -> Iterator[FakeOrigin]:
    with FakeOrigin() as running:
        yield running


@pytest.fixture
def client(origin: FakeOrigin) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(origin.url).port, timeout=20)
    yield connection
    connection.close()


def test_a_request_in_chunks_is_read_whole(origin: FakeOrigin, client: http.client.HTTPConnection) -> None:
    client.request("POST", "/form", iter([b"one, ", b"two, " * 9_000, b"three"]), encode_chunked=True)
    assert client.getresponse().read()
    client.request("GET", "/next")
    assert client.getresponse().read()
    assert [each.path for each in origin.received] == ["/form", "/next"]
    assert origin.received[0].body == b"one, " + b"two, " * 9_000 + b"three"


def test_extensions_and_trailers_of_chunks_are_no_part_of_the_body(
    origin: FakeOrigin, client: http.client.HTTPConnection
) -> None:
    client.connect()
    client.sock.sendall(
        b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"3;sign=abc\r\nabc\r\n0\r\nDigest: x\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    with client.sock.makefile("rb") as answers:
        answers.read()
    assert [(each.path, each.body) for each in origin.received] == [("/a", b"abc"), ("/b", b"")]


@pytest.mark.parametrize("sent", [b"", b"not a number\r\n"])
def test_a_body_that_does_not_come_whole_is_no_request(
    origin: FakeOrigin, client: http.client.HTTPConnection, sent: bytes
) -> None:
    client.connect()
    client.sock.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + sent)
    client.sock.shutdown(1)
    assert client.sock.recv(1) == b""
    assert origin.received == []


def test_a_reply_may_say_its_own_length(origin: FakeOrigin, client: http.client.HTTPConnection) -> None:
    origin.replies["/short"] = Reply(b"abc", headers={"content-length": "9", "Connection": "close"})
    client.request("GET", "/short")
    answer = client.getresponse()
    assert answer.headers.get_all("Content-Length") == ["9"]
    with pytest.raises(http.client.IncompleteRead):
        answer.read()


def test_a_reply_may_frame_its_own_chunks(origin: FakeOrigin, client: http.client.HTTPConnection) -> None:
    origin.replies["/"] = Reply(b"3\r\nabc\r\n0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.headers.get("Content-Length"), answer.read()) == (None, b"abc")


def test_a_body_that_is_neither_bytes_nor_text_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match=r"bytes or text, not dict: use json\.dumps"):
        Reply({"a": 1})  # type: ignore[arg-type]


def test_a_header_may_have_several_lines(origin: FakeOrigin, client: http.client.HTTPConnection) -> None:
    origin.replies["/"] = Reply("x", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    client.request("GET", "/")
    assert client.getresponse().headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_headers_from_a_generator_are_sent_with_every_reply(
    origin: FakeOrigin, client: http.client.HTTPConnection
) -> None:
    origin.replies["/"] = Reply("x", headers=(("X-N", str(n)) for n in (1, 2)))
    for _ in range(2):
        client.request("GET", "/")
        answer = client.getresponse()
        assert (answer.read(), answer.headers.get_all("X-N")) == (b"x", ["1", "2"])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("X-A", "\u20ac", r"the header X-A has a character that no header can have: '\u20ac'"),
        ("X-A", "a\r\nB: c", "the header X-A has a line end"),
        ("X A", "a", "'X A' is no name of a header"),
        ("X-A", 5, "the header X-A is no text: 5(.|\n)*write '5'"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_where_it_is_written(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(TestingError, match=said):
        Reply(headers={name: value})


def test_a_header_of_what_was_received_is_found_in_any_capitals(
    origin: FakeOrigin, client: http.client.HTTPConnection
) -> None:
    client.request("GET", "/", headers={"X-User": "anna"})
    assert client.getresponse().read()
    (received,) = origin.received
    assert (received.header("x-USER"), received.header("X-None"), received.header("X-None", "-")) == (
        "anna",
        "",
        "-",
    )
