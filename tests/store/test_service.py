"""The wire: OpenObserve's answers, letter by letter, from a running server."""

from __future__ import annotations

import gzip
import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edgewise.store import AddressError, QueryError, open_reader
from edgewise.store.engine import Engine, Limits
from edgewise.store.search import Searcher
from edgewise.store.views import REQUEST_SPAN
from store.asgi import call, store_at
from store.engines import ask, engine_at, put
from store.test_encodings import CODINGS

NOW = 1_795_224_000_000_000


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"_timestamp": NOW + number, "record_id": f"r{number}", "n": number, **fields}


def test_health_needs_no_password(server: Any) -> None:
    for method in ("GET", "HEAD"):
        response, content = server.request(method, "/healthz", headers={"Authorization": ""})
        assert response.status == 200
        assert content == (b'{"status":"ok"}' if method == "GET" else b"")


def test_an_array_and_a_single_object(server: Any) -> None:
    response, content = server.request(
        "POST", "/api/default/Json-Stream/_json", json.dumps([record(1), record(2)]).encode()
    )
    assert response.status == 200
    assert json.loads(content) == {
        "code": 200,
        "status": [{"name": "json_stream", "successful": 2, "failed": 0}],
    }
    assert server.post("json_stream", record(3)) == {"name": "json_stream", "successful": 1, "failed": 0}
    assert server.rows("SELECT n FROM json_stream ORDER BY n") == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_lines(server: Any) -> None:
    body = b"\n".join(json.dumps(record(number)).encode() for number in range(3)) + b"\n\n"
    assert server.post("lines", body, "_multi")["successful"] == 3
    response, content = server.request("POST", "/api/default/lines/_multi", b'{"n":7}\n{"n":\n')
    assert response.status == 400
    answer = json.loads(content)
    assert answer["code"] == 400 and "record 2" in answer["message"]
    assert server.rows("SELECT count(*) AS n FROM lines") == [{"n": 3}]


def test_failures_are_counted_and_the_others_stored(server: Any) -> None:
    status = server.post("mixed", [record(1), 5, {"_timestamp": "soon"}, record(2)])
    assert status == {
        "name": "mixed",
        "successful": 2,
        "failed": 2,
        "error": "invalid time format [string]",
    }
    assert server.rows("SELECT count(*) AS n FROM mixed") == [{"n": 2}]


@pytest.mark.parametrize("authorization", ["", "Basic bm90OnJpZ2h0", "Bearer x", "Basic \xff"])
def test_without_the_password_nothing(server: Any, authorization: str) -> None:
    for path in ("/api/default/x/_json", "/api/default/_search"):
        response, content = server.request("POST", path, b"{}", {"Authorization": authorization})
        assert response.status == 401
        assert content == b"Unauthorized Access"
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="openobserve"'


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/api/default/x/_json", b"{", {}, 400),
        ("/api/default/requests/_json", b"[]", {}, 400),
        ("/api/default/x/_json", b"x", {"Content-Encoding": "lzma"}, 415),
        ("/api/default/x/_json", b"x", {"Content-Encoding": "br"}, 400),
        ("/api/default/x/_json", b"x", {"Content-Encoding": "gzip"}, 400),
        ("/api/default/x/_json", b"", {"Content-Length": str(1 << 40)}, 413),
        ("/api/elsewhere/x/_json", b"[]", {}, 403),
        ("/api/default/_search", b"{}", {}, 400),
        ("/api/default/_search", b'{"query":{"sql":"SELECT 1"}}', {}, 400),
        ("/api/default/_search", b'{"query":{"sql":"SELECT 1","start_time":2,"end_time":1}}', {}, 400),
    ],
)
def test_refusals_have_one_shape(
    server: Any, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    response, content = server.request("POST", path, body, headers)
    assert response.status == status
    answer = json.loads(content)
    assert answer["code"] == status
    assert answer["message"]


def test_compressed_bodies(server: Any) -> None:
    for number, (encoding, compress) in enumerate(CODINGS.items()):
        body = compress(json.dumps([record(number)]).encode())
        response, _ = server.request(
            "POST", "/api/default/packed/_json", body, {"Content-Encoding": encoding}
        )
        assert response.status == 200
    assert server.rows("SELECT count(*) AS n FROM packed") == [{"n": len(CODINGS)}]
    bomb = gzip.compress(gzip.compress(b"0" * (65 << 20)))
    response, _ = server.request(
        "POST", "/api/default/packed/_json", gzip.decompress(bomb), {"Content-Encoding": "gzip"}
    )
    assert response.status == 413


def test_a_client_that_leaves_in_the_middle_does_no_harm(server: Any) -> None:
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        head = f"POST /api/default/x/_json HTTP/1.1\r\nHost: x\r\nAuthorization: {server.authorization}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 100\r\n\r\n[{")
    assert server.post("left", record(1))["successful"] == 1


