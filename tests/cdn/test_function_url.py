"""A Lambda function URL as an origin: the event it makes, the answers it takes, and a real function behind it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.distribution import CustomOrigin, FunctionDefinition
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.functions.function import THROTTLED, Function, FunctionResult
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogEvent
from edgewise.cdn.functions.runtime_api import Outcome
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.function_url import FunctionUrl
from edgewise.cdn.origins.invoking import Invocable
from edgewise.cdn.origins.places import Places
from edgewise.cdn.origins.refusal import Refusal
from edgewise.cdn.origins.router import OriginRouter, completed
from support.answering import Answering
from support.running import behavior, function, running_cdn, running_origin, template

DOMAIN = "abc.lambda-url.us-east-1.on.aws"
ORIGIN = CustomOrigin("app", DOMAIN, protocol="https-only", read_timeout=1)
NOW = 1_795_219_200.0


class Hanging(Answering):
    """Never answers."""

    async def invoke(self, event: bytes) -> FunctionResult:
        self.events.append(orjson.loads(event))
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def request(
    method: str = "GET",
    uri: str = "/",
    query: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    host: str = DOMAIN,
) -> Request:
    return Request(method, uri, query, Headers([("Host", host), *(headers or [])]), body)


def behind_url(function: Invocable, *, signed: bool = False) -> FunctionUrl:
    return FunctionUrl(function, lambda: NOW, lambda: None, signed=signed)


def send(function: Invocable, what: Request, attempts: int = 1, origin: CustomOrigin = ORIGIN) -> Response:
    return asyncio.run(behind_url(function).send(origin, what, attempts))


def event_of(what: Request) -> dict[str, Any]:
    function = Answering("")
    send(function, what)
    return function.events[0]


def test_the_event_of_a_request() -> None:
    event = event_of(
        request(
            "POST",
            "/my/p%20ath",
            "a=1&a=2&b=%C3%A9&c=",
            [
                ("User-Agent", "Amazon CloudFront"),
                ("X-Forwarded-For", "203.0.113.7"),
                ("X-Two", "1"),
                ("x-two", "2"),
                ("Cookie", "sid=1; v=canary"),
                ("Content-Type", "application/json"),
            ],
            b'{"a": 1}',
        )
    )
    context = event.pop("requestContext")
    trace_id = event["headers"].pop("x-amzn-trace-id")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/p%20ath",
        "rawQueryString": "a=1&a=2&b=%C3%A9&c=",
        "cookies": ["sid=1", "v=canary"],
        "headers": {
            "host": DOMAIN,
            "user-agent": "Amazon CloudFront",
            "x-forwarded-for": "203.0.113.7",
            "x-two": "1,2",
            "content-type": "application/json",
            "content-length": "8",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"a": "1,2", "b": "é", "c": ""},
        "body": '{"a": 1}',
        "isBase64Encoded": False,
    }
    assert trace_id.startswith("Root=1-6b00df00-")
    assert len(context.pop("requestId")) == 36
    assert context == {
        "accountId": "anonymous",
        "apiId": "abc",
        "domainName": DOMAIN,
        "domainPrefix": "abc",
        "http": {
            "method": "POST",
            "path": "/my/p%20ath",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "Amazon CloudFront",
        },
        "routeKey": "$default",
        "stage": "$default",
        "time": "21/Nov/2026:00:00:00 +0000",
        "timeEpoch": 1_795_219_200_000,
    }


def test_what_a_request_does_not_have_is_not_in_its_event() -> None:
    event = event_of(request())
    assert not {"cookies", "queryStringParameters", "body"} & event.keys()
    assert event["isBase64Encoded"] is False and event["rawQueryString"] == ""


@pytest.mark.parametrize(
    ("kind", "body", "is_text"),
    [
        ("text/plain; charset=utf-8", "é".encode(), True),
        ("application/json", b"{}", True),
        ("application/ld+json", b"{}", True),
        ("APPLICATION/XML", b"<a/>", True),
        ("text/plain", b"\xff", False),
        ("application/x-www-form-urlencoded", b"a=1", False),
        ("image/png", b"\x00\xff", False),
        ("", b"a", False),
    ],
)
def test_a_body_is_text_or_base64_by_its_type(kind: str, body: bytes, is_text: bool) -> None:
    event = event_of(request("POST", headers=[("Content-Type", kind)], body=body))
    assert event["isBase64Encoded"] is not is_text
    assert (event["body"].encode() if is_text else base64.b64decode(event["body"])) == body


@given(
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.binary(max_size=30),
)
def test_any_request_makes_an_event(uri: str, query: str, cookie: str, body: bytes) -> None:
    event = event_of(request("POST", f"/{uri}", query, [("Cookie", cookie)], body))
    text = event.get("body", "")
    assert (base64.b64decode(text) if event["isBase64Encoded"] else text.encode()) == body
    assert event["rawPath"].startswith("/")
    assert all(pair and pair == pair.strip() and ";" not in pair for pair in event.get("cookies", []))


def test_a_full_answer() -> None:
    answer = {
        "statusCode": 201,
        "headers": {"Content-Type": "text/html", "X-Number": 3, "X-Flag": True, "Content-Length": "999"},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": "größe",
    }
    response = send(Answering(answer), request())
    assert (response.status, response.body) == (201, "größe".encode())
    assert response.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2"]
    told = {name.lower(): value for name, value in response.headers if name != "Set-Cookie"}
    assert len(told.pop("x-amzn-requestid")) == 36
    assert told == {
        "content-type": "text/html",
        "x-number": "3",
        "x-flag": "true",
        "content-length": "7",
        "date": "Sat, 21 Nov 2026 00:00:00 GMT",
    }


@pytest.mark.parametrize("value", ["Hello, world!", {"message": "hi"}, [1, 2], 7, None, {}])
def test_any_other_value_is_200_with_its_json(value: Any) -> None:
    response = send(Answering(value), request())
    assert response.status == 200
    assert response.headers.get("content-type") == "application/json"
    assert isinstance(response.body, bytes) and json.loads(response.body) == value


def test_a_binary_answer_and_one_without_a_body() -> None:
    binary = send(Answering({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}), request())
    assert (binary.body, binary.headers.get("content-length")) == (b"\x00\xff", "2")
    empty = send(Answering({"statusCode": "204", "body": "x"}), request())
    assert (empty.status, empty.body) == (204, b"") and "content-length" not in empty.headers
    head = send(Answering({"statusCode": 200, "body": "abc"}), request("HEAD"))
    assert (head.body, head.headers.get("content-length")) == (b"", "3")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"statusCode": "ok"}, "statusCode must be a number"),
        ({"statusCode": True}, "statusCode must be a number"),
        ({"statusCode": 99}, "from 200 to 599"),
        ({"statusCode": 200, "headers": ["a"]}, "headers must be an object"),
        ({"statusCode": 200, "headers": {"a b": "1"}}, "is no header name"),
        ({"statusCode": 200, "headers": {"a": ["1"]}}, "must be a text"),
        ({"statusCode": 200, "headers": {"a": "1\r\nb: 2"}}, "control character"),
        ({"statusCode": 200, "cookies": "a=1"}, "list of texts"),
        ({"statusCode": 200, "cookies": [1]}, "must be a text"),
        ({"statusCode": 200, "body": {"a": 1}}, "body must be a text"),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, "not base64"),
        (Outcome(b"not json"), "not JSON"),
        (Outcome(b'{"errorMessage": "on purpose"}', "ValueError"), "on purpose"),
        (Outcome(b"", "Sandbox.Timedout"), "Timedout"),
        (Outcome(b'"' + b"x" * 6 * 1024 * 1024 + b'"'), "Lambda takes"),
    ],
)
def test_a_function_that_fails_is_502(answer: Any, why: str) -> None:
    response = send(Answering(answer), request())
    assert (response.status, response.body) == (502, b'{"Message":"Internal Server Error"}')
    assert isinstance(response, Refusal) and why in response.why


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(_json, st.sampled_from(["statusCode", "headers", "cookies", "body", "isBase64Encoded"]))
def test_any_answer_is_taken_or_is_502(value: Any, key: str) -> None:
    answer = {"statusCode": 200, "headers": {}, "cookies": [], "body": "", key: value}
    response = send(Answering(Outcome(json.dumps(answer).encode())), request())
    if isinstance(response, Refusal):
        assert response.status == 502 and response.why.startswith("the function returned no valid response: ")
    else:
        assert response.status == int(answer["statusCode"])
        if response.status not in (204, 304):
            assert isinstance(response.body, bytes)
            assert response.headers.get_all("content-length") == [str(len(response.body))]
    for name, line in response.headers:
        assert "\n" not in name + line and "\r" not in name + line


def test_the_viewers_host_is_403() -> None:
    function = Answering("")
    response = send(function, request(host="www.example.com"))
    assert (response.status, response.body) == (403, b'{"Message":"Forbidden"}')
    assert isinstance(response, Refusal) and "www.example.com" in response.why
    assert function.events == []


def test_more_than_lambda_takes_is_413() -> None:
    function = Answering("")
    assert send(function, request("POST", body=bytes(6 * 1024 * 1024))).status == 413
    assert function.events == []


def test_a_signed_url_refuses_a_body_whose_hash_the_viewer_did_not_tell() -> None:
    function = Answering({"statusCode": 200})
    told = hashlib.sha256(b"hello").hexdigest()

    def post(body: bytes, *headers: tuple[str, str]) -> Response:
        what = request("POST", headers=[*headers, ("Authorization", "Bearer x")], body=body)
        return asyncio.run(behind_url(function, signed=True).send(ORIGIN, what, 1))

    unsigned, wrong = post(b"hello"), post(b"hullo", ("X-Amz-Content-Sha256", told))
    assert (unsigned.status, wrong.status, function.events) == (403, 403, [])
    assert isinstance(unsigned, Refusal) and "x-amz-content-sha256" in unsigned.why
    assert post(b"hello", ("X-Amz-Content-Sha256", told)).status == post(b"").status == 200
    # CloudFront's signature has the place of the viewer's header.
    assert not any("authorization" in event["headers"] for event in function.events)


def test_a_throttled_function_is_429() -> None:
    response = send(Answering(Outcome(b"", THROTTLED)), request())
    assert response.status == 429
    assert isinstance(response.body, bytes) and b"Rate Exceeded" in response.body


def test_a_function_that_outlasts_the_read_timeout_is_504() -> None:
    origin = CustomOrigin("app", DOMAIN, read_timeout=0)
    for method, times in (("GET", 2), ("POST", 1)):
        function = Hanging("")
        router = OriginRouter(Places(), {DOMAIN: behind_url(function)})
        retrying = CustomOrigin("app", DOMAIN, read_timeout=0, connect_attempts=2)
        with pytest.raises(RequestFailure, match="no answer within") as caught:
            asyncio.run(router.send(retrying, request(method)))
        assert caught.value.status == 504
        assert len(function.events) == times
    with pytest.raises(RequestFailure, match="1 times"):
        send(Hanging(""), request(), origin=origin)


HANDLER = """
import json, os

