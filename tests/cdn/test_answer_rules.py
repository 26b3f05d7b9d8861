"""Each rule of a function's result by its name: what breaks it, what does not, and what is said about it."""

from __future__ import annotations

import copy
from base64 import b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest

from edgewise.cdn import answer
from edgewise.cdn.distribution import Trigger
from edgewise.cdn.errorpage import BUSY
from edgewise.cdn.event import RequestConfig, request_event, response_event
from edgewise.cdn.failure import RequestFailure, function_failed
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.rules import RULES, as_table, broken
from edgewise.cdn.trace import Trace
from edgewise.cdn.validationlog import validation_event
from edgewise.cdn.viewerfacts import ViewerFacts

CONFIG = RequestConfig("d111111abcdef8.cloudfront.net", "EDFDVBD6EXAMPLE", "id==")
DOCS = Path(__file__).parents[2] / "docs" / "function-rules.md"
KB = 1024

REQUEST = Request(
    "POST",
    "/a",
    "b=1",
    Headers(
        [
            ("Host", "www"),
            ("Via", "2.0 a"),
            ("X-Two", "1"),
            ("X-Two", "2"),
            ("CloudFront-Viewer-Country", "XX"),
        ]
    ),
    b"hello",
    "192.0.2.1",
)
RESPONSE = Response(
    200,
    Headers(
        [("Transfer-Encoding", "chunked"), ("Via", "1.1 a"), ("Content-Length", "5"), ("Warning", "1 - x")]
    ),
    b"hello",
    "OK",
)


def event_of(trigger: Trigger) -> dict[str, Any]:
    """A whole event as a function gets it."""
    if trigger.endswith("request"):
        made = request_event(trigger, CONFIG, REQUEST, include_body=True)
    else:
        made = response_event(trigger, CONFIG, REQUEST, RESPONSE)
    return dict(orjson.loads(orjson.dumps(made)))


def part_of(trigger: Trigger) -> dict[str, Any]:
    return dict(event_of(trigger)["Records"][0]["cf"]["request" if "request" in trigger else "response"])


def taken(trigger: Trigger, result: Any) -> Request | Response:
    payload = result if isinstance(result, bytes) else orjson.dumps(result)
    parsed = answer.parse(payload)
    if trigger.endswith("response"):
        return answer.changed_response(trigger, parsed, RESPONSE)
    if answer.is_response(parsed):
        return answer.generated_response(trigger, parsed)
    return answer.changed_request(trigger, parsed, REQUEST)


def with_headers(trigger: Trigger, **changes: Any) -> dict[str, Any]:
    """The event's part with header entries replaced, or deleted where None; `_` stands for a hyphen."""
    part = copy.deepcopy(part_of(trigger))
    for name, entries in changes.items():
        name = name.replace("_", "-")
        if entries is None:
            del part["headers"][name]
        else:
            part["headers"][name] = entries
    return part


def changed(trigger: Trigger, **fields: Any) -> dict[str, Any]:
    return {**part_of(trigger), **fields}


def line(value: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"value": value, **more}]