def test_a_search_answers_in_openobserves_shape(server: Any) -> None:
    server.post("shape", [record(number, text=None if number % 2 else "even") for number in range(5)])
    answer = server.search("SELECT n, text FROM shape ORDER BY n", size=2, **{"from": 1})
    assert answer["hits"] == [{"n": 1}, {"n": 2, "text": "even"}]
    assert (answer["total"], answer["from"], answer["size"], answer["is_partial"]) == (2, 1, 2, True)
    assert answer["columns"] == ["n", "text"]
    assert isinstance(answer["took"], int) and answer["trace_id"]
    assert len(server.search("SELECT n FROM shape LIMIT 4", size=2)["hits"]) == 4


def test_times_bound_what_is_read(server: Any) -> None:
    server.post("bounded", [record(number) for number in range(10)])
    answer = server.search("SELECT count(*) AS n FROM bounded", start_time=NOW + 2, end_time=NOW + 5)
    assert answer["hits"] == [{"n": 3}]


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("SELEC 1", 20001),
        ("SELECT 1; SELECT 2", 20001),
        ("COPY (SELECT 1) TO 'x.csv'", 20001),
        ("ATTACH 'x.db'", 20001),
        ("CREATE TABLE t (a INT)", 20001),
        ("SET threads = 9", 20001),
        ("", 20001),
        ("SELECT * FROM nowhere", 20002),
        ("SELECT nothing FROM edge", 20004),
        ("SELECT nothing(1)", 20005),
        ("SELECT * FROM read_csv('/etc/passwd')", 20008),
        ("SELECT * FROM '/etc/passwd'", 20002),
        ("SELECT * FROM glob('/etc/*')", 20008),
        ("SELECT * FROM read_text('http://127.0.0.1:1/x')", 20008),
        ("SELECT CAST('x' AS INT)", 20008),
    ],
)
def test_a_refused_query_has_openobserves_number(server: Any, sql: str, number: int) -> None:
    response, content = server.request(
        "POST",
        "/api/default/_search",
        json.dumps({"query": {"sql": sql, "start_time": 0, "end_time": 1}}).encode(),
    )
    answer = json.loads(content)
    assert (response.status, answer["code"]) == (400, number)
    assert answer["message"] and answer["trace_id"]
    assert response.headers["X-Error-Message"]


def test_the_stores_own_secrets_are_out_of_reach(server: Any) -> None:
    for path in (
        server.directory / "credentials.json",
        server.directory / "data" / ".." / "credentials.json",
    ):
        assert server.search(f"SELECT * FROM read_text('{path}')")["status"] == 400


def test_a_query_without_end_is_ended(server: Any) -> None:
    body = {
        "query": {
            "sql": "SELECT count(*) FROM range(1e12::BIGINT) a, range(1000) b",
            "start_time": 0,
            "end_time": 1,
        },
        "timeout": 1,
    }
    response, content = server.request("POST", "/api/default/_search", json.dumps(body).encode())
    assert response.status == 408
    assert json.loads(content)["code"] == 20010
    answer = server.search("SELECT * FROM range(1000000000)", size=-1)
    assert len(answer["hits"]) == 100_000 and answer["is_partial"]


