"""Requests and responses as steps see them, and what CloudFront would refuse."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import load_event
from edgewise.edge import EdgeError, Headers, Request, Response
from edgewise.edge.errors import MessageError, TooLargeError


def request_at(trigger: str, **changes: Any) -> Request:
    cf = load_event(trigger)["Records"][0]["cf"]
    cf["request"].update(changes)
    return Request(cf)


def response_at(trigger: str) -> Response:
    return Response(load_event(trigger)["Records"][0]["cf"]["response"], trigger)


def test_a_request_shows_what_the_event_holds() -> None:
    request = request_at("viewer-request")
    assert (request.method, request.path, request.query) == ("GET", "/shirts/17", "size=m&q=blue%20shirt")
    assert (request.client_ip, request.distribution_id) == ("203.0.113.24", "E1SHOPEXAMPLE")
    assert request.headers.get("ACCEPT") == "text/html"
    assert request.headers.get_all("accept") == ["text/html", "*/*;q=0.5"]
    assert "Accept-Language" in request.headers
    assert request.headers.get("X-None") is None
    assert ("User-Agent", request.headers.get("user-agent")) in list(request.headers.items())
    assert request.cookies == {"basket": "b-17", "theme": "dark", "token": "a=b=c"}
    assert request.origin is None
    assert request.body is None


@pytest.mark.parametrize(
    "name",
    [
        "method",
        "client_ip",
        "request_id",
        "distribution_id",
        "trigger",
        "cookies",
        "headers",
        "body_truncated",
    ],
)
def test_what_no_step_can_change_takes_no_value(name: str) -> None:
    request = request_at("viewer-request")
    before = getattr(request, name)
    with pytest.raises(AttributeError, match=name):
        setattr(request, name, "POST")
    assert getattr(request, name) == before


def test_the_headers_of_a_response_take_no_other_in_their_place() -> None:
    with pytest.raises(AttributeError, match="headers"):
        response_at("viewer-response").headers = {}  # type: ignore[misc,assignment]


def test_header_changes_leave_the_other_headers_untouched() -> None:
    request = request_at("viewer-request")
    before = copy.deepcopy(request.event["headers"])
    request.headers.set("Accept", "text/plain")
    request.headers.add("Cookie", "extra=1")
    request.headers.remove("REFERER")
    request.headers.remove("x-none")
    after = request.event["headers"]
    assert after.pop("accept") == [{"key": "Accept", "value": "text/plain"}]
    assert after.pop("cookie") == [*before.pop("cookie"), {"key": "Cookie", "value": "extra=1"}]
    del before["accept"], before["referer"]
    assert after == before


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=1", "a\nb", "nul\x00", "\x7f", "a\ud800", 7, None])
def test_a_header_value_that_cloudfront_refuses_is_refused_here(value: Any) -> None:
    headers = Headers({})
    with pytest.raises(MessageError, match="value of header X-A"):
        headers.set("X-A", value)
    with pytest.raises(MessageError, match="value of header X-A"):
        headers.add("X-A", value)
    assert "x-a" not in headers


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "a\n"])
def test_a_header_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(MessageError, match="not a header name"):
        Headers({}).set(name, "1")


_HEADER = st.tuples(
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True), st.text('ab c=;,"', max_size=6)
)


@given(st.lists(_HEADER), st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True))
def test_headers_keep_every_value_its_case_and_its_order(pairs: list[tuple[str, str]], other: str) -> None:
    header_map: dict[str, list[dict[str, str]]] = {}
    headers = Headers(header_map)
    for name, value in pairs:
        headers.add(name, value)
    for name in {name.lower() for name, _ in pairs}:
        expected = [pair for pair in pairs if pair[0].lower() == name]
        assert headers.get_all(name.upper()) == [value for _, value in expected]
        assert [(entry["key"], entry["value"]) for entry in header_map[name]] == expected
    headers.set(other, "only")
    assert headers.get_all(other.swapcase()) == ["only"]
    headers.remove(other.upper())
    assert other not in headers
    assert sorted(headers.items()) == sorted(pair for pair in pairs if pair[0].lower() != other.lower())


@pytest.mark.parametrize(
    "path", ["relative", "", "/a b", "/a?b=1", "/a#b", "/a\n", "/\udcff", "/" + "a" * 8171]
)
def test_a_path_that_cloudfront_refuses_is_refused_here(path: str) -> None:
    request = request_at("viewer-request")
    with pytest.raises(MessageError):
        request.path = path
    assert request.path == "/shirts/17"


@pytest.mark.parametrize("query", ["a b", "a#b", "a\rb", "a\ud800"])
def test_a_query_that_cloudfront_refuses_is_refused_here(query: str) -> None:
    with pytest.raises(MessageError, match="percent-encode"):
        request_at("origin-request").query = query


def test_path_and_query_share_the_length_that_cloudfront_takes() -> None:
    request = request_at("origin-request")
    request.query = "a" * (8191 - len("/shirts/17"))
    with pytest.raises(MessageError, match="8,191"):
        request.path += "0"
    request.query = ""
    request.path = "/" + "é" * 8190
    with pytest.raises(MessageError, match="8,191"):
        request.query = "a"


SECRET = "S3cr3t-of-the-visitor"


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.headers.set("X-A", f"{SECRET}\n"),
        lambda request: request.headers.add("X-A", f"{SECRET}\ud800"),
        lambda request: request.redirect(f"/a?token={SECRET}\r"),
        lambda request: setattr(request, "path", SECRET),
        lambda request: setattr(request, "query", f"{SECRET} "),
        lambda request: setattr(request, "query", SECRET * 500),
        lambda request: request.respond(200, f"{SECRET}\ud800"),
        lambda request: request.respond(200, "").set_cookie("session", f"{SECRET},"),
    ],
)
def test_what_is_refused_is_not_shown_for_lambda_prints_it(change: Any) -> None:
    with pytest.raises(MessageError) as refused:
        change(request_at("viewer-request"))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("value", ["a\tb", "grüße", "\U0001f600", "\u2028", ""])
def test_values_that_cloudfront_takes_are_taken(value: str) -> None:
    headers = Headers({})
    headers.set("X-A", value)
    assert headers.get("x-a") == value


def test_half_a_character_in_a_body_is_refused_as_the_runtime_client_cannot_send_it() -> None:
    request = request_at("viewer-request", body=dict(BODY))
    for give in (lambda: setattr(request, "body", "a\ud800"), lambda: request.respond(200, "a\ud800")):
        with pytest.raises(MessageError, match="surrogate"):
            give()
    assert request.body == b"hello"


def test_changes_that_cloudfront_ignores_are_refused() -> None:
    with pytest.raises(MessageError, match="at viewer-response CloudFront ignores a new uri"):
        request_at("viewer-response").path = "/other"
    with pytest.raises(MessageError, match="set it at origin-request"):
        request_at("viewer-request").origin = {"custom": {}}


def test_the_origin_can_be_replaced_at_origin_request() -> None:
    request = request_at("origin-request")
    assert request.origin is not None
    custom = request.origin["custom"] | {"domainName": "next.internal.example"}
    request.origin = {"custom": custom}
    assert request.event["origin"]["custom"]["domainName"] == "next.internal.example"


BODY = {"inputTruncated": True, "action": "read-only", "encoding": "base64", "data": "aGVsbG8="}


def test_a_body_is_decoded_and_replaced() -> None:
    request = request_at("viewer-request", body=dict(BODY))
    assert (request.body, request.body_truncated) == (b"hello", True)
    request.body = "grüße"
    assert request.event["body"] == {**BODY, "action": "replace", "encoding": "text", "data": "grüße"}
    assert request.body == "grüße".encode()
    request.body = b"\xff\x00"
    assert request.event["body"]["encoding"] == "base64"
    assert base64.b64decode(request.event["body"]["data"]) == request.body == b"\xff\x00"


def test_a_body_that_is_too_large_or_did_not_come_is_refused() -> None:
    request = request_at("viewer-request", body=dict(BODY))
    with pytest.raises(TooLargeError, match="40 KB"):
        request.body = "x" * 40_961
    assert request.body == b"hello"
    with pytest.raises(MessageError, match="IncludeBody"):
        request_at("viewer-request").body = "x"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_has_a_location_and_a_status_in_text(status: int) -> None:
    response = request_at("viewer-request").redirect("https://shop.example/a?b=1", status)
    assert response.event["status"] == str(status)
    assert response.headers.get("location") == "https://shop.example/a?b=1"


def test_a_redirect_cannot_be_made_into_two_headers() -> None:
    request = request_at("viewer-request")
    with pytest.raises(MessageError, match="line breaks"):
        request.redirect("/a\r\nSet-Cookie: admin=1")
    with pytest.raises(MessageError, match="does not redirect"):
        request.redirect("/a", 200)


def test_a_generated_response_has_the_shape_that_cloudfront_documents() -> None:
    response = request_at("viewer-request").respond(503, "back soon", {"Retry-After": "60"})
    assert response.event == {
        "status": "503",
        "headers": {
            "retry-after": [{"key": "Retry-After", "value": "60"}],
            "content-type": [{"key": "Content-Type", "value": "text/plain; charset=utf-8"}],
        },
        "body": "back soon",
        "bodyEncoding": "text",
    }
    image = request_at("origin-request").respond(200, b"\x89PNG", {"content-type": "image/png"})
    assert (image.event["body"], image.event["bodyEncoding"]) == ("iVBORw==", "base64")
    assert image.body == b"\x89PNG"
    assert image.headers.get_all("Content-Type") == ["image/png"]


@pytest.mark.parametrize("status", [0, 100, 199, 600, "200", None, 200.0])
def test_a_status_that_cloudfront_refuses_is_refused_here(status: Any) -> None:
    with pytest.raises(MessageError, match="200 to 599"):
        request_at("viewer-request").respond(status)


def test_a_204_has_no_body() -> None:
    request = request_at("viewer-request")
    with pytest.raises(MessageError, match="204"):
        request.respond(204, "x")
    assert request.respond(204).event["body"] == ""


def test_an_answer_with_a_body_does_not_become_a_204() -> None:
    response = request_at("viewer-request").respond(200, "x")
    with pytest.raises(MessageError, match="204"):
        response.status = 204
    assert response.status == 200
    response.body = ""
    response.status = 204
    response.check()
    response.event["body"] = "x"  # past the setters
    with pytest.raises(MessageError, match="204"):
        response.check()


@pytest.mark.parametrize(
    ("trigger", "limit", "named"), [("viewer-request", 40, "40 KB"), ("origin-request", 1024, "1,024 KB")]
)
def test_the_limit_counts_headers_and_is_named(trigger: str, limit: int, named: str) -> None:
    request = request_at(trigger)
    headers = {"Content-Type": "text/html"}
    room = limit * 1024 - len("Content-Type: text/html\r\n") + 1
    request.respond(200, "x" * (room - 1), headers)
    request.respond(200, b"x" * (room - 1), headers)
    for body in ("x" * room, b"x" * room, "é" * (room // 2 + 1)):
        with pytest.raises(TooLargeError, match=named):
            request.respond(200, body, headers)


def test_an_origins_body_is_never_seen_and_can_be_replaced() -> None:
    response = response_at("origin-response")
    assert response.body is None
    response.body = "short"
    assert response.body == b"short"
    assert "content-length" not in response.headers  # it was that of the body before
    assert response.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_viewer_response_may_change_headers_only() -> None:
    response = response_at("viewer-response")
    response.headers.set("X-Frame-Options", "DENY")
    with pytest.raises(MessageError, match="headers only"):
        response.status = 404
    with pytest.raises(MessageError, match="headers only"):
        response.body = "x"
    with pytest.raises(EdgeError, match="headers only"):
        request_at("viewer-response").respond(200)
    assert response.status == 200
