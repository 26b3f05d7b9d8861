"""What origins answer, on either event loop: believed, or a failure with CloudFront's status and result type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.http.upstream import Address, ConnectionPool, Timeouts
from edgewise.cdn.message import Headers, Request, Response

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=list(LOOPS))
def loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    return LOOPS[request.param]


def ask(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
    script: Script,
    *methods: str,
    timeouts: Timeouts | None = None,
    reasons: list[str] | None = None,
) -> list[tuple[int, bytes]]:
    """Send requests one after another to a scripted origin; the statuses and whole bodies of its answers.

    `reasons` takes what the answers say behind their statuses.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the other side left, which is what some tests do
        finally:
            writer.close()

    async def run() -> list[tuple[int, bytes]]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        pool = ConnectionPool()
        answers = []
        try:
            for method in methods or ("GET",):
                request = Request(method, "/", headers=Headers([("Host", "a")]), body=b"")
                response = await pool.send(address, request, timeouts or Timeouts(5, 1, 5))
                assert isinstance(response, Response)
                answers.append((response.status, await response.read()))
                if reasons is not None:
                    reasons.append(response.reason)
            return answers
        finally:
            pool.close()
            server.close()
            await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(run())


def saying(*answers: bytes) -> Script:
    """Read a request before each answer; then close."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "OriginReadError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "OriginReadError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "OriginReadError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "OriginReadError"),
        (b"nonsense\r\n\r\n", "OriginInvalidResponseError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "OriginInvalidResponseError"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "OriginInvalidResponseError",
        ),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n", "OriginInvalidResponseError"),
        (b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n", "OriginInvalidResponseError"),
        (b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "OriginInvalidResponseError"),
        (b"HTTP/1.1 200 OK\r\nX: a\x00\r\n\r\n", "OriginInvalidResponseError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "OriginInvalidResponseError"),
        (
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
            "OriginInvalidResponseError",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 6_000 + b"\r\n", "OriginHeaderTooBigError"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, "OriginHeaderTooBigError"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_believed_is_502(
    loop: Callable[[], asyncio.AbstractEventLoop], answer: bytes, kind: str
) -> None:
    with pytest.raises(RequestFailure) as caught:
        ask(loop, saying(answer))
    assert (caught.value.status, caught.value.detailed) == (502, kind)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 32_000 + b"\r\nContent-Length: 2\r\n\r\nok", (200, b"ok")),
        (b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", (304, b"")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX: t\r\n\r\n", (200, b"ok")),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", (200, b"until the end")),
    ],
)  # fmt: skip
def test_every_answer_that_is_http_arrives(
    loop: Callable[[], asyncio.AbstractEventLoop], answer: bytes, expected: tuple[int, bytes]
) -> None:
    assert ask(loop, saying(answer)) == [expected]


def test_the_reason_is_that_of_the_answer_not_of_its_promise(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    said = b"HTTP/1.1 102 Promised\r\n\r\n" + OK.replace(b"200 OK", b"200 Kept")
    reasons: list[str] = []
    assert ask(loop, saying(said), reasons=reasons) == [(200, b"ok")]
    assert reasons == ["Kept"]


def test_a_body_after_204_is_not_the_next_answer(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    first = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    served: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            served.append(b"")
            writer.write(first if len(served) == 1 else second)

    assert ask(loop, script, "GET", "GET") == [(204, b""), (200, b"good")]


def test_a_get_follows_a_head_on_one_connection(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert (
        ask(loop, saying(head, OK, head, OK), "HEAD", "GET", "HEAD", "GET")
        == [
            (200, b""),
            (200, b"ok"),
        ]
        * 2
    )


@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("HEAD", 3), ("POST", 1), ("OPTIONS", 1)])
def test_only_get_and_head_are_asked_again_of_a_silent_origin(
    loop: Callable[[], asyncio.AbstractEventLoop], method: str, times: int
) -> None:
    seen: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()

    with pytest.raises(RequestFailure, match=r"no answer within 0\.2 s") as caught:
        ask(loop, silent, method, timeouts=Timeouts(5, 3, 0.2))
    assert (caught.value.status, caught.value.detailed) == (504, "OriginCommError")
    assert len(seen) == times


def test_an_origin_that_answers_at_the_second_attempt(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        if len(seen) > 1:
            writer.write(OK)
        await reader.read()

    assert ask(loop, script, timeouts=Timeouts(5, 3, 0.3)) == [(200, b"ok")]


def test_a_body_that_falls_silent_is_504_and_not_asked_again(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await reader.read()

    with pytest.raises(RequestFailure, match="silent within the body") as caught:
        ask(loop, script, timeouts=Timeouts(5, 3, 0.5))
    assert caught.value.status == 504


def test_an_idle_connection_is_closed_after_its_keepalive(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    closed: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        closed.append(await reader.read())
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(script, "127.0.0.1", 0)
        pool = ConnectionPool()
        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        await pool.send(address, Request("GET", "/"), Timeouts(5, 1, 5, keepalive=0.05))
        async with asyncio.timeout(10):
            while not closed:
                await asyncio.sleep(0.01)
        server.close()
        await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


def test_a_pool_that_was_closed_connects_to_nobody(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def run() -> int:
        seen = 0

        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen += 1
            writer.close()

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        pool = ConnectionPool()
        pool.close()
        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(RequestFailure, match="is closing"):
            await pool.send(address, Request("GET", "/"), Timeouts(5, 3, 5))
        server.close()
        return seen

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(run()) == 0


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX: "]))
def test_random_bytes_of_an_origin_are_an_answer_or_a_failure(noise: bytes, start: bytes) -> None:
    try:
        ((status, _),) = ask(asyncio.new_event_loop, saying(start + noise))
    except RequestFailure as failure:
        status = failure.status
        assert status == 502
    assert 200 <= status <= 999
