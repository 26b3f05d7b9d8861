"""A connection that is opened, written to and read from bit by bit, with nobody waiting in between."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge.collector import closed_port
from edgewise.edge.delivery.connection import Connection, StaleConnectionError
from edgewise.edge.delivery.network import Network

LATE = 0.0  # a deadline that is past
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)
        yield listener


def addresses(*ports: int) -> Any:
    """A resolver that knows these, all on loopback."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
    return lambda *_, **__: found


def soon() -> float:
    return time.monotonic() + 20


def test_a_large_request_goes_out_over_several_calls(listener: socket.socket) -> None:
    connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert connection.open(soon())
    server, _ = listener.accept()
    size = 20_000_000  # more than the buffers of both sides
    connection.send(b"x" * size)
    assert connection.receive(LATE) is None
    received = 0

    def read() -> None:
        nonlocal received
        while received < size:
            received += len(server.recv(1_000_000))
        server.sendall(ANSWER)

    reader = threading.Thread(target=read)
    reader.start()
    answer, until = None, soon()
    while answer is None and time.monotonic() < until:
        answer = connection.receive(LATE)
    reader.join(5)
    connection.close()
    server.close()
    assert (received, answer and answer.body) == (size, b"ok")


def test_an_answer_that_comes_before_the_request_is_read_is_believed(listener: socket.socket) -> None:
    connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert connection.open(soon())
    server, _ = listener.accept()
    connection.send(b"x" * 20_000_000)
    server.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n")
    answer = connection.receive(soon())
    assert answer is not None
    assert answer.status == 413
    server.setblocking(True)
    while server.recv(1_000_000):  # the rest of the request is not sent any more
        pass
    server.close()
    connection.close()


def test_a_kept_connection_that_was_closed_is_replaced_before_anything_is_sent(
    listener: socket.socket,
) -> None:
    connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
    for _ in range(2):
        assert connection.open(soon())
        server, _ = listener.accept()
        connection.send(b"ping")
        assert server.recv(100) == b"ping"
        server.sendall(ANSWER)
        assert connection.receive(soon())
        server.close()
    connection.close()


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(listener: socket.socket) -> None:
    connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert connection.open(soon())
    with listener.accept()[0] as first:
        connection.send(b"1")
        first.sendall(ANSWER)
        answer = connection.receive(soon())
        assert answer is not None
        first.sendall(ANSWER)
        assert connection.open(soon())
    with listener.accept()[0] as second:
        connection.send(b"2")
        second.sendall(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n")
        answer = connection.receive(soon())
        assert answer is not None
        assert answer.status == 503
    connection.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_a_host_can_be_an_ipv6_address() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 on the loopback interface")
        listener.listen()
        connection = Connection(f"http://[::1]:{listener.getsockname()[1]}")
        assert connection.open(soon())
        connection.close()


def test_only_a_connection_that_has_served_can_be_stale(listener: socket.socket) -> None:
    connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert connection.open(soon())
    server, _ = listener.accept()
    connection.send(b"1")
    server.recv(1)
    server.sendall(ANSWER)
    assert connection.receive(soon())
    connection.send(b"2")
    server.close()
    with pytest.raises(StaleConnectionError):
        connection.receive(soon())
    assert connection.open(soon())
    server, _ = listener.accept()
    connection.send(b"2")
    server.close()
    with pytest.raises(ConnectionResetError) as caught:
        connection.receive(soon())
    assert not isinstance(caught.value, StaleConnectionError)


def test_the_next_address_is_tried_where_one_refuses(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with closed_port() as refusing:
        connection = Connection("http://two.example", Network(addresses(refusing, port)))
        assert connection.open(soon())
        connection.close()


def test_after_a_silent_address_the_next_attempt_begins_with_another(listener: socket.socket) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        with socket.create_connection(silent.getsockname()):  # its queue is full: others get no answer
            resolve = addresses(silent.getsockname()[1], listener.getsockname()[1])
            connection = Connection("http://two.example", Network(resolve))
            assert not connection.open(time.monotonic() + 0.5)
            assert not connection.open(LATE)
            connection.close()
            assert connection.open(soon())
            connection.close()
            assert connection.open(soon())  # and so do those after it
            connection.close()


def test_an_unreachable_address_is_an_error_at_once() -> None:
    family, _, _, _, address = socket.AF_INET, 0, 0, "", ("255.255.255.255", 80)
    connection = Connection(
        "http://x.example", Network(lambda *_, **__: [(family, socket.SOCK_STREAM, 0, "", address)])
    )
    with pytest.raises(OSError) as caught:
        connection.open(soon())
    assert caught.value.errno in (errno.EACCES, errno.ENETUNREACH)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://a.example", ("a.example", 80)),
        ("http://a.example:8080", ("a.example", 8080)),
        ("https://a.example", ("a.example", 443)),
        ("http://[::1]", ("::1", 80)),
        ("http://[::1]:5080", ("::1", 5080)),
    ],
)
def test_the_place_in_a_url_is_what_is_looked_up(url: str, asked: tuple[str, int]) -> None:
    seen = []

    def resolve(host: str, port: int, **_: object) -> Any:
        seen.append((host, port))
        raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        Connection(url, Network(resolve)).open(soon())
    assert seen == [asked]
