"""What is in a record, and that nothing a visitor sends can make it anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.edge.record import BOOLEANS, FLOATS, INTEGERS, TEXT

FIELDS = {
    **dict.fromkeys(TEXT, str),
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(FLOATS, float),
    **dict.fromkeys(BOOLEANS, bool),
    "truncated": str,
}
EDGE_1 = """
    _timestamp record_id request_id trigger schema distribution_id host method path query status duration_ms client_ip
    user_agent referrer language country device content_type region function_version settings_hash environment_id
    environment_age_ms invocation cold sent dropped failed_steps failure truncated visitor memory_hits memory_misses
    retried waited_ms batch_age_ms sample_rate release version decision origin_ms views_sent views_dropped drop_reason
"""
REQUEST_ID = load_event("viewer-request")["Records"][0]["cf"]["config"]["requestId"]


def test_the_list_of_fields_is_closed() -> None:
    assert sorted(FIELDS) == sorted(EDGE_1.split())


def test_the_record_of_a_viewer_request(edge: Edge, clock: HandClock, output: Output) -> None:
    @edge.viewer_request
    def slow(request: Request) -> None:
        request.path = "/rewritten"
        request.headers.set("User-Agent", "rewritten")
        clock.pass_time(0.25)

    clock.pass_time(3)
    edge(load_event("viewer-request"), Context())
    assert output.records == [
        {
            "_timestamp": 1_800_000_003_000_000,
            "record_id": f"{REQUEST_ID}:viewer-request",
            "request_id": REQUEST_ID,
            "trigger": "viewer-request",
            "schema": "edge/1",
            "distribution_id": "E1SHOPEXAMPLE",
            "host": "shop.example",
            "method": "GET",
            "path": "/shirts/17",
            "query": "size=m&q=blue%20shirt",
            "client_ip": "203.0.113.24",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
            "referrer": "https://news.example/today",
            "language": "en-GB,en;q=0.8",
            "duration_ms": 250.0,
            "sample_rate": 1.0,
            "region": "eu-west-2",
            "function_version": "7",
            "environment_id": edge.environment.environment_id,
            "environment_age_ms": 3000,
            "invocation": 1,
            "cold": True,
            "sent": 0,
            "dropped": 0,
            "failed_steps": 0,
        }
    ]


def test_the_record_of_an_origin_response_takes_cloudfronts_values_for_nobodys(
    edge: Edge, output: Output
) -> None:
    edge(load_event("origin-response"), Context("0a1b2c3d-0000"))
    (record,) = output.records
    assert record["record_id"] == f"{REQUEST_ID}:origin-response:0a1b2c3d"
    assert (record["status"], record["content_type"]) == (200, "text/html; charset=utf-8")
    assert (record["client_ip"], record["country"], record["device"]) == ("203.0.113.24", "GB", "tablet")
    assert not {"host", "user_agent", "referrer"} & set(record)


def test_values_that_a_policy_forwards_to_the_origin_are_the_visitors(edge: Edge, output: Output) -> None:
    event = load_event("origin-response")
    headers = event["Records"][0]["cf"]["request"]["headers"]
    headers["host"][0]["value"] = "shop.example"
    headers["user-agent"][0]["value"] = "curl/8"
    edge(event, Context())
    assert (output.records[0]["host"], output.records[0]["user_agent"]) == ("shop.example", "curl/8")


def test_a_visitor_cannot_choose_the_country(edge: Edge, output: Output) -> None:
    event = load_event("viewer-request")
    headers = event["Records"][0]["cf"]["request"]["headers"]
    headers["cloudfront-viewer-country"] = [{"key": "CloudFront-Viewer-Country", "value": "XX"}]
    headers["cloudfront-is-mobile-viewer"] = [{"key": "CloudFront-Is-Mobile-Viewer", "value": "true"}]
    edge(event, Context())
    assert not {"country", "device"} & set(output.records[0])


def test_an_environment_counts_its_invocations_and_its_age(
    edge: Edge, clock: HandClock, output: Output
) -> None:
    for trigger in (
        "viewer-request",
        "origin-request",
        "origin-response",
        "viewer-response",
        "viewer-request",
    ):
        edge(load_event(trigger), Context())
        clock.pass_time(60)
    first, second, third = output.records  # origin request and viewer response are not logged
    assert [record["invocation"] for record in output.records] == [1, 3, 5]
    assert [record["cold"] for record in output.records] == [True, False, False]
    assert [record["environment_age_ms"] for record in output.records] == [0, 120_000, 240_000]
    assert [record["sent"] for record in output.records] == [0, 1, 2]
    assert first["environment_id"] == second["environment_id"] == third["environment_id"]


def test_two_environments_are_two(output: Output) -> None:
    first, second = (Edge(write=output, environ=ENVIRON).environment.environment_id for _ in range(2))
    assert first != second


def test_cookies_and_credentials_are_never_recorded(edge: Edge, output: Output) -> None:
    for trigger in ("viewer-request", "origin-response"):
        edge(load_event(trigger), Context())
    text = "".join(output.lines)
    for secret in ("b-17", "a=b=c", "not-for-the-log", "k-1", "a=1"):
        assert secret not in text


@pytest.mark.parametrize("entry", [{"key": "User-Agent"}, {"value": 7}, {"value": None}, {"value": ["x"]}])
def test_an_odd_header_costs_its_own_field_alone(edge: Edge, output: Output, entry: dict[str, Any]) -> None:
    event = load_event("viewer-request")
    event["Records"][0]["cf"]["request"]["headers"]["user-agent"] = [entry]
    edge(event, Context())
    (record,) = output.records
    assert "user_agent" not in record
    assert (record["host"], record["failed_steps"]) == ("shop.example", 0)


def test_long_text_is_cut_between_characters_and_named(edge: Edge, output: Output) -> None:
    event = load_event("viewer-request")
    request = event["Records"][0]["cf"]["request"]
    request["uri"] = "/" + "é" * 2000
    request["headers"]["user-agent"][0]["value"] = "x" * 513
    request["headers"]["referer"][0]["value"] = "x" * 1024
    edge(event, Context())
    (record,) = output.records
    assert record["path"] == "/" + "é" * 1023
    assert record["user_agent"] == "x" * 512
    assert sorted(record["truncated"].split(",")) == ["path", "user_agent"]


# Everything JSON can bring: lone surrogates, NUL, line separators, escape sequences.
_ANY_TEXT = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "\ud800",
        "a\r\nb",
        "\u2028",
        "\x1b[31m",
        "\x7f\x9b",
        '"},{"_timestamp":1',
        "é" * 3000,
        "\U0001f600" * 700,
    ]
)
_HEADER_NAMES = (
    "host",
    "user-agent",
    "referer",
    "accept-language",
    "_timestamp",
    "cold",
    "cloudfront-viewer-country",
)


@given(
    trigger=st.sampled_from(["viewer-request", "origin-response"]),
    uri=_ANY_TEXT,
    query=_ANY_TEXT,
    method=_ANY_TEXT,
    headers=st.dictionaries(st.sampled_from(_HEADER_NAMES) | st.text(max_size=9), _ANY_TEXT, max_size=6),
)
def test_whatever_a_visitor_sends_is_one_ascii_line_of_known_fields(
    trigger: str, uri: str, query: str, method: str, headers: dict[str, str]
) -> None:
    event = load_event(trigger)
    request: dict[str, Any] = event["Records"][0]["cf"]["request"]
    request.update(uri=uri, querystring=query, method=method)
    request["headers"].update({name: [{"key": name, "value": value}] for name, value in headers.items()})
    output = Output()
    Edge(write=output, environ=ENVIRON)(event, Context())
    (line,) = output.lines
    assert line.isascii()
    assert line.isprintable()
    record = json.loads(line)
    assert {name: type(value) for name, value in record.items()} == {name: FIELDS[name] for name in record}
    assert all(len(record[name].encode()) <= limit for name, limit in TEXT.items() if name in record)
    assert (record["schema"], record["failed_steps"], record["trigger"]) == ("edge/1", 0, trigger)


@pytest.mark.parametrize("failure", ["a\nb", "\ud800", "é" * 1000])
def test_the_text_of_an_error_cannot_break_the_line(edge: Edge, output: Output, failure: str) -> None:
    @edge.viewer_request(optional=True)
    def broken(request: Request) -> None:
        raise ValueError(failure)

    edge(load_event("viewer-request"), Context())
    (line,) = output.lines
    assert line.isascii()
    assert line.isprintable()
    assert len(json.loads(line)["failure"]) <= 400
