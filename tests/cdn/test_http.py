"""HTTP/1.1 on the wire, both sides: framing, limits, streaming, connections that die."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.running import (
    OPTIMIZED,
    ORIGIN_CONTROLLED,
    RunningCdn,
    associations,
    behavior,
    running_cdn,
    running_origin,
    template,
)

HOST_ONLY = "bf0718e1-ba1e-49d1-88b1-f726733018ae"
Script = Callable[[socket.socket], None]


@contextmanager
def scripted_origin(script: Script) -> Iterator[str]:
    """A TCP server; `script` is given each connection and talks as it likes."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = False

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                script(connection)
            except OSError:
                return  # the other side left, which is what some tests do

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if stopping:
                connection.close()
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stopping = True
        socket.create_connection(("127.0.0.1", port), 5).close()
        thread.join(10)
        listener.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    return data


def answering(content: bytes, *, close: bool = False) -> Script:
    """Answer each request of a connection with the same bytes."""

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(content)
            if close:
                return

    return script


@contextmanager
def cdn_before(tmp_path: Path, script: Script) -> Iterator[RunningCdn]:
    with scripted_origin(script) as url, running_cdn(tmp_path, template(), origins={"app": url}) as cdn:
        yield cdn


def exchange(cdn: RunningCdn, sent: bytes, *, until_close: bool = True) -> bytes:
    """Send bytes to the CDN and read what it answers until it closes."""
    with socket.create_connection(("127.0.0.1", cdn.port), 10) as connection:
        connection.settimeout(10)
        connection.sendall(sent)
        if until_close:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        return connection.recv(65536)


@pytest.fixture(scope="module")
def echoing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCdn]:
    with running_origin() as origin:
        folder = tmp_path_factory.mktemp("http")
        with running_cdn(folder, template(), origins={"app": origin.url}) as cdn:
            yield cdn


@pytest.mark.parametrize(
    ("content", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
            200,
            b"hello",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", 200, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", 201, b"x"),
        (b"HTTP/1.1 404 Nowhere\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    ],
)
def test_every_framing_of_an_origin(tmp_path: Path, content: bytes, status: int, body: bytes) -> None:
    with cdn_before(tmp_path, answering(content, close=b"HTTP/1.0" in content)) as cdn:
        answers = [cdn.request("/") for _ in range(3)]
    assert [(answer.status, answer.body) for answer in answers] == [(status, body)] * 3


def test_a_head_answer_announces_a_length_and_has_no_body(tmp_path: Path) -> None:
    with cdn_before(tmp_path, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")) as cdn:
        answers = [cdn.request("/", "HEAD") for _ in range(2)]
    assert [(answer.status, answer.headers["Content-Length"]) for answer in answers] == [(200, "5000")] * 2


def test_a_head_that_joins_a_get_has_its_length(tmp_path: Path) -> None:
    go_on = threading.Event()

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 5\r\n\r\nhe")
            go_on.wait(30)
            connection.sendall(b"llo")

    text = template(behavior(CachePolicyId=OPTIMIZED, OriginRequestPolicyId=HOST_ONLY))
    with (
        scripted_origin(script) as url,
        running_cdn(tmp_path, text, origins={"app": url}) as cdn,
        socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer,
    ):
        viewer.settimeout(10)
        viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while not seen.endswith(b"he"):
            seen += viewer.recv(65536)
        head = cdn.request("/", "HEAD")
        go_on.set()
    assert (head.status, head.headers["Content-Length"], head.cache) == (200, "5", "Hit")


@pytest.mark.parametrize("host", ["", "Host:\r\n"])
def test_a_redirect_for_a_viewer_that_names_no_host(tmp_path: Path, host: str) -> None:
    text = template(behavior(ViewerProtocolPolicy="redirect-to-https"))
    with running_cdn(tmp_path, text, origins={"app": "http://127.0.0.1:1"}) as cdn:
        answer = exchange(cdn, f"GET //evil/x HTTP/1.0\r\n{host}\r\n".encode())
        domain = cdn.cdn.distribution.domain
        refused = exchange(cdn, b"GET /x HTTP/1.0\r\nHost: evil.example/.localhost\r\n\r\n")
    assert f"\r\nLocation: https://{domain}//evil/x\r\n".encode() in answer
    assert refused.startswith(b"HTTP/1.1 403 ") and b"Location" not in refused


def test_header_lines_of_the_origin_arrive_as_they_are(tmp_path: Path) -> None:
    lines = b"SET-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Raw: caf\xc3\xa9 \xff\r\n"
    content = b"HTTP/1.1 200 Fine\r\n" + lines + b"Content-Length: 0\r\n\r\n"
    with cdn_before(tmp_path, answering(content)) as cdn:
        answer = exchange(cdn, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 Fine\r\n")
    assert b"\r\n" + lines in answer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_an_origin_that_talks_nonsense_or_hangs_up_is_502(tmp_path: Path, content: bytes) -> None:
    with cdn_before(tmp_path, answering(content, close=True)) as cdn:
        answer = cdn.request("/")
    assert answer.status == 502
    assert cdn.traces[0].detail


def test_a_silent_origin_is_504_within_its_read_timeout(tmp_path: Path) -> None:
    text = template().replace('"OriginReadTimeout": 30', '"OriginReadTimeout": 1')
    with (
        scripted_origin(lambda connection: (read_request(connection), time.sleep(3))[1]) as url,
        running_cdn(tmp_path, text, origins={"app": url}) as cdn,
    ):
        answer = cdn.request("/")
    assert answer.status == 504
    assert "no answer within 1 s" in cdn.traces[0].detail


def test_a_body_is_passed_on_while_it_arrives(tmp_path: Path) -> None:
    go_on = threading.Event()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go_on.wait(30)
        connection.sendall(b"6\r\nsecond\r\n0\r\n\r\n")

    with cdn_before(tmp_path, script) as cdn, socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer:
        viewer.settimeout(10)
        viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while b"first" not in seen:
            seen += viewer.recv(65536)
        assert b"second" not in seen
        go_on.set()
        while not seen.endswith(b"0\r\n\r\n"):
            seen += viewer.recv(65536)
    assert b"6\r\nsecond\r\n" in seen


def test_an_origin_that_stops_within_the_body_cuts_the_viewer_off_too(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        time.sleep(0.2)

    with cdn_before(tmp_path, script) as cdn:
        with socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer:
            viewer.settimeout(10)
            viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            seen = b""
            try:
                while chunk := viewer.recv(65536):
                    seen += chunk
            except ConnectionResetError:
                pass
        assert b"Content-Length: 100" in seen and seen.endswith(b"only this")
        assert "within the body" in _wait(lambda: cdn.traces and cdn.traces[0].detail)


def test_a_kept_alive_connection_that_the_origin_closed_is_replaced(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        # Said nothing about closing, and closes as soon as the next request comes.
        read_request(connection)

    with cdn_before(tmp_path, script) as cdn:
        assert [cdn.request("/").body for _ in range(4)] == [b"ok"] * 4


def test_two_requests_in_one_packet_are_answered_in_order(echoing: RunningCdn) -> None:
    sent = b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = exchange(echoing, sent)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b'"target": "/1"') < answer.index(b'"target": "/2"')


def test_a_chunked_request_reaches_the_origin_with_a_length(echoing: RunningCdn) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    sent = head + b"3\r\nabc\r\n0\r\n\r\n"
    answer = exchange(echoing, sent)
    assert b'["Content-Length", "3"]' in answer and b'"body": "abc"' in answer


def test_http_1_0_is_answered_and_closed(echoing: RunningCdn) -> None:
    answer = exchange(echoing, b"GET /old HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert b'"target": "/old"' in answer and b"\r\nConnection: close\r\n" in answer


def test_an_upgrade_is_answered_as_an_ordinary_request(echoing: RunningCdn) -> None:
    head = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answer = exchange(echoing, head)
    assert answer.count(b"HTTP/1.1 200 OK") == 1 and b'"target": "/ws"' in answer


def test_expect_100_continue(echoing: RunningCdn) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
    assert exchange(echoing, head, until_close=False) == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n", 494),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET ftp://other/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        # Two lengths, or a length and chunks: what one server reads as a body another reads as a request.
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX\x00: a\r\n\r\n", 400),
    ],
)
def test_what_cannot_be_served_is_refused_and_the_connection_closed(
    echoing: RunningCdn, sent: bytes, status: int
) -> None:
    answer = exchange(echoing, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert echoing.request("/after").status == 200


def test_a_viewer_that_leaves_early_is_recorded_with_status_0(tmp_path: Path) -> None:
    asked, told = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        told.wait(30)

    with cdn_before(tmp_path, script) as cdn:
        with socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer:
            viewer.sendall(b"GET /left HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asked.wait(30)
        _wait(lambda: cdn.traces)
        told.set()
    assert (cdn.traces[0].request.uri, cdn.traces[0].status) == ("/left", 0)


def test_an_aborted_body_is_not_kept_in_the_cache(tmp_path: Path) -> None:
    calls: list[int] = []

    def script(connection: socket.socket) -> None:
        read_request(connection)
        calls.append(1)
        head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 400000\r\n\r\n"
        connection.sendall(head + b"x" * (1000 if len(calls) == 1 else 400_000))
        time.sleep(0.1)

    text = template(behavior(CachePolicyId=ORIGIN_CONTROLLED))
    with scripted_origin(script) as url, running_cdn(tmp_path, text, origins={"app": url}) as cdn:
        with pytest.raises(Exception, match=r"IncompleteRead|reset|aborted"):
            cdn.request("/")
        whole = [cdn.request("/") for _ in range(2)]
    assert [len(answer.body) for answer in whole] == [400_000] * 2
    assert [answer.cache for answer in whole] == ["Miss", "Hit"]


def _wait(value: Callable[[], object]) -> str:
    deadline = time.monotonic() + 30
    while not (found := value()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return str(found)


def test_a_second_answer_of_the_origin_is_not_believed(tmp_path: Path) -> None:
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 Nope\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n"
    with cdn_before(tmp_path, answering(twice)) as cdn:
        answers = [cdn.request("/") for _ in range(3)]
    assert [(answer.status, answer.body, answer.headers["X-Evil"]) for answer in answers] == [
        (200, b"ok", None)
    ] * 3


def test_a_post_is_never_sent_twice(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        while request := read_request(connection):
            seen.append(request.split(b" ")[0])
            if seen[-1] == b"POST":
                return  # read, perhaps acted upon, and never answered
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with cdn_before(tmp_path, script) as cdn:
        assert cdn.request("/").status == 200
        assert cdn.request("/order", "POST", body=b"x").status == 502
    assert seen == [b"GET", b"POST"]


def test_trailers_are_not_headers(echoing: RunningCdn) -> None:
    sent = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"1\r\nx\r\n0\r\nX-Admin: yes\r\nEdgewise-Viewer-Address: 9.9.9.9\r\n\r\n"
    )
    answer = exchange(echoing, sent)
    assert b'"body": "x"' in answer and b"X-Admin" not in answer and b"9.9.9.9" not in answer


def test_100_continue_never_stands_within_another_answer(tmp_path: Path) -> None:
    go_on = threading.Event()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")
        go_on.wait(30)
        connection.sendall(b"56789")

    with cdn_before(tmp_path, script) as cdn, socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer:
        viewer.settimeout(10)
        viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while b"01234" not in seen:
            seen += viewer.recv(65536)
        viewer.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
        )
        time.sleep(0.1)
        go_on.set()
        while not seen.endswith(b"\r\n\r\n"):
            seen += viewer.recv(65536)
    # The second request is invited when its turn has come.
    assert seen.endswith(b"\r\n\r\n0123456789HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("status", ["204", "304"])
def test_a_function_that_turns_a_long_answer_into_one_without_body(tmp_path: Path, status: str) -> None:
    code = f"""
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    response["status"] = "{status}"
    response["headers"]["content-length"] = [{{"value": "3"}}]
    return response
"""
    text = template(behavior(LambdaFunctionAssociations=associations("origin-response")))

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n" + b"x" * 600_000)

    with (
        scripted_origin(script) as url,
        running_cdn(tmp_path, text, {"app.py": code}, origins={"app": url}) as cdn,
    ):
        sent = b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sent += b"GET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = exchange(cdn, sent)
    assert answer.count(b"HTTP/1.1 " + status.encode()) == 2 and b"xxx" not in answer


def test_a_function_cannot_change_the_length_of_a_body_that_it_keeps(tmp_path: Path) -> None:
    code = """
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    response["headers"]["content-length"] = [{"value": "3"}]
    return response
"""
    text = template(behavior(LambdaFunctionAssociations=associations("origin-response")))

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")
            time.sleep(0.05)
            connection.sendall(b"x" * 300_000)

    with (
        scripted_origin(script) as url,
        running_cdn(tmp_path, text, {"app.py": code}, origins={"app": url}) as cdn,
    ):
        answer = cdn.request("/")
    assert (answer.headers["Content-Length"], len(answer.body)) == ("300000", 300_000)


@pytest.mark.parametrize("act", ["replaces the body", "raises", "is left by its viewer"])
def test_no_connection_to_the_origin_is_left_over(tmp_path: Path, act: str) -> None:
    code = """
import time
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    ACT
    return response
"""
    does = {
        "replaces the body": 'response["body"] = "new"',
        "raises": "raise ValueError",
        "is left by its viewer": "time.sleep(0.2)",
    }
    text = template(behavior(LambdaFunctionAssociations=associations("origin-response")))
    files = {"app.py": code.replace("ACT", does[act])}
    content = b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + b"x" * 400_000
    asked = threading.Event()

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            asked.set()
            connection.sendall(content)

    with (
        scripted_origin(script) as url,
        running_cdn(tmp_path, text, files, origins={"app": url}) as cdn,
    ):
        for _ in range(5):
            if act.startswith("is left"):
                with socket.create_connection(("127.0.0.1", cdn.port), 10) as viewer:
                    viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    assert asked.wait(30)
                    asked.clear()
            else:
                cdn.request("/")
        _wait(lambda: len(cdn.traces) == 5)
        _wait(lambda: len(_connections_to(int(url.rsplit(":", 1)[1]))) <= 1)


@pytest.mark.parametrize("size", [1_050_000, 1_200_000])
def test_a_connection_that_was_paused_serves_the_next_request(tmp_path: Path, size: int) -> None:
    code = """
import time
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    time.sleep(0.1)
    response["body"] = "new"
    return response
"""
    text = template(behavior(LambdaFunctionAssociations=associations("origin-response")))
    content = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    with (
        scripted_origin(answering(content)) as url,
        running_cdn(tmp_path, text, {"app.py": code}, origins={"app": url}) as cdn,
    ):
        assert [cdn.request("/").body for _ in range(4)] == [b"new"] * 4


def test_connections_that_are_reset_at_once_do_no_harm(echoing: RunningCdn) -> None:
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", echoing.port), 10)
        connection.sendall(b"G")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert echoing.request("/after").status == 200


def test_a_header_that_never_ends_is_refused(echoing: RunningCdn) -> None:
    with socket.create_connection(("127.0.0.1", echoing.port), 10) as viewer:
        viewer.settimeout(10)
        viewer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 60_000)
        assert viewer.recv(65536).startswith(b"HTTP/1.1 494 ")


def _connections_to(port: int) -> list[str]:
    """Established connections of this machine to a local port (Linux)."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [row for row in rows if row.split()[2].endswith(f":{port:04X}") and row.split()[3] == "01"]