def handler(event, context):
    print("said by the function")
    if event["rawPath"] == "/v1/fail":
        raise ValueError("on purpose")
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "cookies": ["seen=1"],
        "body": json.dumps({
            "path": event["rawPath"], "query": event["queryStringParameters"], "name": context.function_name,
            "arn": context.invoked_function_arn, "mode": os.environ["MODE"], "region": os.environ["AWS_REGION"],
        }),
    }
"""


def _with_function_url() -> str:
    """A template whose default behavior goes to the function URL of its function `Api`."""
    document = json.loads(template(behavior(origin="api")))
    resources = document["Resources"]
    variables = {"Variables": {"MODE": "test"}}
    resources["Api"] = function("code", FunctionName="api", Timeout=20, Environment=variables)
    resources["Url"] = {
        "Type": "AWS::Lambda::Url",
        "Properties": {"TargetFunctionArn": {"Ref": "Api"}, "AuthType": "NONE"},
    }
    domain = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Url", "FunctionUrl"]}]}]}
    settings = {"OriginProtocolPolicy": "https-only"}
    origin = {"Id": "api", "DomainName": domain, "CustomOriginConfig": settings}
    resources["Distribution"]["Properties"]["DistributionConfig"]["Origins"].append(origin)
    return json.dumps(document)


def test_a_function_url_of_the_template_runs_its_function(tmp_path: Path) -> None:
    with running_cdn(tmp_path, _with_function_url(), {"app.py": HANDLER}) as cdn:
        answer = cdn.request("/items?q=a")
        assert (answer.status, answer.json()["name"], answer.json()["query"]) == (200, "api", {"q": "a"})
        assert answer.headers["Set-Cookie"] == "seen=1"
        assert cdn.request("/v1/fail").status == 502


def test_a_place_takes_the_place_of_the_function(tmp_path: Path) -> None:
    text = _with_function_url()
    with running_origin() as server, running_cdn(tmp_path, text, origins={"api": server.url}) as cdn:
        assert cdn.request("/items").json()["target"] == "/items"
        assert cdn.logs == []


def test_a_real_function_behind_a_function_url(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HANDLER)
    definition = FunctionDefinition(
        "api", "app.handler", tmp_path, timeout=20, at_edge=False, variables={"MODE": "test"}
    )
    logs: list[LogEvent] = []

    async def asked() -> tuple[Response, Response]:
        launcher = Launcher()
        function = Function(definition, "us-east-1", launcher, logs.append)
        router = OriginRouter(Places(), {DOMAIN: behind_url(function)})
        origin = CustomOrigin("app", DOMAIN, path="/v1")
        try:
            await router.resolve(origin)
            answer = await router.send(origin, completed(origin, request("GET", "/items", "q=a")))
            return answer, await router.send(origin, completed(origin, request("GET", "/fail")))
        finally:
            await function.close()
            launcher.close()

    answer, failed = asyncio.run(asked())
    assert failed.status == 502
    assert isinstance(failed, Refusal) and "on purpose" in failed.why
    assert answer.headers.get_all("set-cookie") == ["seen=1"]
    assert isinstance(answer.body, bytes)
    told = json.loads(answer.body)
    assert told["path"] == "/v1/items" and told["query"] == {"q": "a"}
    # A regional function: no prefix of a replica, and variables of its own.
    assert (told["name"], told["mode"], told["region"]) == ("api", "test", "us-east-1")
    assert told["arn"].startswith("arn:aws:lambda:us-east-1:123456789012:function:api")
    assert {event.group for event in logs} == {"/aws/lambda/api"}
    assert {event.region for event in logs} == {"us-east-1"}
    assert "said by the function" in [event.message for event in logs]
