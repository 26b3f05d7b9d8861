"""Batches of Firehose's: every record has its answer, what is bad is given back, and the answer has a limit."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.edge.privacy import Keys
from edgewise.realtime import LineError, in_order, record
from edgewise.transform.batch import MOST_ANSWER, transformed
from edgewise.transform.function import transform_of
from transform.lines import FIELDS, ID, VALUES, batch, line, made

PRIVACY: dict[str, Any] = {"client_address": "truncate", "query": "drop", "headers": [], "visitor": False}


def read(text: str) -> dict[str, Any]:
    return record(text, FIELDS)


def answered(*records: str | bytes, most: int = MOST_ANSWER) -> tuple[dict[str, Any], Counter[str]]:
    return transformed(batch(*records), read, most)


def results(answer: dict[str, Any]) -> list[str]:
    return [one["result"] for one in answer["records"]]


def test_a_line_is_a_record_of_the_stream_access() -> None:
    answer, failures = answered(line())
    assert results(answer) == ["Ok"] and not failures
    (one,) = made(answer)
    assert one | {"cs_headers": "", "x_forwarded_for": ""} == {
        "_timestamp": 1_759_687_234_191_000,
        "record_id": f"{ID}:access",
        "request_id": ID,
        "schema": "access/1",
        "distribution_id": "EMLARXS9EXAMPLE",
        "host": "www.example.com",
        "method": "GET",
        "path": "/café;jsessionid=1/a%20b",
        "query": "page=2&token=secret",
        "protocol": "https",
        "status": 404,
        "bytes_sent": 783,
        "bytes_received": 201,
        "duration_ms": 254.0,
        "first_byte_ms": 253.0,
        "client_ip": "203.0.113.77",
        "country": "DE",
        "user_agent": "Mozilla/5.0 (X11)",
        "referrer": "https://user:pass@example.com/?page=1&mail=a%40b",
        "content_type": "text/html; charset=utf-8",
        "result": "Error",
        "edge_location": "FRA56-P2",
        "behavior": "*",
        "cs_headers": "",
        "x_forwarded_for": "",
    }


def test_a_hyphen_is_nothing_and_an_encoded_one_is_a_hyphen() -> None:
    (one,) = made(answered(line(cs_referer="-", cs_user_agent="%2D", cs_uri_query="-"))[0])
    assert "referrer" not in one and one["user_agent"] == "-"
    # The query behind the path is used where the field has none.
    assert one["query"] == "page=2&token=secret"


def test_what_a_visitor_sends_never_ends_a_line_or_a_field() -> None:
    (one,) = made(answered(line(cs_user_agent="a%09b%0Ac%22%5C%0D%E2%80%A8%00%FF"))[0])
    assert one["user_agent"] == 'a\tb\nc"\\\r\u2028\0\ufffd'


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (line().replace("\t", " "), "a line of 1 fields where the configuration has 23"),
        # After a change of the fields: one less, one more, and another one in its place.
        (line().partition("\t")[2], "a line of 22 fields where the configuration has 23"),
        (f"-\t{line()}", "a line of 24 fields where the configuration has 23"),
        (line(sc_status="https"), "a value that is no sc-status"),
        (line(c_ip="0.253"), None),
        (line(x_edge_request_id="www.example.com"), "a value that is no x-edge-request-id"),
        (line(c_country="gzip,%20br"), "a value that is no c-country"),
        (line(timestamp="-"), "a line without a timestamp"),
        (line(timestamp="soon"), "a value that is no timestamp"),
        (line(sc_bytes="1e9"), "a value that is no sc-bytes"),
    ],
)
def test_a_line_of_other_fields_is_given_back(changed: str, reason: str | None) -> None:
    answer, failures = answered(line(), changed, line())
    if reason is None:
        assert results(answer) == ["Ok"] * 3
        return
    assert results(answer) == ["Ok", "ProcessingFailed", "Ok"]
    assert base64.b64decode(answer["records"][1]["data"]).decode() == changed
    assert failures == Counter({reason: 1})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cs-accept", "a:b:c"),
        ("cs-accept", "application/vnd.x+json;v=1.2.3.4"),
        ("cmcd-content-id", "urn:uuid:1234"),
        ("cmcd-content-id", "http://x:8080/y"),
        ("cs-user-agent", "HTTP/2"),
        ("sc-content-type", "application/xml;%20profile=%22urn:oasis:names%22"),
        ("cs-header-names", "Host%0Ax.y%0A"),
        ("cs-method", "G!T"),
        ("cs-host", "[::1]"),
        ("cs-uri-stem", "example.com:443"),
    ],
)
def test_nothing_that_a_visitor_sends_has_a_line_given_back(field: str, value: str) -> None:
    values = VALUES | {"cs-accept": "*/*", "cmcd-content-id": "a", "cs-header-names": "Host%0A"}
    fields = in_order(values)
    settings = {"fields": list(fields), "privacy": PRIVACY}
    lines = ["\t".join((values | {field: one})[name] for name in fields) for one in (values[field], value)]
    answer, trouble = transform_of(settings, Keys("e-1"))(batch(*lines))
    assert results(answer) == ["Ok", "Ok"] and trouble == {"left_out": 1}
    whole, without = made(answer)
    assert without.items() < whole.items() and without["request_id"] == ID and without["status"] == 404
    assert {"_timestamp", "client_ip", "duration_ms", "referrer"} < without.keys()
    assert ("result" in without) is (field != "cs-user-agent")


@pytest.mark.parametrize("data", ["%%%", "YQ", base64.b64encode(b"\xff\xfe\n").decode()])
def test_data_that_is_no_text_is_given_back(data: str) -> None:
    event = batch(line())
    event["records"].append({"recordId": "bad", "data": data})
    answer, failures = transformed(event, read)
    assert answer["records"][1] == {"recordId": "bad", "result": "ProcessingFailed", "data": data}
    assert failures == Counter({"no text in base64": 1})


def test_records_of_several_lines_and_of_none() -> None:
    answer, _ = answered(line() + line(sc_status="200"), "\n", "", line().replace("\n", "\r\n"))
    assert results(answer) == ["Ok", "Dropped", "Dropped", "Ok"]
    assert [one["status"] for one in made(answer)] == [404, 200, 404]
    # One bad line among good ones: nothing of the record is lost, so all of it goes back.
    assert results(answered(line() + "x\n")[0]) == ["ProcessingFailed"]


def test_the_answer_stays_within_its_limit_and_loses_nothing() -> None:
    lines = [line(sc_bytes=str(number)) for number in range(60)]
    whole = len(json.dumps(answered(*lines)[0]))
    answer, failures = answered(*lines, most=whole - 2000)
    assert len(json.dumps(answer)) <= whole - 2000
    assert set(results(answer)) == {"Ok", "ProcessingFailed"}
    assert failures == Counter({"no room in the answer": results(answer).count("ProcessingFailed")})
    kept = [base64.b64decode(one["data"]).decode() for one in answer["records"] if one["result"] != "Ok"]
    assert sorted(
        [*(str(one["bytes_sent"]) for one in made(answer)), *(one.split("\t")[4] for one in kept)]
    ) == (sorted(map(str, range(60))))


def test_the_largest_call_of_the_template_fits() -> None:
    # A megabyte of lines that grow the most: short values, each with its column's name.
    lines = [line(cs_user_agent="%01" * 40, cs_headers="-", cs_referer="-") for _ in range(1_000_000 // 400)]
    assert sum(map(len, lines)) >= 1_000_000
    answer, failures = answered(*lines)
    assert not failures and len(json.dumps(answer)) < 6 * 1024 * 1024


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.just(line().encode()))
    )
)
def test_whatever_comes_every_record_is_answered_once(records: list[bytes]) -> None:
    event = batch(*records)
    answer, _ = transformed(event, read)
    assert [one["recordId"] for one in answer["records"]] == [one["recordId"] for one in event["records"]]
    for given_, one in zip(event["records"], answer["records"], strict=True):
        assert one["result"] in ("Ok", "Dropped", "ProcessingFailed")
        if one["result"] == "ProcessingFailed":
            assert one["data"] == given_["data"]


def test_a_line_error_tells_its_reason_without_a_value() -> None:
    with pytest.raises(LineError, match="'secret' is no sc-status") as caught:
        read(line(sc_status="secret").rstrip("\n"))
    assert "secret" not in caught.value.reason
