"""Refusals: every one can be sent, says what is wrong, and comes before the memory is full."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from store.asgi import SOMEONE, Reply, basic, call, rows, store_at

SEARCH = "/api/default/_search"
FIREHOSE = "/aws/default/mine/_kinesis_firehose"


def search(store: Any, sql: str) -> Reply:
    query = {"sql": sql, "start_time": 0, "end_time": 2**60}
    return call(store, "POST", SEARCH, json.dumps({"query": query}).encode())


def firehose(*data: bytes) -> bytes:
    records = [{"data": base64.b64encode(one).decode()} for one in data]
    return json.dumps({"requestId": "q", "timestamp": 1, "records": records}).encode()


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "a\x1b[31mb\x7f" FROM edge',
        'SELECT "\x00"',
        'SELECT "é\x85\r\n" FROM edge',
        "SELECT error(repeat('z', 9000))",
    ],
)
def test_a_header_carries_what_a_header_can(tmp_path: Path, sql: str) -> None:
    with store_at(tmp_path) as store:
        reply = search(store, sql)
    assert reply.status == 400
    header = reply.headers["x-error-message"]
    assert 0 < len(header) <= 512
    assert header.isascii() and header.isprintable()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"sql":"select 1"}', 'there is no object "query"'),
        (b'{"query":"select 1"}', 'there is no object "query"'),
        (b"[]", 'there is no object "query"'),
        (gzip.compress(b"{}", mtime=0), "Content-Encoding"),
        (b'{"query":{"sql":"select 1"},"timeout":"soon"}', "timeout: expected"),
        (b'{"query":{}}', "query.sql: expected text"),
    ],
)
def test_a_search_that_cannot_be_read_says_what_it_lacks(tmp_path: Path, body: bytes, message: str) -> None:
    with store_at(tmp_path) as store:
        reply = call(store, "POST", SEARCH, body)
    assert reply.status == 400
    assert message in reply.json["message"]


def test_what_waits_is_counted_as_large_as_it_becomes(tmp_path: Path) -> None:
    body = gzip.compress(json.dumps([{"text": "x" * 100_000}]).encode())
    with store_at(tmp_path, max_waiting=50_000) as store:
        for path, sent in (("/api/default/mine/_json", body), (FIREHOSE, firehose(body))):
            headers = {"content-encoding": "gzip"} if sent is body else {}
            reply = call(store, "POST", path, sent, {**basic(SOMEONE.user, SOMEONE.password), **headers})
            assert reply.status == 503, reply.body
        assert call(store, "POST", "/api/default/mine/_json", b'{"n":1}').status == 200
        assert rows(store, "SELECT n FROM mine") == [{"n": 1}]


@pytest.mark.parametrize(
    "inner", [b'{"logEvents":[' + b"{}," * 100_000 + b"{}]}", b"{}\n" * 100_001, b"5\n" * 100_001]
)
def test_a_small_delivery_of_very_many_records_is_refused(tmp_path: Path, inner: bytes) -> None:
    with store_at(tmp_path) as store:
        reply = call(store, "POST", FIREHOSE, firehose(gzip.compress(inner)))
        assert (reply.status, reply.json["requestId"]) == (413, "q")
        assert rows(store, "SELECT count(*) AS n FROM edge") == [{"n": 0}]
