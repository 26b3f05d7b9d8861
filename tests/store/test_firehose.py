"""Firehose: its own shapes, CloudWatch's payloads, CloudFront's lines, and what becomes of a bad record."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.realtime import FIELDS, LineError, record
from store.asgi import SOMEONE, basic, call, rows, store_at
from store.engines import NOW

PATH = "/aws/default/access/_kinesis_firehose"
KNOWN = {
    "timestamp": "1795224000.123",
    "c-ip": "192.0.2.7",
    "time-to-first-byte": "0.012",
    "sc-status": "200",
    "sc-bytes": "1234",
    "cs-method": "GET",
    "cs-protocol": "https",
    "cs-host": "shop.example",
    "cs-uri-stem": "/a%2520b?x=1&y=%20",
    "x-edge-request-id": "abc==",
    "time-taken": "0.5",
    "cs-protocol-version": "HTTP/2.0",
    "c-ip-version": "IPv4",
    "cs-user-agent": "Mozilla/5.0%2520(X11)",
    "cs-referer": "https://from.example/%C3%A9",
    "cs-uri-query": "x=1&y=%20",
    "x-edge-result-type": "Hit",
    "c-country": "DE",
    "asn": "64500",
}


def line(**changes: str) -> str:
    values = {**KNOWN, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "\t".join(values.get(name, "-") for name in FIELDS)


def request(*data: bytes, request_id: str = "q-1") -> bytes:
    records = [{"data": base64.b64encode(one).decode()} for one in data]
    return json.dumps({"requestId": request_id, "timestamp": 1, "records": records}).encode()


def deliver(store: Any, body: bytes, **headers: str) -> Any:
    given = {**basic(SOMEONE.user, SOMEONE.password), **headers}
    return call(store, "POST", PATH, body, given)


def subscription(*events: dict[str, Any], kind: str = "DATA_MESSAGE") -> bytes:
    payload = {"messageType": kind, "logGroup": "/aws/lambda/us-east-1.log", "logStream": "s"}
    return gzip.compress(json.dumps({**payload, "logEvents": list(events)}).encode())


def test_json_records_and_their_repetition(tmp_path: Path) -> None:
    body = request(b'{"n":1}\n{"n":2}\n', b'{"n":3,"record_id":"mine"}')
    with store_at(tmp_path) as store:
        for _ in range(2):
            reply = deliver(store, body)
            assert (reply.status, reply.json["requestId"]) == (200, "q-1")
            assert set(reply.json) == {"requestId", "timestamp"}
        found = rows(store, "SELECT n, record_id FROM access ORDER BY n")
    assert found == [
        {"n": 1, "record_id": "q-1:1"},
        {"n": 2, "record_id": "q-1:2"},
        {"n": 3, "record_id": "mine"},
    ]


def test_a_log_subscription(tmp_path: Path) -> None:
    inner = {"schema": "edge/1", "_timestamp": NOW, "record_id": "e1", "path": "/a"}
    body = request(
        subscription(
            {"id": "0", "message": "CWL CONTROL MESSAGE: …", "timestamp": 1}, kind="CONTROL_MESSAGE"
        ),
        subscription(
            {"id": "1", "timestamp": 1795224000001, "message": json.dumps(inner)},
            {"id": "2", "timestamp": 1795224000002, "message": "START RequestId: x"},
            {"id": "3", "timestamp": 1795224000003, "message": '{"path":"/b"}'},
            {"id": "4", "timestamp": 1795224000004, "message": "{torn"},
        ),
    )
    with store_at(tmp_path) as store:
        assert deliver(store, body).status == 200
        found = rows(
            store, "SELECT _timestamp, record_id, path, message, log_group FROM access ORDER BY record_id"
        )
        assert "rejected" not in {
            one["name"] for one in call(store, "GET", "/api/default/streams").json["list"]
        }
    assert [one["record_id"] for one in found] == ["1", "2", "3", "4", "e1"][1:]
    assert found[3] == {"_timestamp": NOW, "record_id": "e1", "path": "/a"}
    assert found[0]["message"] == "START RequestId: x" and found[0]["log_group"].startswith("/aws/lambda")
    assert found[1] == {"_timestamp": 1795224000003000, "record_id": "3", "path": "/b"}
    assert found[2]["message"] == "{torn"


def test_real_time_lines_become_access_records(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        assert deliver(store, request(f"{line()}\n".encode())).status == 200
        (found,) = rows(store, "SELECT * FROM access")
    assert found["_timestamp"] == 1795224000123000
    assert (found["path"], found["query"]) == ("/a%20b", "x=1&y= ")
    assert (found["user_agent"], found["referrer"]) == ("Mozilla/5.0 (X11)", "https://from.example/é")
    assert (found["duration_ms"], found["first_byte_ms"], found["status"]) == (500.0, 12.0, 200)
    assert (found["request_id"], found["record_id"]) == ("abc==", "abc==:access")
    assert (found["result"], found["country"], found["asn"], found["host"]) == (
        "Hit",
        "DE",
        "64500",
        "shop.example",
    )


def test_the_chosen_fields_come_with_the_delivery_stream(tmp_path: Path) -> None:
    chosen = {
        "X-Amz-Firehose-Common-Attributes": json.dumps(
            {"commonAttributes": {"fields": "timestamp,sc-status"}}
        )
    }
    with store_at(tmp_path) as store:
        assert deliver(store, request(b"1795224000.5\t404"), **chosen).status == 200
        assert rows(store, "SELECT status FROM access") == [{"status": 404}]
        for wrong in ("{", "[]", '{"commonAttributes":{"fields":"sc-statuss"}}'):
            reply = deliver(store, request(b"x"), **{"X-Amz-Firehose-Common-Attributes": wrong})
            assert reply.status == 400 and "common-attributes" in reply.json["errorMessage"]


def test_what_cannot_be_a_record_is_kept_aside_and_the_others_are_stored(tmp_path: Path) -> None:
    data = [
        b'{"n":1}',
        b"\xff\xfe",
        line(timestamp="soon").encode(),
        b'{"_timestamp":"soon"}',
        b"[1]",
        b"\x1f\x8bno",
    ]
    body = json.loads(request(*data))
    body["records"] += [{"data": "not base64!"}, {}, 5]
    with store_at(tmp_path) as store:
        for _ in range(2):
            assert deliver(store, json.dumps(body).encode()).status == 200
        assert rows(store, "SELECT n FROM access") == [{"n": 1}]
        rejected = rows(store, "SELECT stream, reason, record FROM rejected")
    assert len(rejected) == 8 and {one["stream"] for one in rejected} == {"access"}
    reasons = " ".join(one["reason"] for one in rejected)
    assert "not base64" in reasons and "invalid time format" in reasons and "fields" in reasons
    assert any("soon" in one["record"] for one in rejected)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"records":{}}'])
def test_what_is_no_delivery_is_refused_in_firehoses_shape(tmp_path: Path, body: bytes) -> None:
    with store_at(tmp_path) as store:
        reply = deliver(store, body, **{"X-Amz-Firehose-Request-Id": "q-9"})
    assert (reply.status, reply.json["requestId"]) == (400, "q-9")
    assert reply.json["errorMessage"]


def test_records_that_grow_large_are_cut_off_together(tmp_path: Path) -> None:
    bomb = gzip.compress(b'{"n":"' + b"0" * 700_000 + b'"}')
    with store_at(tmp_path, max_body=1_000_000) as store:
        assert deliver(store, request(bomb)).status == 200
        reply = deliver(store, request(bomb, bomb))
    assert (reply.status, reply.json["requestId"]) == (413, "q-1")


@given(
    st.dictionaries(st.sampled_from(FIELDS), st.text(st.characters(exclude_characters="\t\n"), max_size=30))
)
def test_any_line_is_a_record_or_is_refused(values: dict[str, str]) -> None:
    text = "\t".join(
        {**dict.fromkeys(FIELDS, "-"), "timestamp": "1795224000.5", **values}[name] for name in FIELDS
    )
    try:
        made = record(text)
    except LineError:
        return
    assert isinstance(made["_timestamp"], int)
    assert all(isinstance(value, str | int | float) for value in made.values())


@given(st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=40))
def test_a_path_comes_back_as_the_viewer_sent_it(path: str) -> None:
    sent = quote(path, safe="/:@!$&()*+,;=")
    logged = quote(sent, safe="/:@!$&()*+,;=")
    made = record(line(cs_uri_stem="/" + logged, cs_uri_query="-"))
    assert made["path"] == "/" + sent