VIEWER, ORIGIN = "viewer-request", "origin-request"
BROKEN: list[tuple[str, str, Trigger, Any]] = [
    ("json", "", VIEWER, b'{"uri": NaN}'),
    ("json", "", VIEWER, b""),
    ("object", "NoneType", VIEWER, None),
    ("object", "list", ORIGIN, []),
    ("object", "str", "origin-response", "ok"),
    ("whole-event", "Records", VIEWER, event_of(VIEWER)),
    ("whole-event", "Records", "viewer-response", event_of("viewer-response")),
    ("whole-event", "request", ORIGIN, event_of(ORIGIN)["Records"][0]["cf"]),
    ("whole-event", "response", VIEWER, {"response": {"status": "200"}}),
    ("status-code", "statusCode", VIEWER, {"statusCode": 200, "body": "ok"}),
    ("no-uri", "uri", VIEWER, {}),
    ("no-status", "status", "origin-response", part_of(ORIGIN)),
    ("read-only-field", "method", VIEWER, changed(VIEWER, method="GET")),
    ("read-only-field", "clientIp", ORIGIN, changed(ORIGIN, clientIp="192.0.2.2")),
    ("read-only-field", "body.inputTruncated", VIEWER, changed(VIEWER, body={"inputTruncated": True})),
    *[
        ("uri", "uri", VIEWER, changed(VIEWER, uri=uri))
        for uri in ("", "a", "/a b", "/a?b", "/a#b", "/a\n", 5, ["/"], "*", "https://www/a")
    ],
    *[
        ("query-string", "querystring", ORIGIN, changed(ORIGIN, querystring=query))
        for query in ("a b", "a\tb", "a#b", None, {"a": "b"}, 1)
    ],
    ("url-length", "uri", VIEWER, changed(VIEWER, uri="/" + "a" * 8_188)),
    ("headers-size", "headers", VIEWER, with_headers(VIEWER, x_a=line("v" * 32_768))),
    ("body-object", "body", VIEWER, changed(VIEWER, body="text")),
    ("body-action", "body.action", VIEWER, changed(VIEWER, body={"action": "Replace", "data": ""})),
    ("body-string", "body.data", ORIGIN, changed(ORIGIN, body={"action": "replace"})),
    (
        "body-encoding",
        "body.encoding",
        ORIGIN,
        changed(ORIGIN, body={"action": "replace", "data": "", "encoding": "gzip"}),
    ),
    ("body-base64", "body.data", ORIGIN, changed(ORIGIN, body={"action": "replace", "data": "%"})),
    (
        "body-size",
        "body.data",
        VIEWER,
        changed(VIEWER, body={"action": "replace", "encoding": "text", "data": "x" * (40 * KB + 1)}),
    ),
    ("headers-object", "headers", VIEWER, changed(VIEWER, headers=None)),
    ("headers-object", "headers", "viewer-response", changed("viewer-response", headers=[{"key": "a"}])),
    ("header-list", "x-a", VIEWER, with_headers(VIEWER, x_a="text")),
    ("header-list", "x-a", VIEWER, with_headers(VIEWER, x_a={"value": "1"})),
    ("header-value", "x-a", VIEWER, with_headers(VIEWER, x_a=["text"])),
    ("header-value", "x-a", VIEWER, with_headers(VIEWER, x_a=line(1))),
    ("header-value", "x-a", VIEWER, with_headers(VIEWER, x_a=line(["a", "b"]))),
    ("header-key", "x-a", VIEWER, with_headers(VIEWER, x_a=line("1", key="X-B"))),
    ("header-key", "x-a", VIEWER, with_headers(VIEWER, x_a=line("1", key=5))),
    ("header-name-character", "x a", VIEWER, with_headers(VIEWER, **{"x a": line("1")})),
    ("header-name-character", "", VIEWER, with_headers(VIEWER, **{"": line("1")})),
    ("header-value-character", "X-A", VIEWER, with_headers(VIEWER, x_a=line("a\r\nb"))),
    ("read-only-header", "Host", VIEWER, with_headers(VIEWER, host=line("other"))),
    ("read-only-header", "Host", VIEWER, with_headers(VIEWER, host=None)),
    ("read-only-header", "Host", VIEWER, with_headers(VIEWER, host=[])),
    ("read-only-header", "Host", VIEWER, with_headers(VIEWER, HOST=line("www"))),
    ("read-only-header", "Transfer-Encoding", "origin-response", {"status": "200"}),
    ("read-only-header", "Content-Length", VIEWER, with_headers(VIEWER, content_length=line("5"))),
    ("read-only-header", "Accept-Encoding", ORIGIN, with_headers(ORIGIN, accept_encoding=line("br"))),
    ("read-only-header", "If-None-Match", ORIGIN, with_headers(ORIGIN, if_none_match=line('"a"'))),
    (
        "read-only-header",
        "Transfer-Encoding",
        "origin-response",
        {"status": "200", "headers": {"via": line("1.1 a")}},
    ),
    (
        "read-only-header",
        "Content-Length",
        "viewer-response",
        with_headers("viewer-response", content_length=line("6")),
    ),
    ("read-only-header", "Warning", "viewer-response", with_headers("viewer-response", warning=None)),
    ("read-only-header", "Via", VIEWER, {"status": "200", "headers": {"via": line("1.1 b")}}),
    *[
        ("disallowed-header", name, trigger, with_headers(trigger, **{name.lower(): line("1")}))
        for name in (
            "Connection",
            "X-Edge-Any",
            "X-Amz-Cf-Id",
            "X-Forwarded-Proto",
            "X-Real-Ip",
            "X-Amzn-Auth",
        )
        for trigger in (VIEWER, "origin-response")
    ],
    (
        "cloudfront-header",
        "Cloudfront-Viewer-City",
        VIEWER,
        with_headers(VIEWER, cloudfront_viewer_city=line("Rome")),
    ),
    *[
        ("status", "status", VIEWER, {"status": status})
        for status in ("199", "600", 100, 99, "", "2 0", "٢٠٠", "9" * 5000, True, None, 200.5, [200])
    ],
    ("status", "status", "origin-response", changed("origin-response", status="304 Not Modified")),
    ("viewer-response-status", "status", "viewer-response", changed("viewer-response", status="201")),
    ("status-description", "statusDescription", VIEWER, {"status": "200", "statusDescription": "a\nb"}),
    ("status-description", "statusDescription", VIEWER, {"status": "200", "statusDescription": 5}),
    ("no-content-body", "body", VIEWER, {"status": 204, "body": "x"}),
    ("body-string", "body", VIEWER, {"status": 200, "body": {"a": 1}}),
    ("body-encoding", "bodyEncoding", VIEWER, {"status": 200, "body": "", "bodyEncoding": "utf-8"}),
    ("body-base64", "body", VIEWER, {"status": 200, "body": "é", "bodyEncoding": "base64"}),
    ("body-size", "body", VIEWER, {"status": 200, "headers": {"x-a": line("v" * 41 * KB)}}),
    ("body-size", "body", ORIGIN, {"status": 200, "body": "x" * (KB * KB + 1)}),
    ("body-size", "body", "origin-response", changed("origin-response", body="x" * (KB * KB + 1))),
]


