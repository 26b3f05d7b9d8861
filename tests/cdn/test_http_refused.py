"""What arrives at the listener, on either event loop: served as RFC 9112 says, or refused with a reason."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
import uvloop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgewise.cdn.http.listener import Listener
from edgewise.cdn.http.viewer import Refusal, ResponseWriter
from edgewise.cdn.http.wire import request_head
from edgewise.cdn.message import Headers, Request, Response

LARGE = 200_000
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Running:
    """A listener in a thread that answers with the head which an origin would be sent, and the body."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop], patience: float) -> None:
        self.patience = patience
        self.loop = make_loop()
        self.refusals: list[Refusal] = []
        self.errors: list[object] = []
        self.handled = 0
        self.told: list[str] = []
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))

    async def handle(self, request: Request, writer: ResponseWriter) -> None:
        if request.uri == "/defect" and not self.errors:
            raise RuntimeError("a defect")
        self.handled += 1
        if request.uri == "/first":
            self.loop.call_soon(lambda: self.told.append(str(self.handled)))
        if request.uri == "/large":
            await writer.send(Response(200, body=bytes(LARGE)))
            return
        if request.uri == "/waits":
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.05)
                self.told.append(request.uri)
        # Bare of what is written anew on each hop.
        request.headers.remove("connection")
        await writer.send(Response(200, Headers([("X-Seen", "yes")]), request_head(request) + request.body))

    async def start(self) -> int:
        self.listener = Listener(
            self.handle,
            None,
            refused=self.refusals.append,
            request_id=lambda: "an-id",
            patience=self.patience,
        )
        return self.listener.start("127.0.0.1", 0)

    def talk(self, sent: bytes) -> bytes:
        """Send bytes and read to the end; a viewer that is still waited for closes its side."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as viewer:
            viewer.settimeout(10)
            viewer.sendall(sent)
            seen = b""
            try:
                while chunk := viewer.recv(65_536):
                    seen += chunk
            except ConnectionError:
                return seen
            return seen


@contextmanager
def running(name: str, patience: float = 60.0) -> Iterator[Running]:
    server = Running(LOOPS[name], patience)
    thread = Thread(target=server.loop.run_forever)
    thread.start()
    try:
        server.port = asyncio.run_coroutine_threadsafe(server.start(), server.loop).result(10)
        yield server
        asyncio.run_coroutine_threadsafe(server.listener.close(), server.loop).result(10)
    finally:
        server.loop.call_soon_threadsafe(server.loop.stop)
        thread.join(10)
        server.loop.close()


@pytest.fixture(scope="module", params=list(LOOPS))
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(request.param) as server:
        yield server
        assert len(server.errors) <= 1  # the defect that one test makes


HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\n" + b"Host: localhost\n\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b" X: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET http://user@localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET ftp://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 403),
        (b"BREW /pot HTTP/1.1\r\n" + HOST + b"\r\n", 403),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"GET /" + b"a" * 8_192 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 6_000 + b"\r\n", 494),
        (
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: "
            + b"a" * 400_000,
            494,
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_answered_once_told_of_and_closed(
    server: Running, sent: bytes, status: int
) -> None:
    before = len(server.refusals)
    answer = server.talk(sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer and b"X-Amz-Cf-Id: an-id" in answer
    (refusal,) = server.refusals[before:]
    assert (refusal.status, refusal.request_id, refusal.bytes_sent) == (status, "an-id", len(answer))
    assert refusal.detail and refusal.request.viewer == "127.0.0.1"


def test_a_refusal_tells_what_is_known_of_the_request(server: Running) -> None:
    server.talk(b"DELETE /a?b=c HTTP/1.1\r\nHost: localhost\r\nA: b\r\nBad : x\r\n\r\n")
    request = server.refusals[-1].request
    assert (request.method, request.target, request.headers.get("host")) == ("DELETE", "/a?b=c", "localhost")
    server.talk(b"BREW /pot HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (server.refusals[-1].request.method, server.refusals[-1].request.uri) == ("BREW", "/pot")


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"http://other.example/a?b", b"other.example", b"/a?b"),
        (b"HTTPS://other.example:8443", b"other.example:8443", b"/"),
        (b"http://other.example?b", b"other.example", b"/?b"),
    ],
)
def test_the_host_of_an_absolute_target_counts(
    server: Running, target: bytes, host: bytes, path: bytes
) -> None:
    answer = server.talk(b"GET " + target + b" HTTP/1.1\r\n" + HOST + CLOSE)
    assert b"\r\n\r\nGET " + path + b" HTTP/1.1\r\n" in answer
    assert b"Host: " + host + b"\r\n" in answer and b"localhost" not in answer


def test_chunk_extensions_and_trailers_are_not_passed_on(server: Running) -> None:
    body = b'3;a=b;c="d"\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n'
    answer = server.talk(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n" + CLOSE + body)
    assert (
        answer.endswith(b"Content-Length: 3\r\nConnection: Keep-Alive\r\n\r\nabc")
        and b"Trailer" not in answer
    )


def test_requests_before_a_refused_one_are_answered_first(server: Running) -> None:
    good = b"GET /1 HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = server.talk(good * 40 + b"nonsense\r\n\r\n" + good)
    assert answer.count(b"HTTP/1.1 200 OK") == 40 and answer.count(b"HTTP/1.1 400 ") == 1


def test_a_request_in_single_bytes(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as viewer:
        viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        viewer.settimeout(10)
        for byte in b"POST /slow?x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab":
            viewer.send(bytes([byte]))
        seen = b""
        while b"POST /slow?x HTTP/1.1" not in seen:
            part = viewer.recv(65_536)
            assert part, seen
            seen += part


def test_a_defect_of_the_handler_ends_one_connection_only(server: Running) -> None:
    assert server.talk(b"GET /defect HTTP/1.1\r\n" + HOST + b"\r\n") == b""
    assert b"200 OK" in server.talk(b"GET / HTTP/1.1\r\n" + HOST + CLOSE)


def test_a_viewer_that_reads_late_gets_all_of_a_large_answer(server: Running) -> None:
    body = b"x" * 20_000_000
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n" % len(body) + CLOSE
    assert server.talk(head + body).count(b"x") >= len(body)


@pytest.mark.parametrize("name", list(LOOPS))
@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: loc", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"])
def test_a_viewer_that_does_not_go_on_is_cut_off(name: str, sent: bytes) -> None:
    with running(name, patience=1.0) as server:
        assert server.talk(sent).count(b"HTTP/1.1 200 OK") == sent.count(b"\r\n\r\n")


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_viewer_that_reads_nothing_is_cut_off(name: str) -> None:
    body = b"x" * 30_000_000
    with (
        running(name, patience=1.0) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as viewer,
    ):
        viewer.settimeout(10)
        viewer.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        open_connections = server.listener._service.connections
        deadline = time.monotonic() + 30
        while open_connections and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not open_connections


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_viewer_that_reads_slowly_gets_all_of_it(name: str) -> None:
    body = b"x" * 14_000_000
    with running(name, patience=1.0) as server, socket.socket() as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        viewer.settimeout(10)
        viewer.connect(("127.0.0.1", server.port))
        viewer.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n" % len(body) + CLOSE + body)
        read = 0
        while chunk := viewer.recv(200_000, socket.MSG_WAITALL):
            read += len(chunk)
            time.sleep(0.06)  # all of it takes several times as long as nothing may be read
    assert read > len(body)


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_viewer_that_reads_so_slowly_that_only_the_system_notices_is_not_cut_off(name: str) -> None:
    body = b"x" * 14_000_000
    with running(name, patience=1.0) as server, socket.socket() as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        viewer.settimeout(10)
        viewer.connect(("127.0.0.1", server.port))
        viewer.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n" % len(body) + CLOSE + body)
        read, slow_until = 0, time.monotonic() + 3
        while chunk := viewer.recv(20_000 if time.monotonic() < slow_until else 1_000_000):
            read += len(chunk)
            if time.monotonic() < slow_until:
                time.sleep(0.05)  # less in all than the system keeps for a connection
    assert read > len(body)


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_viewer_that_closes_its_side_while_it_is_answered_is_no_defect(name: str) -> None:
    body = b"x" * 14_000_000
    with running(name) as server, socket.create_connection(("127.0.0.1", server.port), 10) as viewer:
        viewer.settimeout(10)
        viewer.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert viewer.recv(100).startswith(b"HTTP/1.1 200 ")
        viewer.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while viewer.recv(1_000_000):
                pass
    assert server.errors == []


@pytest.mark.parametrize("name", list(LOOPS))
def test_one_who_sends_many_requests_at_once_lets_others_go_between_them(name: str) -> None:
    first, more = b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    with running(name) as server:
        answers = server.talk(first + more * 100 + b"GET / HTTP/1.1\r\n" + HOST + CLOSE)
        assert answers.count(b"HTTP/1.1 200 ") == server.handled == 102
        assert int(server.told[0]) < 10


@pytest.mark.parametrize("name", list(LOOPS))
def test_answers_that_nobody_reads_are_not_made(name: str) -> None:
    count = 300
    with (
        running(name) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as viewer,
    ):
        viewer.settimeout(10)
        viewer.sendall((b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n") * count)
        seen = 0
        while not seen or seen != server.handled:
            seen = server.handled
            time.sleep(0.3)
        # What the buffers of the kernel hold, and not much more.
        assert 0 < seen < count // 2
        read = 0
        while read < count * LARGE:
            read += len(viewer.recv(1_000_000))
    assert server.handled == count


@pytest.mark.parametrize("name", list(LOOPS))
def test_nobody_is_invited_to_send_more_of_what_was_refused(name: str) -> None:
    sent = b"GET / HTTP/1.1\r\n" + HOST + b"\r\nPOST / HTTP/1.1\r\n" + HOST
    sent += b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"
    with running(name) as server:
        seen = server.talk(sent)
        gc.collect()  # a task that failed says so when it is forgotten
        assert seen.count(b"HTTP/1.1 200 ") == seen.count(b"HTTP/1.1 400 ") == 1
        assert b"100 Continue" not in seen
        assert server.errors == []


@pytest.mark.parametrize("name", list(LOOPS))
def test_closing_waits_for_those_who_were_answering(name: str) -> None:
    with running(name) as server, socket.create_connection(("127.0.0.1", server.port), 10) as viewer:
        viewer.sendall(b"GET /waits HTTP/1.1\r\n" + HOST + b"\r\n")
        deadline = time.monotonic() + 30
        while not server.handled and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.told == []
        asyncio.run_coroutine_threadsafe(server.listener.close(), server.loop).result(10)
        assert server.told == ["/waits"]


class Kept:
    """An outlet that keeps what is written."""

    writing_paused = False

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes | memoryview) -> None:
        self.written += data

    async def drain(self) -> None:
        """There is always room."""

    def abort(self) -> None:
        raise AssertionError("nothing went wrong")


class Coming:
    """A body that is on its way."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"hello"

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("method", "status", "told"), [("HEAD", 200, True), ("HEAD", 304, False), ("GET", 204, False)]
)
def test_the_length_of_a_body_that_is_on_its_way_and_not_sent(method: str, status: int, told: bool) -> None:
    outlet, body = Kept(), Coming()
    writer = ResponseWriter(outlet, Request(method, "/"), keep_alive=True)
    asyncio.run(writer.send(Response(status, Headers([("Content-Length", "5")]), body)))
    assert (b"\r\nContent-Length: 5\r\n" in outlet.written) is told
    assert outlet.written.endswith(b"\r\n\r\n") and body.closed