def test_values_that_json_has_no_words_for(server: Any) -> None:
    (row,) = server.rows(
        "SELECT sum(x) AS s, 1.5 AS d, TIMESTAMP '2026-01-02 03:04:05' AS t, 'nan'::DOUBLE AS f, [1, NULL] AS l, "
        "{'a': DATE '2026-01-02'} AS o, '\\xAA'::BLOB AS b, 170141183460469231731687303715884105727 AS h "
        "FROM range(3) AS r(x)"
    )
    assert row == {
        "s": 3,
        "d": 1.5,
        "t": "2026-01-02T03:04:05",
        "f": None,
        "l": [1, None],
        "o": {"a": "2026-01-02"},
        "b": "aa",
        "h": "170141183460469231731687303715884105727",
    }


def test_requests_joins_functions_and_cdn(server: Any) -> None:
    viewer = {
        "_timestamp": NOW,
        "record_id": "q1:viewer-request",
        "request_id": "q1",
        "trigger": "viewer-request",
    }
    viewer |= {"path": "/a", "method": "GET", "cold": True, "duration_ms": 0.5, "region": "eu-west-1"}
    first = {
        "_timestamp": NOW + 10,
        "record_id": "q1:origin-response:aaaaaaaa",
        "request_id": "q1",
        "status": 503,
    }
    first |= {"trigger": "origin-response", "cold": False, "duration_ms": 0.25}
    second = {**first, "_timestamp": NOW + 20, "record_id": "q1:origin-response:bbbbbbbb", "status": 200}
    server.post("edge", [viewer, first, second, viewer])
    (row,) = server.rows("SELECT * FROM requests WHERE request_id = 'q1'")
    assert (row["status"], row["functions_ms"], row["cold"], row["recorded_by"]) == (200, 1.0, True, "edge")
    access = {
        "_timestamp": NOW + 30,
        "record_id": "q1:access",
        "request_id": "q1",
        "status": 304,
        "path": "/a",
    }
    access |= {"duration_ms": 9.5, "functions_ms": 2.5, "result": "Miss", "cold_starts": 1, "bytes_sent": 10}
    server.post("access", [access])
    (row,) = server.rows("SELECT * FROM requests WHERE request_id = 'q1'")
    assert row["_timestamp"] == NOW
    assert (row["status"], row["functions_ms"], row["duration_ms"]) == (304, 2.5, 9.5)
    assert (row["result"], row["region"], row["recorded_by"]) == ("Miss", "eu-west-1", "edge+access")


def test_a_request_across_the_bound_is_whole(server: Any) -> None:
    server.post(
        "edge",
        [{"_timestamp": NOW + 100, "record_id": "q2:viewer-request", "request_id": "q2", "region": "x"}],
    )
    server.post(
        "access", [{"_timestamp": NOW + 90, "record_id": "q2:access", "request_id": "q2", "status": 200}]
    )
    sql = "SELECT region, status FROM requests WHERE request_id = 'q2'"
    assert server.search(sql, start_time=NOW + 80, end_time=NOW + 95)["hits"] == [
        {"region": "x", "status": 200}
    ]
    assert server.search(sql, start_time=NOW + 95, end_time=NOW + 200)["hits"] == []


def test_an_answer_made_at_the_viewer_request_has_its_status(server: Any) -> None:
    made = {"_timestamp": NOW, "record_id": "q3:viewer-request", "request_id": "q3", "status": 302}
    server.post("edge", [{**made, "trigger": "viewer-request"}])
    (row,) = server.rows("SELECT status, recorded_by FROM requests WHERE request_id = 'q3'")
    assert row == {"status": 302, "recorded_by": "edge"}