@pytest.mark.parametrize(("rule", "subject", "trigger", "result"), BROKEN)
def test_a_rule_is_broken_by(rule: str, subject: str, trigger: Trigger, result: Any) -> None:
    with pytest.raises(RequestFailure) as caught:
        taken(trigger, result)
    failure = caught.value
    assert (failure.status, failure.result) == (502, "LambdaValidationError")
    assert failure.explanation is not None
    assert failure.explanation.rule == rule
    assert subject in ("", failure.explanation.subject)
    assert failure.explanation.page == RULES[rule].page
    assert failure.sentence == f"{RULES[rule].sentence} {BUSY}"
    assert failure.detail.startswith("ERROR Validation error: ") and failure.detail.endswith(".")
    assert failure.detail.isprintable() and len(failure.detail) < 700


def test_each_rule_is_shown_to_be_broken() -> None:
    # Those of the origin object are shown with `origins/target.py`.
    shown = {rule for rule, *_ in BROKEN}
    assert shown == {rule for rule in RULES if not rule.startswith("origin-")}


ALLOWED: list[tuple[Trigger, Any]] = [
    *[(trigger, part_of(trigger)) for trigger in (VIEWER, ORIGIN, "origin-response", "viewer-response")],
    (VIEWER, {name: value for name, value in part_of(VIEWER).items() if name not in ("method", "clientIp")}),
    (VIEWER, changed(VIEWER, anything={"at": ["all"]}, config={"distributionId": "E"}, origin=None)),
    (VIEWER, changed(VIEWER, uri="/é%20b", querystring="?a=b&&c=é")),
    (VIEWER, {name: value for name, value in part_of(VIEWER).items() if name != "querystring"}),
    (VIEWER, changed(VIEWER, body={"action": "replace", "data": b64encode(b"x" * 40 * KB).decode()})),
    (VIEWER, with_headers(VIEWER, cloudfront_viewer_country=None)),
    (VIEWER, with_headers(VIEWER, x_two=None, x_new=line(""))),
    (VIEWER, with_headers(VIEWER, **{"X-Mixed": line("1")})),
    (VIEWER, with_headers(VIEWER, connection=[])),
    (ORIGIN, with_headers(ORIGIN, host=line("other.example.com"))),
    (ORIGIN, with_headers(ORIGIN, cloudfront_viewer_city=line("Rome"))),
    ("origin-response", changed("origin-response", status=404, statusDescription="Gone é")),
    ("origin-response", with_headers("origin-response", content_length=None, content_encoding=line("br"))),
    ("viewer-response", with_headers("viewer-response", set_cookie=[{"value": "a=1"}, {"value": "b=2"}])),
    ("viewer-response", changed("viewer-response", status=200, body="has no effect")),
    (VIEWER, {"status": "599", "headers": {"content-length": line("999")}, "body": None}),
    (VIEWER, {"status": 204, "body": ""}),
    (ORIGIN, {"status": "204", "body": "x"}),
    (ORIGIN, {"status": "200", "body": "x" * KB * KB}),
]


@pytest.mark.parametrize(("trigger", "result"), ALLOWED)
def test_what_no_rule_forbids(trigger: Trigger, result: Any) -> None:
    assert taken(trigger, result)


def test_cookies_are_as_many_lines_as_entries() -> None:
    result = with_headers("viewer-response", set_cookie=[{"value": "a=1"}, {"value": "b=2"}])
    response = taken("viewer-response", result)
    assert [line for line in response.headers if line[0] == "Set-Cookie"] == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]


def test_a_body_at_viewer_response_has_no_effect() -> None:
    response = taken("viewer-response", changed("viewer-response", body="other"))
    assert isinstance(response, Response)
    assert (response.body, response.headers.get("content-length")) == (b"hello", "5")


