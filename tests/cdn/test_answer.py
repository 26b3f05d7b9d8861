"""What a function may return: properties over anything JSON can say, and the byte-exact way back to the wire.

The rules, each by its name, are in `test_answer_rules.py`.
"""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn import answer
from edgewise.cdn.distribution import TRIGGERS, CustomOrigin, Trigger
from edgewise.cdn.event import RequestConfig, origin_object, request_event, response_event
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.http.wire import request_head, response_head
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.target import changed_origin
from edgewise.cdn.rules import RULES

CONFIG = RequestConfig("d111111abcdef8.cloudfront.net", "EDFDVBD6EXAMPLE", "id==")
ORIGIN = CustomOrigin("app", "app.example.com")

# Whatever a viewer or an origin may send within a line.
_wire = st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n"), max_size=20)
_latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20)
_token = st.text("abcDEF-", min_size=1, max_size=10)
_lines = st.lists(st.tuples(_token, _latin), max_size=6)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def viewer_request(lines: list[tuple[str, str]], uri: str = "/", query: str = "") -> Request:
    return Request("GET", f"/{uri}", query, Headers([("Host", "www"), *lines]))


def as_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


@given(st.sampled_from(["viewer-request", "origin-request"]), _lines, _wire, _wire)
def test_an_unchanged_request_is_never_refused_and_stays_byte_for_byte(
    trigger: Trigger, lines: list[tuple[str, str]], uri: str, query: str
) -> None:
    request = viewer_request(lines, uri, query)
    event = as_json(request_event(trigger, CONFIG, request, include_body=True))
    assert answer.changed_request(trigger, event["Records"][0]["cf"]["request"], request) == request


@given(st.sampled_from(["origin-response", "viewer-response"]), _lines, st.integers(100, 999), _wire)
def test_an_unchanged_response_is_never_refused_and_stays_byte_for_byte(
    trigger: Trigger, lines: list[tuple[str, str]], status: int, reason: str
) -> None:
    response = Response(status, Headers(lines), b"body", reason)
    event = as_json(response_event(trigger, CONFIG, viewer_request([]), response))
    assert answer.changed_response(trigger, event["Records"][0]["cf"]["response"], response) == response


@given(_lines, _token, _latin)
def test_one_more_header_changes_no_other(lines: list[tuple[str, str]], name: str, value: str) -> None:
    request = viewer_request(lines)
    part = as_json(request_event("origin-request", CONFIG, request))["Records"][0]["cf"]["request"]
    part["headers"][f"x-new-{name}".lower()] = [{"key": f"X-New-{name}", "value": value}]
    changed = answer.changed_request("origin-request", part, request)
    assert changed.headers.lines[:-1] == request.headers.lines
    assert changed.headers.lines[-1] == (f"X-New-{name}", value.encode().decode("latin-1"))


def test_text_that_is_utf_8_is_shown_as_text_and_changed_text_is_sent_as_utf_8() -> None:
    request = viewer_request([("X-Name", "caf\xc3\xa9"), ("X-Raw", "\xff")])
    part = as_json(request_event("viewer-request", CONFIG, request))["Records"][0]["cf"]["request"]
    assert part["headers"]["x-name"][0]["value"] == "café"
    assert part["headers"]["x-raw"][0]["value"] == "ÿ"
    part["headers"]["x-name"][0]["value"] = "thé"
    changed = answer.changed_request("viewer-request", part, request)
    assert changed.headers.get("x-name") == "th\xc3\xa9"
    assert changed.headers.get("x-raw") == "\xff"


def taken(trigger: Trigger, payload: bytes) -> list[bytes]:
    """The heads that CloudFront writes after a function returned `payload`."""
    request, response = viewer_request([("X-A", "1")]), Response(200, Headers([("Via", "1.1 a")]), b"body")
    result = answer.parse(payload)
    if trigger.endswith("response"):
        answered = answer.changed_response(trigger, result, response)
    elif answer.is_response(result):
        answered = answer.generated_response(trigger, result)
    else:
        changed = answer.changed_request(trigger, result, request)
        changed_origin(result, ORIGIN)
        return [request_head(changed)]
    assert isinstance(answered.body, bytes)
    return [response_head(answered.status, answered.reason, answered.headers, "")]


@given(
    st.sampled_from(TRIGGERS),
    _json,
    st.lists(
        st.sampled_from(["headers", "uri", "status", "body", "origin", "statusDescription", "querystring"])
    ),
)
def test_any_returned_value_is_written_to_the_wire_or_is_a_502(
    trigger: Trigger, value: Any, keys: list[str]
) -> None:
    request, response = viewer_request([("X-A", "1")]), Response(200, Headers([("Via", "1.1 a")]), b"body")
    if trigger.endswith("request"):
        event = request_event(trigger, CONFIG, request, origin=origin_object(ORIGIN))
        part = as_json(event)["Records"][0]["cf"]["request"]
    else:
        event = response_event(trigger, CONFIG, request, response)
        part = as_json(event)["Records"][0]["cf"]["response"]
    given_back: Any = {**part, **dict.fromkeys(keys, value)} if keys else value
    try:
        assert taken(trigger, orjson.dumps(given_back))
    except RequestFailure as failure:
        assert (failure.status, failure.result) == (502, "LambdaValidationError")
        assert failure.detail.startswith("ERROR Validation error: ") and failure.detail.isprintable()
        assert failure.explanation is not None and failure.explanation.rule in RULES


@given(st.sampled_from(TRIGGERS), st.dictionaries(st.text(max_size=6), _json, max_size=4))
def test_any_header_map_is_written_to_the_wire_or_is_a_502(trigger: Trigger, headers: Any) -> None:
    part = {"uri": "/", "headers": {"host": [{"value": "www"}], "x-a": [{"value": "1"}], **headers}}
    for result in (part, {"status": "200", "headers": headers}):
        try:
            assert taken(trigger, orjson.dumps(result))
        except RequestFailure as failure:
            assert failure.status == 502


@given(st.sampled_from(TRIGGERS), st.binary(max_size=30))
def test_any_bytes_are_read_or_are_a_502(trigger: Trigger, payload: bytes) -> None:
    with pytest.raises(RequestFailure) as caught:
        taken(trigger, payload)
    assert caught.value.explanation is not None


@pytest.mark.parametrize(
    ("trigger", "name", "verb"),
    [
        ("viewer-request", "host", "delete"),
        ("viewer-request", "host", "change"),
        ("viewer-request", "content-length", "add"),
        ("origin-request", "if-none-match", "add"),
        ("origin-response", "via", "delete"),
        ("origin-response", "transfer-encoding", "add"),
        ("viewer-response", "content-length", "change"),
    ],
)
def test_read_only_headers_may_not_be_added_changed_or_deleted(
    trigger: Trigger, name: str, verb: str
) -> None:
    lines = [] if verb == "add" else [(name.title(), "before")]
    request, response = Request("GET", "/", headers=Headers(lines)), Response(200, Headers(lines))
    if trigger.endswith("request"):
        part = request_event(trigger, CONFIG, request)["Records"][0]["cf"]["request"]
    else:
        part = response_event(trigger, CONFIG, request, response)["Records"][0]["cf"]["response"]
    part = copy.deepcopy(part)
    if verb == "delete":
        del part["headers"][name]
    else:
        part["headers"][name] = [{"key": name.title(), "value": "after"}]
    with pytest.raises(
        RequestFailure, match=f"tried to {verb} read-only header, headerName : {name.title()}"
    ) as caught:
        if trigger.endswith("request"):
            answer.changed_request(trigger, part, request)
        else:
            answer.changed_response(trigger, part, response)
    assert "add, delete, or change a read-only header" in caught.value.sentence


@given(
    st.text(max_size=12),
    st.sampled_from(["uri", "querystring", "header", "key", "description", "path", "custom"]),
)
def test_whatever_a_function_returns_a_head_on_the_wire_has_only_its_own_lines(
    value: str, where: str
) -> None:
    """Taken or refused; if taken, the head splits into the lines that were checked and no other."""
    request, origin = viewer_request([]), as_json(origin_object(ORIGIN))
    part = as_json(request_event("origin-request", CONFIG, request))["Records"][0]["cf"]["request"]
    answered: dict[str, Any] = {"status": "200"}
    match where:
        case "uri":
            part["uri"] = f"/{value}"
        case "querystring":
            part["querystring"] = value
        case "header":
            part["headers"]["x-a"] = [{"value": value}]
            answered["headers"] = {"x-a": [{"value": value}]}
        case "key":
            part["headers"]["x-a"] = [{"key": value, "value": "1"}]
        case "description":
            answered["statusDescription"] = value
        case "path":
            origin["custom"]["path"] = f"/{value}"
        case "custom":
            origin["custom"]["customHeaders"] = {"x-c": [{"value": value}]}
    try:
        changed = answer.changed_request("origin-request", part, request)
        target = changed_origin({"origin": origin}, ORIGIN)
        response = answer.generated_response("origin-request", answered)
    except RequestFailure as failure:
        assert failure.status == 502
        return
    changed.uri = target.path + changed.uri
    changed.headers.lines += target.custom_headers
    sent = request_head(changed).split(b"\r\n")
    assert len(sent) == 1 + len(changed.headers) + len([b"Connection", b"", b""])
    assert sent[0].count(b" ") == 2 and b"\n" not in b"".join(sent)
    got = response_head(response.status, response.reason, response.headers, "").split(b"\r\n")
    assert len(got) == 1 + len(response.headers) + len([b"", b""]) and b"\n" not in b"".join(got)


