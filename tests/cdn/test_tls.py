"""HTTPS on both sides: certificates made on the spot for viewers, and what is asked of an origin's certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
import uvloop

from edgewise.cdn import local_authority, server_context
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.http.listener import Listener
from edgewise.cdn.http.upstream import Address, ConnectionPool, Timeouts
from edgewise.cdn.http.viewer import ResponseWriter
from edgewise.cdn.message import Headers, Request, Response

TIMEOUTS = Timeouts(connect=5, attempts=1, read=5)


def certificate_names(server: ssl.SSLContext, viewer: ssl.SSLContext, asked: str) -> list[str]:
    """Shake hands in memory; the names in the certificate that the viewer accepted."""
    to_server, to_viewer = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(to_server, to_viewer, server_side=True)
    ours = viewer.wrap_bio(to_viewer, to_server, server_hostname=asked)
    for _ in range(4):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = ours.getpeercert() or {}
    return [str(value) for _, value in found["subjectAltName"]]


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    return local_authority(tmp_path / "tls")


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    "name",
    ["d111111abcdef8.cloudfront.net", "www.example.com", "a.localhost", "Shop.Example.COM", "localhost"],
)
def test_one_context_answers_to_any_name(authority: trustme.CA, trusting: ssl.SSLContext, name: str) -> None:
    context = server_context(authority, ["localhost", "127.0.0.1"])
    assert certificate_names(context, trusting, name) == [name.lower()]
    assert certificate_names(context, trusting, "other.example.org") == ["other.example.org"]


def test_an_address_gets_the_certificate_of_the_first_names(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    context = server_context(authority, ["localhost", "127.0.0.1"])
    assert certificate_names(context, trusting, "127.0.0.1") == ["localhost", "127.0.0.1"]


@pytest.mark.parametrize("name", ["my_app.localhost", "a_b", "-a.example.com"])
def test_a_name_that_no_certificate_can_have_is_served_all_the_same(
    authority: trustme.CA, trusting: ssl.SSLContext, name: str
) -> None:
    trusting.check_hostname = False
    context = server_context(authority, ["localhost", "127.0.0.1"])
    assert certificate_names(context, trusting, name) == ["localhost", "127.0.0.1"]


def test_the_key_is_for_its_owner_alone_and_the_authority_stays(tmp_path: Path) -> None:
    first = local_authority(tmp_path)
    (tmp_path / "ca.key").chmod(0o644)
    again = local_authority(tmp_path)
    assert first.cert_pem.bytes() == again.cert_pem.bytes()
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600


def test_an_authority_that_expired_or_is_damaged_is_made_anew(tmp_path: Path) -> None:
    first = local_authority(tmp_path).cert_pem.bytes()
    later = local_authority(tmp_path, datetime.max.replace(tzinfo=UTC)).cert_pem.bytes()
    assert first != later
    (tmp_path / "ca.pem").write_text("half a certif", encoding="ascii")
    assert local_authority(tmp_path).cert_pem.bytes() not in (first, later)
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600


def run_with_origin(context: ssl.SSLContext, address: Address, pool: ConnectionPool) -> Response:
    """Send one request to a TLS server on loopback that answers `hello`; `address` is completed with its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def run() -> Response:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        here = Address(
            "127.0.0.1", port, True, address.server_name, address.forwarded_host, address.protocols
        )
        try:
            return await pool.send(here, Request("GET", "/", headers=Headers([("Host", "a")])), TIMEOUTS)
        finally:
            pool.close()
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("server_name", "forwarded_host"),
    [
        ("app.example.com", ""),
        ("other.example.com", "app.example.com"),
        ("app.example.com", "www.example.com"),
    ],
)
def test_an_origin_certificate_is_for_its_domain_or_for_the_forwarded_host(
    tmp_path: Path, authority: trustme.CA, server_name: str, forwarded_host: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("app.example.com").configure_cert(context)
    pool = ConnectionPool(tmp_path / "tls" / "ca.pem")
    response = run_with_origin(context, Address("", 0, True, server_name, forwarded_host), pool)
    assert response.body == b"hello"


@pytest.mark.parametrize(
    ("name", "trusted", "why"),
    [("wrong.example.com", True, "app.example.com"), ("app.example.com", False, "local issuer|self-signed")],
)
def test_any_other_certificate_of_an_origin_is_502(
    tmp_path: Path, authority: trustme.CA, name: str, trusted: bool, why: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    pool = ConnectionPool(tmp_path / "tls" / "ca.pem" if trusted else None)
    with pytest.raises(RequestFailure, match=why) as caught:
        run_with_origin(context, Address("", 0, True, "app.example.com"), pool)
    assert (caught.value.status, caught.value.detailed) == (502, "OriginConnectError")


def test_an_origin_that_allows_only_old_protocols_is_502(authority: trustme.CA) -> None:
    context = server_context(authority, ["app.example.com"])
    address = Address("", 0, True, "app.example.com", protocols=("SSLv3", "TLSv1"))
    with pytest.raises(RequestFailure, match="SSLv3, TLSv1 only"):
        run_with_origin(context, address, ConnectionPool())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_request_tells_its_protocol_and_cipher_and_its_place_on_the_connection(
    authority: trustme.CA, trusting: ssl.SSLContext, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    seen: list[Request] = []

    async def handler(request: Request, writer: ResponseWriter) -> None:
        seen.append(request)
        await writer.send(Response(200, body=b"ok"))

    def ask(port: int) -> None:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as viewer,
        ):
            for _ in range(2):
                viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert viewer.recv(1000).endswith(b"ok")

    async def run() -> None:
        listener = Listener(handler, server_context(authority, ["localhost"]))
        await asyncio.to_thread(ask, listener.start("127.0.0.1", 0))
        await listener.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    assert [(request.scheme, request.tls_protocol) for request in seen] == [("https", "TLSv1.3")] * 2
    assert seen[0].tls_cipher.startswith("TLS_")
    assert [request.connection_requests for request in seen] == [1, 2]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("begun", [True, False], ids=["while it is answered", "when it was answered"])
def test_a_viewer_that_left_within_an_answer_is_let_go(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    loop: Callable[[], asyncio.AbstractEventLoop],
    begun: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def handler(request: Request, writer: ResponseWriter) -> None:
        asked.set()
        await writer.send(Response(200, body=bytes(20_000_000 if begun else 60_000)))

    def ask(port: int) -> None:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as viewer,
        ):
            viewer.settimeout(10)
            viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert viewer.recv(100)
            viewer.shutdown(socket.SHUT_WR)
            asyncio.run_coroutine_threadsafe(left.wait(), runner.get_loop()).result(10)

    async def run() -> None:
        listener = Listener(handler, server_context(authority, ["localhost"]), patience=1.0)
        asking = asyncio.create_task(asyncio.to_thread(ask, listener.start("127.0.0.1", 0)))
        async with asyncio.timeout(20):
            await asked.wait()
            while listener._service.connections:
                await asyncio.sleep(0.01)
        left.set()
        await asking
        await listener.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []
