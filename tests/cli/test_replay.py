"""`edgewise replay` as a process, against a small server that writes down what it received."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgewise.cli import runs
from edgewise.cli.errors import ReplayError
from edgewise.cli.main import app
from edgewise.cli.replaying import summary
from edgewise.cli.replaying.arrival import check
from edgewise.cli.replaying.connection import Answer, check_loopback, parse_target
from edgewise.cli.replaying.sending import CONNECTIONS, Tally, encode, schedule, send
from edgewise.errors import EdgewiseError
from edgewise.logfiles.lines import LoggedRequest
from edgewise.site import create_site
from edgewise.store import Credentials, ensure_credentials
from edgewise.store.home import announce, hold_for_writing, prepare
from edgewise.testing import FakeOrigin, run_site
from support.shared import shared


class Visit:
    """A request as it came in: the line as bytes, the headers in lower case."""

    def __init__(self, line: bytes, headers: dict[str, str]) -> None:
        self.line = line.rstrip(b"\r\n")
        self.method, _, rest = self.line.decode("latin-1").partition(" ")
        self.target = rest.rpartition(" ")[0]
        self.headers = headers


class Site(ThreadingHTTPServer):
    """A loopback site and its store in one server. Odd paths get odd answers."""

    daemon_threads = True
    request_queue_size = 64
    credentials: Credentials

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.visits: list[Visit] = []
        self.connections = 0
        self.hanging = threading.Event()
        self.release = threading.Event()
        self.streams = {"access", "requests"}
        self.copies: Callable[[str], int] = lambda request_id: 1
        self.ids = (f"request-{n}==" for n in count())
        self.given: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who goes away is what some tests are about."""

    def rows(self, sql: str) -> list[dict[str, Any]] | None:
        stream = re.search(r"FROM (\w+) WHERE", sql)
        if stream is None or stream[1] not in self.streams:
            return None
        asked = set(re.findall(r"'([^']*)'", sql))
        return [
            {"request_id": each, "n": n}
            for each in self.given
            if each in asked
            for n in [self.copies(each)]
            if n
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if not self.path.startswith("/api/default/_search"):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.visits.append(Visit(self.raw_requestline, headers))
        return True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/api/default/_search":
            return self.search()
        seen = sum(visit.target == self.path for visit in self.server.visits)
        if path == "/hang":
            self.server.hanging.set()
            self.server.release.wait(20)
        elif path == "/dies" or (path == "/dies-once" and seen == 1):
            self.close_connection = True
        elif path == "/chunked":
            self.reply(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n")
        elif path == "/until-close":
            self.close_connection = True
            self.reply(b"", b"as long as it lasts")
        elif path == "/early-hints":
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
            self.reply(b"Content-Length: 2\r\n", b"ok")
        elif path == "/refused":
            self.wfile.write(b"HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n")
        elif path == "/not-http":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        elif self.command == "HEAD":
            self.reply(b"Content-Length: 1000\r\n", b"")
        else:
            self.reply(b"Content-Length: 2\r\n", b"ok", b"404 Not Found" if "missing" in path else b"200 OK")
        return None

    def reply(self, framing: bytes, body: bytes, status: bytes = b"200 OK") -> None:
        request_id = next(self.server.ids)
        self.server.given.append(request_id)
        head = b"HTTP/1.1 %s\r\nX-Amz-Cf-Id: %s\r\n" % (status, request_id.encode())
        self.wfile.write(head + framing + b"\r\n" + body)

    def search(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
        assert query["start_time"] < query["end_time"]
        pair = f"{self.server.credentials.user}:{self.server.credentials.password}"
        expected = "Basic " + base64.b64encode(pair.encode()).decode()
        status = 200 if self.headers["Authorization"] == expected else 401
        hits = self.server.rows(query["sql"])
        if hits is None:
            # What OpenObserve answers for a stream that has no record yet.
            status = 400
        body = json.dumps(
            {"code": 20002, "message": "no stream"} if hits is None else {"hits": hits}
        ).encode()
        self.wfile.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running site, written down in tmp_path as `edgewise up` does."""
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        folder = tmp_path / ".edgewise/store"
        server.credentials = ensure_credentials(folder)
        hold = hold_for_writing(prepare(folder))
        announce(prepare(folder), server.url)
        server.announced = runs.announce(runs.Run(str(tmp_path / ".edgewise"), server.url, os.getpid()))
        yield server
        server.announced.unlink(missing_ok=True)
        hold.release()
        server.release.set()
        server.shutdown()
        thread.join()


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edgewise", "replay", *arguments]
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    with started(tmp_path, *arguments) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def write_log(tmp_path: Path, *requests: str, status: int = 200) -> str:
    """A combined log with one request a second."""
    lines = [
        f'203.0.113.{n} - - [11/Mar/2024:12:00:{n:02} +0000] "{request}" {status} 2 "-" "curl/8.5.{n}"\n'
        for n, request in enumerate(requests)
    ]
    path = tmp_path / "access.log"
    path.write_text("".join(lines))
    return str(path)


def test_every_request_goes_out_as_it_was_recorded(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(
        b'203.0.113.9 - - [11/Mar/2024:12:00:00 +0000] "GET /A%2fb/../c//d?x=%7E&y=[1]{2}|3;&&z HTTP/1.1" 200 2 '
        b'"https://www.example.com/?q=a%20b" "Mozilla/5.0 (X11; Linux) \\"quoted\\" \\xd0\\xb6"\n'
        b'2001:db8::7 - - [11/Mar/2024:12:00:01 +0000] "POST /form HTTP/1.1" 200 2 "-" "-"\n'
        b'crawler.example.com - - [11/Mar/2024:12:00:02 +0000] "DELETE /thing" 200 2\n'
        b'203.0.113.9 - - [11/Mar/2024:12:00:03 +0000] "GET /a b\\x09\xd0\xb6 HTTP/1.1" 200 2 "-" "x\\r\\nEvil: 1"\n'
    )
    code, out, err = run(tmp_path, str(log), "--host", "shop.example.com", "--json")
    assert (code, err) == (0, "")
    visits = {visit.method: visit for visit in site.visits if "b%09" not in visit.target}
    first, form, thing = visits["GET"], visits["POST"], visits["DELETE"]
    assert first.line == b"GET /A%2fb/../c//d?x=%7E&y=[1]{2}|3;&&z HTTP/1.1"
    assert first.headers == {
        "host": "shop.example.com",
        "user-agent": 'Mozilla/5.0 (X11; Linux) "quoted" ж'.encode().decode("latin-1"),
        "referer": "https://www.example.com/?q=a%20b",
        "edgewise-viewer-address": "203.0.113.9",
    }
    assert form.headers == {
        "host": "shop.example.com",
        "edgewise-viewer-address": "2001:db8::7",
        "content-length": "0",
    }
    assert thing.headers == {"host": "shop.example.com"}
    (dirty,) = [visit for visit in site.visits if "b%09" in visit.target]
    assert dirty.line == b"GET /a%20b%09%D0%B6 HTTP/1.1"
    assert dirty.headers["user-agent"] == "x%0D%0AEvil: 1"
    assert json.loads(out)["rewritten"] == 1


def test_the_summary_says_what_happened_and_that_the_store_has_it_all(site: Site, tmp_path: Path) -> None:
    log = write_log(tmp_path, "GET /a HTTP/1.1", "-", "GET /missing?b HTTP/1.1", "HEAD /c HTTP/1.1", "-")
    code, out, err = run(tmp_path, log)
    assert (code, err) == (0, "")
    assert "sent       3 in" in out
    assert "2xx 2 · 4xx 1" in out
    assert "200 → 404: 1, first GET /missing?b" in out
    assert "2 × the visitor sent no request: line 2, 5" in out
    assert "found in the store: 3 of 3, none twice" in out


def test_one_answer_has_its_own_time_and_none_has_none() -> None:
    tally = Tally(sent=1)
    assert "p50" not in "".join(summary.lines(tally, []))
    tally.add(logged(0), Answer(200, "a", 12.5), "a.example")
    assert "p50 12.5 ms · p99 12.5 ms" in "".join(summary.lines(tally, []))


def test_json_holds_the_same_facts_also_for_a_site_without_functions(site: Site, tmp_path: Path) -> None:
    site.streams.remove("requests")
    log = write_log(tmp_path, "GET /a HTTP/1.1", "-", "GET /missing HTTP/1.1")
    code, out, _ = run(tmp_path, log, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["statuses"] == {"200": 1, "404": 1}
    assert facts["changed"] == [{"recorded": 200, "now": 404, "count": 1, "first": "GET /missing"}]
    assert facts["skipped"] == [{"reason": "the visitor sent no request", "lines": [2]}]
    assert facts["store"] == {"expected": 2, "found": 2, "missing": [], "twice": [], "without_request_id": 0}
    assert not facts["interrupted"]


@pytest.mark.parametrize(
    ("copies", "line"),
    [(0, "found in the store: 1 of 2, none twice"), (2, "2 of 2, 1 twice")],
    ids=["lost", "twice"],
)
def test_a_record_that_is_lost_or_double_is_a_failure(
    copies: int, line: str, site: Site, tmp_path: Path
) -> None:
    site.copies = lambda request_id: copies if request_id == "request-0==" else 1
    code, out, _ = run(tmp_path, write_log(tmp_path, "GET /a HTTP/1.1", "GET /b HTTP/1.1"), "--wait", "0.2")
    assert code == 1
    assert line in out
    assert "request-0==" in out


def test_every_shape_of_answer_is_read_to_its_end(site: Site, tmp_path: Path) -> None:
    shapes = ["/chunked", "/until-close", "/early-hints", "/plain"]
    requests = [f"GET {shape} HTTP/1.1" for shape in shapes] + ["HEAD /head HTTP/1.1"]
    code, out, _ = run(tmp_path, write_log(tmp_path, *requests, *requests), "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["answered"], facts["retried"], facts["statuses"]) == (10, 0, {"200": 10})


def test_a_connection_that_dies_is_replaced_once(site: Site, tmp_path: Path) -> None:
    log = write_log(tmp_path, "GET /dies-once HTTP/1.1", "GET /dies HTTP/1.1", "GET /not-http HTTP/1.1")
    code, out, _ = run(tmp_path, log, "--json")
    facts = json.loads(out)
    assert code == 1
    assert (facts["sent"], facts["answered"], facts["retried"]) == (3, 1, 3)
    assert sum(facts["unanswered"].values()) == 2
    assert Counter(visit.target for visit in site.visits) == {"/dies-once": 2, "/dies": 2, "/not-http": 2}


def test_what_the_cdn_refused_to_read_is_not_expected_in_the_store(site: Site, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, write_log(tmp_path, "GET /refused HTTP/1.1", "GET /a HTTP/1.1"))
    assert code == 0
    assert "refused    1 that" in out
    assert "found in the store: 1 of 1" in out
    code, out, _ = run(tmp_path, write_log(tmp_path, "GET /refused HTTP/1.1"))
    assert code == 1
    assert "found in the store: 0 of 0" in out


def test_connections_are_kept_and_few(site: Site, tmp_path: Path) -> None:
    requests = [f"GET /{n} HTTP/1.1" for n in range(60)]
    code, _, _ = run(tmp_path, write_log(tmp_path, *requests), "--to", site.url + "/", "--limit", "50")
    assert code == 0
    assert sorted(int(visit.target[1:]) for visit in site.visits) == list(range(50))
    a_search = 6
    assert site.connections <= CONNECTIONS + a_search


@pytest.mark.parametrize("to", [(), ("--to", "{url}"), ("--to", "http://localhost:1")])
def test_a_run_may_have_another_address_of_this_machine(
    to: tuple[str, ...], site: Site, tmp_path: Path
) -> None:
    # Not loopback by its number, and yet an address at which this machine reaches itself.
    url = site.url.replace("127.0.0.1", "0.0.0.0")
    runs.announce(runs.Run(str(tmp_path / ".edgewise"), url, os.getpid()))
    log = write_log(tmp_path, "GET /a HTTP/1.1")
    code, out, err = run(tmp_path, log, *(each.format(url=url) for each in to))
    if "localhost" in "".join(to):
        assert code == 1 and "nothing answers at localhost:1" in err
    else:
        assert code == 0 and "found in the store: 1 of 1" in out, err
    elsewhere = f"http://0.0.0.0:{parse_target(url).port + 1}"
    code, _, err = run(tmp_path, log, "--to", elsewhere)
    assert code == 1 and "0.0.0.0 is not this machine" in err


def test_a_gzipped_cloudfront_log_with_the_recorded_host(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "E2EXAMPLE.2024-03-11-12.abcd1234.gz"
    fields = "date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-host-header"
    row = "2024-03-11\t12:00:00\t203.0.113.9\tGET\t/a%2520b\t200\tcurl/8.5%20(x)\tq=1%2525\twww.example.com"
    log.write_bytes(gzip.compress(f"#Version: 1.0\n#Fields: {fields}\n{row}\n{row[:40]}\n".encode()))
    code, out, _ = run(tmp_path, str(log), "--json")
    assert code == 0
    (visit,) = site.visits
    assert visit.line == b"GET /a%20b?q=1%25 HTTP/1.1"
    assert visit.headers["host"] == "www.example.com"
    assert visit.headers["user-agent"] == "curl/8.5 (x)"
    assert json.loads(out)["skipped"] == [
        {"reason": "fewer columns than the #Fields line names", "lines": [4]}
    ]


def test_a_request_goes_over_tls_if_it_was_recorded_so(tmp_path: Path) -> None:
    create_site(tmp_path / "notes")
    recorded = [
        replace(logged(n), target=f"/{tls}", tls=tls) for n, tls in enumerate([True, False, None, True])
    ]
    with FakeOrigin() as origin, run_site(tmp_path / "notes", origins={"app": origin}) as running:
        for speaks_both in (True, False):
            target = replace(parse_target(running.url), both=speaks_both)
            sending = send(schedule(recorded, None), target, Tally(), host=None, progress=lambda: None)
            asyncio.run(sending)
        # A record is made a moment after the visitor has his answer.
        deadline = time.monotonic() + 20
        while len(running.records("access")) < 2 * len(recorded) and time.monotonic() < deadline:
            time.sleep(0.01)
        asked = Counter((record["path"], record["protocol"]) for record in running.records("access"))
    both = Counter({("/True", "https"): 2, ("/False", "http"): 1, ("/None", "http"): 1})
    assert asked == both + Counter({("/True", "http"): 2, ("/False", "http"): 1, ("/None", "http"): 1})


def test_ctrl_c_prints_the_summary_so_far(site: Site, tmp_path: Path) -> None:
    log = write_log(tmp_path, "GET /a HTTP/1.1", "GET /hang HTTP/1.1")
    with started(tmp_path, log, "--speed", "1") as process:
        assert site.hanging.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "sent       2 in" in out
    assert "answered   1" in out
    assert "not checked: interrupted" in out
    assert err == ""


def test_the_store_can_be_named(site: Site, tmp_path: Path) -> None:
    log = write_log(tmp_path, "GET /a HTTP/1.1")
    site.announced.unlink()
    address = site.url.replace("//", f"//{site.credentials.user}:{site.credentials.password}@")
    for store in (".edgewise/store", address):
        code, out, _ = run(tmp_path, log, "--to", site.url, "--store", store)
        assert code == 0
        assert "found in the store: 1 of 1" in out
    code, out, _ = run(tmp_path, log, "--to", site.url)
    assert code == 0
    assert "not checked: name it with --store" in out


def test_a_real_log(site: Site, tmp_path: Path) -> None:
    real = shared("data/access-2015.log")
    code, out, err = run(tmp_path, str(real), "--limit", "300")
    assert (code, err) == (0, "")
    recorded = [line.split('"') for line in real.read_text().splitlines()[:300]]
    expected = Counter((parts[1].split(" ")[1], parts[5], parts[0].split(" ")[0]) for parts in recorded)
    received = Counter(
        (visit.target, visit.headers.get("user-agent", "-"), visit.headers["edgewise-viewer-address"])
        for visit in site.visits
    )
    assert received == expected
    assert "found in the store: 300 of 300, none twice" in out


def failure(*arguments: str) -> EdgewiseError:
    result = CliRunner().invoke(app, ["replay", *arguments])
    assert isinstance(result.exception, EdgewiseError), result.output
    return result.exception


def test_without_a_running_site_the_error_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "edgewise up" in str(failure(write_log(tmp_path, "GET / HTTP/1.1")))


def test_unfit_files_and_options_are_named(tmp_path: Path) -> None:
    local = ("--to", "http://127.0.0.1:1")
    log = write_log(tmp_path, "GET / HTTP/1.1")
    assert "nothing answers at 127.0.0.1:1" in str(failure(log, *local))
    assert "'fast' is not a speed" in str(failure(log, *local, "--speed", "fast"))
    assert "'-1' is not a speed" in str(failure(log, *local, "--speed=-1"))
    assert "cannot be read" in str(failure(str(tmp_path / "nowhere.log"), *local))
    prose = tmp_path / "prose.txt"
    prose.write_text("\nDear log,\n")
    assert f"{prose}:2: no request in this file" in str(failure(str(prose), *local))
    prose.write_text("")
    assert "it is empty" in str(failure(str(prose), *local))
    prose.write_bytes(gzip.compress(b"x" * 5000)[:-12])
    assert "cannot be read" in str(failure(str(prose), *local))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "https://127.8.9.1", "http://[::1]:80/", "http://localhost:1"]
)
def test_this_machine_is_a_target(url: str) -> None:
    target = parse_target(url)
    check_loopback(target)
    assert target.tls == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com",
        "http://192.0.2.1:8080",
        "http://0.0.0.0:8080",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@203.0.113.9",
        "http://[2001:db8::1]",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/path",
        "127.0.0.1:8080",
        "ftp://127.0.0.1",
        "http://",
    ],
)
def test_nothing_else_is(url: str) -> None:
    with pytest.raises(ReplayError):
        check_loopback(parse_target(url))


def logged(second: float, target: str = "/") -> LoggedRequest:
    return LoggedRequest(int(second * 1_000_000), None, "GET", target, 200)


def test_the_recorded_spacing_is_divided_by_the_speed() -> None:
    requests = [logged(100, "/b"), logged(160, "/c"), logged(90, "/a"), logged(160, "/d")]
    assert [(moment, each.target) for moment, each in schedule(requests, 10)] == [
        (0.0, "/a"),
        (1.0, "/b"),
        (7.0, "/c"),
        (7.0, "/d"),
    ]
    assert {moment for moment, _ in schedule(requests, None)} == {0.0}


text = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))


class Heard:
    """What a server makes of the bytes."""

    def __init__(self) -> None:
        self.target = b""
        self.names: list[bytes] = []
        self.messages = 0

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.names.append(name)

    def on_message_complete(self) -> None:
        self.messages += 1


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]), target=text, referrer=text, user_agent=text, host=text
)
def test_whatever_was_logged_is_one_request_on_the_wire(
    method: str, target: str, referrer: str, user_agent: str, host: str
) -> None:
    request = LoggedRequest(0, "::1", method, "/" + target, 200, referrer, user_agent)
    message, rewritten = encode(request, host)
    heard = Heard()
    httptools.HttpRequestParser(heard).feed_data(message)
    expected = [b"Host", b"User-Agent", b"Referer", b"Edgewise-Viewer-Address"]
    assert heard.messages == 1
    assert heard.names == (expected if method != "POST" else [*expected, b"Content-Length"])
    if not rewritten:
        assert heard.target == request.target.encode()


def test_the_store_is_asked_again_until_the_last_record_is_there() -> None:
    naps: list[float] = []
    seen: Counter[str] = Counter()

    def search(sql: str) -> list[dict[str, Any]]:
        rows = []
        for request_id in re.findall(r"'([^']*)'", sql):
            seen[request_id] += 1
            if request_id == "early" or (request_id == "late" and seen["late"] > 4):
                rows.append({"request_id": request_id, "n": 1})
        return rows

    arrival = check(["early", "late"], 2, search, patience_s=10, sleep=naps.append)
    assert arrival.complete
    assert len(naps) == 2
    arrival = check(["early", "never"], 3, search, patience_s=10, sleep=naps.append)
    assert (arrival.found, arrival.missing, arrival.anonymous) == (1, ("never",), 1)
    assert sum(naps) < 20


def test_two_answers_with_one_request_id_are_a_failure() -> None:
    def search(sql: str) -> list[dict[str, Any]]:
        return [{"request_id": "same", "n": 1}]

    arrival = check(["same", "same"], 2, search, patience_s=1)
    assert arrival.twice == ("same",)
    assert not arrival.complete
