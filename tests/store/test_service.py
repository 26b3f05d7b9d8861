"""The wire: OpenObserve's answers, letter by letter, from a running server."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest

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
        ("/api/default/x/_json", b"x", {"Content-Encoding": "br"}, 415),
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
    for number, (encoding, compress) in enumerate({"gzip": gzip.compress, "deflate": zlib.compress}.items()):
        body = compress(json.dumps([record(number)]).encode())
        response, _ = server.request(
            "POST", "/api/default/packed/_json", body, {"Content-Encoding": encoding}
        )
        assert response.status == 200
    assert server.rows("SELECT count(*) AS n FROM packed") == [{"n": 2}]
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