def test_a_repeat_that_was_stored_changes_no_request(tmp_path: Path) -> None:
    call = {"_timestamp": NOW, "request_id": "q", "trigger": "viewer-request", "duration_ms": 1.5}
    with engine_at(tmp_path, limits=Limits(recent_ids=2)) as engine:
        for name in ("a", "b", "c", "a"):
            put(engine, {**call, "record_id": name}, stream="edge")
        put(engine, call, call, stream="edge")
        assert ask(engine, "SELECT count(*) AS n FROM edge") == [{"n": 6}]
        assert ask(engine, "SELECT functions_ms FROM requests") == [{"functions_ms": 7.5}]


def test_a_table_of_the_times_asked_for_reads_no_others(tmp_path: Path) -> None:
    """The whole of an hour is not joined for a question about its last minute."""
    call = {"request_id": "q", "trigger": "viewer-request", "duration_ms": 1.0}
    with engine_at(tmp_path) as engine:
        put(
            engine, {**call, "_timestamp": NOW}, {**call, "_timestamp": NOW + REQUEST_SPAN + 1}, stream="edge"
        )
        searcher = Searcher(engine)
        answer = searcher.query("SELECT functions_ms FROM requests", start=NOW + REQUEST_SPAN + 1)
        searcher.close()
    assert answer.rows == [{"functions_ms": 1.0}]


@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_health_is_answered_while_a_large_body_is_taken(server: Any, encoding: str) -> None:
    body = json.dumps([{"n": number, "Deep": {"er": [number]}} for number in range(100_000)]).encode()
    large = server.connect()
    headers = {"Authorization": server.authorization, "Content-Encoding": encoding}
    large.request("POST", "/api/default/large/_json", gzip.compress(body, 1) if encoding else body, headers)
    answered = 0
    while not select.select([large.sock], [], [], 0)[0]:
        response, _ = server.request("GET", "/healthz")
        answered += response.status == 200
    assert json.loads(large.getresponse().read())["status"][0]["successful"] == 100_000
    large.close()
    assert answered > 3


def test_more_than_can_wait_is_put_off(tmp_path: Path) -> None:
    with store_at(tmp_path, max_waiting=100) as narrow:
        for body, status in ((b"[]" + b" " * 99, 503), (b"[]" + b" " * 98, 200), (b"[]" + b" " * 98, 200)):
            reply = call(narrow, "POST", "/api/default/x/_json", body)
            assert (reply.status, reply.json["code"]) == (status, status)


def test_a_failure_of_ours_has_the_shape_of_every_other(tmp_path: Path, caplog: Any) -> None:
    class Broken(Engine):
        def ingest(self, stream: str, values: Any) -> Any:
            raise ZeroDivisionError("never thought of")

    with store_at(tmp_path, kind=Broken) as broken:
        reply = call(broken, "POST", "/api/default/x/_json", b"[]")
    assert reply.status == 500
    assert reply.json == {"code": 500, "message": "the store failed: never thought of"}
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "url", ["http://u:secret@h:99999", "http://u:secret@[::1", "http://u:secret@host:abc", "http://:80"]
)
def test_an_address_that_is_none_is_one_message(url: str) -> None:
    with pytest.raises(AddressError, match="not a store's address") as caught:
        open_reader(url)
    assert "secret" not in str(caught.value)


def test_a_refusal_by_something_else_is_one_message() -> None:
    class Strange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(418)
            self.end_headers()
            self.wfile.write(b'{"code": "teapot", "message": "short and stout", "error_detail": 5}')

        def log_message(self, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Strange) as strange:
        answering = threading.Thread(target=strange.handle_request)
        answering.start()
        reader = open_reader(f"http://u:p@127.0.0.1:{strange.server_port}")
        with pytest.raises(QueryError, match="short and stout") as caught:
            reader.query("SELECT 1")
        reader.close()
        answering.join()
    assert (caught.value.number, caught.value.status, caught.value.hint) == (0, 418, "5")