def test_the_key_of_a_line_must_be_the_name_of_its_entry() -> None:
    request = viewer_request([])
    part = as_json(request_event("origin-request", CONFIG, request))["Records"][0]["cf"]["request"]
    for key in ("Host", "X-Edge-A", "Via"):
        part["headers"]["x-foo"] = [{"key": key, "value": "evil"}]
        with pytest.raises(RequestFailure, match="is not the name of its entry"):
            answer.changed_request("origin-request", part, request)


def test_host_is_writable_at_origin_request() -> None:
    request = viewer_request([])
    part = as_json(request_event("origin-request", CONFIG, request))["Records"][0]["cf"]["request"]
    part["headers"]["host"] = [{"key": "Host", "value": "other"}]
    assert answer.changed_request("origin-request", part, request).headers.get_all("host") == ["other"]


def test_disallowed_headers_are_never_shown_and_are_kept() -> None:
    request = viewer_request([("X-Forwarded-Proto", "https"), ("X-Amz-Cf-Id", "1"), ("Connection", "close")])
    part = as_json(request_event("viewer-request", CONFIG, request))["Records"][0]["cf"]["request"]
    assert set(part["headers"]) == {"host"}
    # Taking away what one cannot see changes nothing.
    part["headers"]["connection"] = []
    assert sorted(answer.changed_request("viewer-request", part, request).headers) == sorted(request.headers)


@pytest.mark.parametrize("limit_of", ["viewer-request", "origin-request"])
def test_a_generated_response_has_a_limit(limit_of: Trigger) -> None:
    limit = 40 * 1024 if limit_of == "viewer-request" else 1024 * 1024
    assert answer.generated_response(limit_of, {"status": 200, "body": "x" * limit}).status == 200
    for body in ({"body": "x" * (limit + 1)}, {"body": "x" * limit, "headers": {"x-a": [{"value": "1"}]}}):
        with pytest.raises(RequestFailure):
            answer.generated_response(limit_of, {"status": "200", **body})


def test_a_base64_body_and_an_integer_status() -> None:
    response = answer.generated_response(
        "viewer-request", {"status": 201, "body": "AP8=", "bodyEncoding": "base64"}
    )
    assert (response.status, response.body) == (201, b"\x00\xff")
    with pytest.raises(RequestFailure, match="not valid base64"):
        answer.generated_response("viewer-request", {"status": 201, "body": "?", "bodyEncoding": "base64"})


def test_viewer_response_may_not_change_the_status() -> None:
    with pytest.raises(RequestFailure, match="tried to change the status"):
        answer.changed_response("viewer-response", {"status": "404", "headers": {}}, Response(200))


def test_origin_response_may_replace_the_body() -> None:
    response = Response(500, Headers([("Content-Length", "3"), ("Content-Encoding", "gzip")]), b"old")
    part = as_json(response_event("origin-response", CONFIG, viewer_request([]), response))["Records"][0][
        "cf"
    ]["response"]
    changed = answer.changed_response("origin-response", {**part, "status": "200", "body": "new"}, response)
    assert (changed.status, changed.body) == (200, b"new")
    assert "content-length" not in changed.headers
    # Whether the new text is encoded is the function's to say.
    assert changed.headers.get("content-encoding") == "gzip"
    assert answer.changed_response("origin-response", part, response).body == b"old"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domainName": ""}, "domainName"),
        ({"domainName": "10.0.0.1"}, "domainName"),
        ({"domainName": "a:80"}, "domainName"),
        ({"protocol": "ftp"}, "protocol"),
        ({"port": 81}, "port"),
        ({"path": "/a/"}, "path"),
        ({"readTimeout": 121}, "readTimeout"),
        ({"domainName": "a..b"}, "domainName"),
        ({"domainName": f"{'a' * 64}.example"}, "domainName"),
        ({"path": "/a b"}, "path"),
        ({"path": "/a HTTP/1.1\r\nX: y\r\n"}, "path"),
        ({"customHeaders": {"x-a": [{"value": "1\r\nX: y"}]}}, "invalid character"),
        ({"customHeaders": {"host": [{"value": "a"}]}}, "may not hold host"),
        ({"customHeaders": {"a": "b"}}, "must be an array"),
    ],
)
def test_an_invalid_origin_object(change: dict[str, Any], message: str) -> None:
    origin = as_json(origin_object(ORIGIN))
    origin["custom"].update(change)
    with pytest.raises(RequestFailure, match=message):
        changed_origin({"origin": origin}, ORIGIN)
