"""A function behind a load balancer: the events it gets, against AWS's documented ones, and the answers it may give.

Source of the sample: User Guide for Application Load Balancers, "Use Lambda functions as targets", as of 2026-04.
Mangum, which reads such events for web apps, is the second opinion.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mangum.handlers.alb import ALB

from edgewise.cdn.distribution import CustomOrigin, OriginProtocol
from edgewise.cdn.functions.function import THROTTLED
from edgewise.cdn.functions.runtime_api import Outcome
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.load_balancer import LoadBalancer
from edgewise.cdn.origins.refusal import Refusal
from support.answering import Answering

ORIGIN = CustomOrigin("api", "lb.example.com", protocol="https-only")
NOW = 1_795_219_200.0
MANGUM: Any = {"api_gateway_base_path": "/", "text_mime_types": ["text/"], "exclude_headers": []}


def send(answer: Any, what: Request, *, several: bool = False) -> tuple[Response, list[dict[str, Any]]]:
    function = Answering(answer)
    balancer = LoadBalancer(function, lambda: NOW, lambda: None, several=several)
    return asyncio.run(balancer.send(ORIGIN, what, 1)), function.events


def event_of(what: Request, *, several: bool = False) -> dict[str, Any]:
    (event,) = send({"statusCode": 200}, what, several=several)[1]
    return event


def request(
    method: str = "GET",
    uri: str = "/",
    query: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Request:
    return Request(method, uri, query, Headers([("Host", "lb.example.com"), *(headers or [])]), body)


def test_the_event_is_the_documented_one() -> None:
    event = event_of(
        request(
            headers=[
                ("Accept", "text/html,application/xhtml+xml"),
                ("Accept-Language", "en-US,en;q=0.8"),
                ("Content-Type", "text/plain"),
                ("Cookie", "cookies"),
                ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6)"),
                ("X-Forwarded-For", "72.21.198.66"),
            ],
            query="a=1",
            body=b"request_body",
        )
    )
    trace = event["headers"].pop("x-amzn-trace-id")
    assert trace.startswith("Root=1-6b00df00-")
    arn = event["requestContext"]["elb"].pop("targetGroupArn")
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/")
    assert event == {
        "requestContext": {"elb": {}},
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {"a": "1"},
        "headers": {
            "accept": "text/html,application/xhtml+xml",
            "accept-language": "en-US,en;q=0.8",
            "content-length": "12",
            "content-type": "text/plain",
            "cookie": "cookies",
            "host": "lb.example.com",
            "user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6)",
            # The viewer, and CloudFront, which is this machine.
            "x-forwarded-for": "72.21.198.66, 127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "isBase64Encoded": False,
        "body": "request_body",
    }


def test_of_several_values_the_last_counts_unless_they_are_enabled() -> None:
    what = request(query="&myKey=val1&myKey=val2%20x&flag", headers=[("X-A", "1"), ("x-a", "2")])
    single, several = event_of(what), event_of(what, several=True)
    # Encoded as they came.
    assert single["queryStringParameters"] == {"myKey": "val2%20x", "flag": ""}
    assert single["headers"]["x-a"] == "2"
    assert several["multiValueQueryStringParameters"] == {"myKey": ["val1", "val2%20x"], "flag": [""]}
    assert several["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert not {"headers", "queryStringParameters"} & set(several)


@pytest.mark.parametrize(
    ("protocol", "scheme", "told"),
    [
        ("http-only", "https", ("http", "8080")),
        ("https-only", "http", ("https", "443")),
        ("match-viewer", "http", ("http", "8080")),
        ("match-viewer", "https", ("https", "443")),
    ],
)
def test_the_function_is_told_how_the_load_balancer_was_asked(
    protocol: OriginProtocol, scheme: str, told: tuple[str, str]
) -> None:
    function = Answering({"statusCode": 200})
    balancer = LoadBalancer(function, lambda: NOW, lambda: None, several=False)
    origin = CustomOrigin("api", "lb.example.com", protocol=protocol, http_port=8080)
    asyncio.run(balancer.send(origin, replace(request(), scheme=scheme), 1))
    headers = function.events[0]["headers"]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == told


@pytest.mark.parametrize(
    ("kind", "encoding", "is_text"),
    [
        ("application/json; charset=utf-8", "", True),
        ("application/xml", "", True),
        ("text/csv", "", True),
        ("text/csv", "gzip", False),
        ("application/x-www-form-urlencoded", "", False),
        ("", "", False),
    ],
)
def test_what_is_no_text_is_in_base64(kind: str, encoding: str, is_text: bool) -> None:
    headers = [
        (name, value) for name, value in (("Content-Type", kind), ("Content-Encoding", encoding)) if value
    ]
    event = event_of(request("POST", headers=headers, body=b"{}"))
    assert (event["isBase64Encoded"], event["body"]) == ((False, "{}") if is_text else (True, "e30="))


@given(
    parameters=st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=4),
    path=st.text(max_size=20),
    body=st.binary(max_size=40),
    several=st.booleans(),
)
def test_mangum_reads_what_was_sent(
    parameters: list[tuple[str, str]], path: str, body: bytes, several: bool
) -> None:
    parameters = [(quote(name, safe=""), quote(value, safe="")) for name, value in dict(parameters).items()]
    query = "&".join(f"{name}={value}" for name, value in parameters)
    what = request("POST", f"/{quote(path, safe='')}", query, [("X-A", "1")], body)
    context: Any = None
    read = ALB(event_of(what, several=several), context, MANGUM)
    assert read.body == body
    assert read.scope["method"] == "POST"
    assert read.scope["path"] == unquote(what.uri)
    assert dict(read.scope["headers"])[b"x-a"] == b"1"
    assert read.scope["client"][0] == "127.0.0.1"
    sent = parse_qsl(read.scope["query_string"].decode(), keep_blank_values=True)
    assert sent == [(unquote(name), unquote(value)) for name, value in parameters]


def test_the_documented_answer() -> None:
    answer = {
        "isBase64Encoded": False,
        "statusCode": 200,
        "statusDescription": "200 OK",
        "headers": {"Set-cookie": "cookies", "Content-Type": "application/json", "Connection": "close"},
        "body": "Hello from Lambda (optional)",
    }
    response, _ = send(answer, request())
    assert (response.status, response.body) == (200, b"Hello from Lambda (optional)")
    assert response.headers.get("set-cookie") == "cookies"
    assert response.headers.get("content-length") == "28"
    assert "connection" not in response.headers


def test_several_cookies_need_multi_value_headers() -> None:
    answer = {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
    response, _ = send(answer, request(), several=True)
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    refused, _ = send(answer, request())
    assert isinstance(refused, Refusal) and "this target group reads headers" in refused.why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("hello", "it has no statusCode"),
        ({"body": "hello"}, "it has no statusCode"),
        ({"statusCode": "ok"}, "statusCode must be a number"),
        ({"statusCode": 200, "statusDescription": "OK"}, "statusDescription must be"),
        ({"statusCode": 200, "headers": ["a"]}, "headers must be an object"),
        ({"statusCode": 200, "headers": {"a": "b\n"}}, "control character"),
        ({"statusCode": 200, "body": "%", "isBase64Encoded": True}, "body is not base64"),
        ({"statusCode": 200, "body": "a" * 1024 * 1024}, "a load balancer takes 1048576"),
        (Outcome(b'{"errorMessage": "boom"}', "ValueError"), "boom"),
        (Outcome(b"", THROTTLED), "the function failed"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, str | dict) else None,
)
def test_what_is_no_answer_is_502(answer: Any, why: str) -> None:
    response, _ = send(answer, request())
    assert response.status == 502
    assert isinstance(response, Refusal) and why in response.why
    assert isinstance(response.body, bytes) and b"502 Bad Gateway" in response.body


def test_more_than_a_megabyte_is_413() -> None:
    response, events = send({"statusCode": 200}, request("POST", body=bytes(1024 * 1024 + 1)))
    assert (response.status, events) == (413, [])


def test_head_and_no_content_have_no_body() -> None:
    assert send({"statusCode": 200, "body": "a"}, request("HEAD"))[0].body == b""
    assert send({"statusCode": 204, "body": "a"}, request())[0].body == b""