# Text as it may stand in a target, and in the name and the value of a header.
PATHS = st.lists(st.sampled_from("abc/%?&=+.~;:@!$'()*,-_[]\"<>\\^`{|}"), max_size=30).map("".join)
NAMES = st.text("abcXYZ-_!#$%&'*+.^`|~09", min_size=1, max_size=12).map(lambda name: f"X-{name}")
VALUES = (
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
    .map(str.strip)
    .map(lambda text: text.strip(" \t"))
)


@settings(max_examples=60, deadline=None)
@given(PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=6))
@example("/%2e%2E/%zz?a=%", [("X-A", ""), ("x-a", "\xe9"), ("X-A", ":")])
def test_lines_and_target_arrive_byte_for_byte(
    server: Running, path: str, lines: list[tuple[str, str]]
) -> None:
    head = f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines)
    answer = server.talk(head.encode("latin-1") + CLOSE)
    # A question mark with nothing behind it is the one thing that is lost.
    target = path.removesuffix("?") if path.count("?") == 1 else path
    passed = f"GET /{target} HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines)
    assert answer.split(b"\r\n\r\n", 1)[1] == passed.encode("latin-1") + b"Connection: Keep-Alive\r\n\r\n"


PIECES = st.sampled_from(
    [b"GET ", b"POST ", b"/ ", b"HTTP/1.1\r\n", b"\r\n", b"Host: a\r\n", b"Content-Length: 1\r\n", b":", b"\0", b"\n",
     b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"Expect: 100-continue\r\n", b"Upgrade: x\r\n"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=15).map(b"".join))
def test_whatever_bytes_arrive_the_listener_lives(server: Running, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as viewer:
        viewer.sendall(sent)
    assert b"200 OK" in server.talk(b"GET / HTTP/1.1\r\n" + HOST + CLOSE)