def test_a_status_without_its_description_gets_the_usual_one() -> None:
    result = changed("origin-response", status="404")
    del result["statusDescription"]
    response = taken("origin-response", result)
    assert isinstance(response, Response) and (response.status, response.reason) == (404, "")


# What a function does with a body that it was shown.


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, b"hello"),
        ({"action": "read-only", "data": "bm90IGhlbGxv"}, b"hello"),
        ({"data": 5, "encoding": "anything"}, b"hello"),
        ({"action": "replace", "data": "b3RoZXI="}, b"other"),
        ({"action": "replace", "data": "é", "encoding": "text"}, "é".encode()),
        ({"action": "replace", "data": ""}, b""),
    ],
)
def test_the_body_that_goes_on(body: Any, expected: bytes) -> None:
    assert taken(ORIGIN, changed(ORIGIN, body=body)).body == expected


def test_a_body_that_was_cut_for_the_function_goes_on_whole() -> None:
    request = Request("POST", "/", headers=Headers([("Host", "www")]), body=b"x" * 100_000)
    part = request_event(VIEWER, CONFIG, request, include_body=True)["Records"][0]["cf"]["request"]
    assert part["body"]["inputTruncated"] is True
    assert answer.changed_request(VIEWER, part, request).body == request.body


@pytest.mark.parametrize(("trigger", "limit"), [(VIEWER, 40 * KB), (ORIGIN, KB * KB)])
def test_a_replaced_body_may_fill_the_limit(trigger: Trigger, limit: int) -> None:
    body = {"action": "replace", "encoding": "text", "data": "x" * limit}
    assert len(bytes(taken(trigger, changed(trigger, body=body)).body)) == limit  # type: ignore[arg-type]


def test_headers_that_cloudfront_made_too_large_are_not_the_functions_doing() -> None:
    request = Request("GET", "/", headers=Headers([("Host", "www"), ("X-Large", "v" * 33_000)]))
    part = request_event(ORIGIN, CONFIG, request)["Records"][0]["cf"]["request"]
    part["headers"]["x-large"] = [{"key": "X-Large", "value": "w" * 33_000}]
    assert answer.changed_request(ORIGIN, part, request).headers.get("x-large") == "w" * 33_000


# What is said.


@pytest.mark.parametrize(
    ("trigger", "result", "detail"),
    [
        # Seen in CloudFront's own log by users, in the years from 2019 to 2024.
        (
            "origin-response",
            with_headers("origin-response", transfer_encoding=None),
            "Lambda function result failed validation, the function tried to delete read-only header, "
            "headerName : Transfer-Encoding.",
        ),
        (
            VIEWER,
            {"status": "302", "headers": {"location": line("/\r\n", key="Location")}},
            "Lambda function result validation failed, the function returned an invalid header, "
            "invalid character : '%0D' in header value, headerName : Location.",
        ),
        (
            VIEWER,
            {"status": "200", "headers": {"cookieSettings": [{"key": "a", "value": {}}]}},
            "The Lambda function returned an invalid entry in the headers object, the value of each header value must "
            "be of string or array of string type, header :cookieSettings has one or more entries whose value is "
            "neither string nor array of strings.",
        ),
    ],
)
def test_the_line_of_the_validation_log(trigger: Trigger, result: Any, detail: str) -> None:
    with pytest.raises(RequestFailure) as caught:
        taken(trigger, result)
    assert caught.value.detail == f"ERROR Validation error: {detail}"


def test_the_validation_log_has_its_group_in_the_region_of_the_function() -> None:
    trace = Trace(
        "id==", 0.0, REQUEST, ViewerFacts(REQUEST), "E1", "d1.cloudfront.net", "NRT57-P2", "ap-northeast-1"
    )
    event = validation_event(trace, broken("uri", "uri", "because"), 1_763_703_524.0)
    assert event is not None
    assert (event.region, event.group) == ("ap-northeast-1", "/aws/cloudfront/LambdaEdge/E1")
    assert event.stream == "2025/11/21/NRT57-P2"
    assert (
        event.message == "(id==) ERROR Validation error: Lambda function result failed validation, because."
    )
    assert validation_event(trace, function_failed("it raised"), 0.0) is None


def test_every_rule_has_advice_and_a_page_of_the_guide() -> None:
    for name, rule in RULES.items():
        assert name == rule.name and rule.advice.endswith(".")
        assert rule.page.startswith("https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/")


def test_the_documentation_has_the_table_of_the_rules() -> None:
    assert as_table() in DOCS.read_text(encoding="utf-8")
