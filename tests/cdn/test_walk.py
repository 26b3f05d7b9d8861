"""The walk of a request, through real sockets: triggers and their events, policies, origins, errors."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import access_record, local_authority, server_context
from support.running import (
    ALL_METHODS,
    BUCKET_ID,
    OPTIMIZED,
    Origin,
    RunningCdn,
    associations,
    behavior,
    reply,
    running_cdn,
    running_origin,
    template,
)

TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")

# Prints every event it is given, and lets everything pass.
SHOW = """
import json
def handler(event, context):
    print("EVENT " + json.dumps(event))
    cf = event["Records"][0]["cf"]
    return cf["response"] if "response" in cf else cf["request"]
"""


def events(cdn: RunningCdn) -> list[dict[str, Any]]:
    found = [json.loads(line[6:]) for line in cdn.messages() if line.startswith("EVENT ")]
    return [event["Records"][0]["cf"] for event in found]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[RunningCdn]:
    """Behaviors without functions."""
    folder = tmp_path_factory.mktemp("plain")
    text = template(
        behavior("/read/*", AllowedMethods=["GET", "HEAD"]),
        behavior("/secure/*", ViewerProtocolPolicy="redirect-to-https"),
        behavior("/only/*", ViewerProtocolPolicy="https-only"),
        behavior("/silent/*", OriginRequestPolicyId=""),
        behavior("/files/*", BUCKET_ID, CachePolicyId=OPTIMIZED, OriginRequestPolicyId=""),
        behavior(),
    )
    context = server_context(local_authority(folder / "tls"), ["localhost", "127.0.0.1"])
    with running_cdn(folder, text, origins={"app": origin.url}, tls=context) as cdn:
        yield cdn


def test_all_four_triggers_run_in_order_with_one_request_id(tmp_path: Path, origin: Origin) -> None:
    text = template(behavior(LambdaFunctionAssociations=associations(*TRIGGERS)))
    with running_cdn(tmp_path, text, {"app.py": SHOW}, origins={"app": origin.url}) as cdn:
        answer = cdn.request(
            "/a/b?c=1&d=%20", headers={"User-Agent": "test", "Cookie": "b=2; a=1", "X-Own": "é"}
        )
    seen = events(cdn)
    assert [event["config"]["eventType"] for event in seen] == list(TRIGGERS)
    assert {event["config"]["requestId"] for event in seen} == {answer.headers["X-Amz-Cf-Id"]}
    assert re.fullmatch(r"[A-Za-z0-9_-]{54}==", answer.headers["X-Amz-Cf-Id"])
    assert {event["config"]["distributionId"] for event in seen} == {"EDFDVBD6EXAMPLE"}
    assert [run.trigger for run in cdn.traces[0].functions] == list(TRIGGERS)
    viewer_request, origin_request, origin_response, viewer_response = seen
    assert viewer_request["request"] | {"headers": {}} == {
        "clientIp": "127.0.0.1",
        "headers": {},
        "method": "GET",
        "querystring": "c=1&d=%20",
        "uri": "/a/b",
    }
    assert viewer_request["request"]["headers"]["user-agent"] == [{"key": "User-Agent", "value": "test"}]
    assert viewer_request["request"]["headers"]["host"][0]["value"] == f"127.0.0.1:{cdn.port}"
    # The origin's side: its own Host, who forwarded, and the origin itself.
    assert origin_request["request"]["headers"]["host"] == [{"key": "Host", "value": "app.example.com"}]
    assert origin_request["request"]["headers"]["x-forwarded-for"][0]["value"] == "127.0.0.1"
    assert origin_request["request"]["headers"]["cookie"][0]["value"] == "a=1; b=2"
    assert origin_request["request"]["origin"]["custom"]["domainName"] == "app.example.com"
    assert origin_response["request"]["origin"] == origin_request["request"]["origin"]
    assert origin_response["response"]["status"] == "200"
    assert "body" not in origin_response["response"]
    # The viewer's side again: what the viewer sent, without an origin.
    assert viewer_response["request"]["headers"]["host"] == viewer_request["request"]["headers"]["host"]
    assert "origin" not in viewer_response["request"]


def test_what_functions_change_arrives(tmp_path: Path, origin: Origin) -> None:
    change = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    kind = cf["config"]["eventType"]
    if kind == "viewer-request":
        cf["request"]["uri"] = "/rewritten"
        cf["request"]["querystring"] = "q=1"
        cf["request"]["headers"]["x-seen"] = [{"key": "X-Seen", "value": "viewer"}]
    if kind == "origin-request":
        cf["request"]["headers"]["host"] = [{"key": "Host", "value": "other.example.com"}]
        cf["request"]["body"] = {"action": "replace", "encoding": "text", "data": "replaced"}
    if kind == "origin-response":
        cf["response"]["status"] = "201"
        cf["response"]["headers"]["x-origin-response"] = [{"value": "1"}]
    if kind == "viewer-response":
        cf["response"]["headers"]["set-cookie"] = [{"value": "a=1"}, {"value": "b=2"}]
    return cf.get("response") or cf["request"]
"""
    text = template(behavior(LambdaFunctionAssociations=associations(*TRIGGERS, include_body=True)))
    with running_cdn(tmp_path, text, {"app.py": change}, origins={"app": origin.url}) as cdn:
        answer = cdn.request("/original", "POST", body=b"mine")
    arrived = answer.json()
    assert (arrived["target"], arrived["body"]) == ("/rewritten?q=1", "replaced")
    assert ["X-Seen", "viewer"] in arrived["headers"] and ["Host", "other.example.com"] in arrived["headers"]
    assert answer.status == 201
    assert answer.headers["X-Origin-Response"] == "1"
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_a_function_may_choose_another_origin(tmp_path: Path, origin: Origin) -> None:
    with running_origin(lambda handler: reply(handler, 200, b"the other one")) as other:
        port = other.url.rsplit(":", 1)[1]
        change = f"""
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["origin"]["custom"].update(domainName="localhost", port={port})
    request["headers"]["host"] = [{{"value": "localhost"}}]
    return request
"""
        text = template(behavior(LambdaFunctionAssociations=associations("origin-request")))
        with running_cdn(tmp_path, text, {"app.py": change}, origins={"app": origin.url}) as cdn:
            assert cdn.request("/").body == b"the other one"
    assert other.seen[0][2]["Host"] == "localhost"


def test_a_request_body_is_shown_cut_and_the_origin_gets_all_of_it(tmp_path: Path, origin: Origin) -> None:
    text = template(behavior(LambdaFunctionAssociations=associations("viewer-request", include_body=True)))
    with running_cdn(tmp_path, text, {"app.py": SHOW}, origins={"app": origin.url}) as cdn:
        answer = cdn.request("/", "POST", body=b"x" * 100_000)
    body = events(cdn)[0]["request"]["body"]
    assert body["inputTruncated"] is True and body["action"] == "read-only" and body["encoding"] == "base64"
    assert len(body["data"]) == (40 * 1024 + 2) // 3 * 4
    assert len(answer.json()["body"]) == 100_000


@pytest.mark.parametrize("trigger", ["viewer-request", "origin-request"])
def test_a_generated_answer_never_reaches_the_origin(tmp_path: Path, origin: Origin, trigger: str) -> None:
    code = """
def handler(event, context):
    return {"status": "302", "statusDescription": "Found", "headers": {"location": [{"value": "/there"}]}, "body": "go"}
"""
    before = len(origin.seen)
    text = template(behavior(LambdaFunctionAssociations=associations(trigger, "viewer-response")))
    with running_cdn(tmp_path, text, {"app.py": code}, origins={"app": origin.url}) as cdn:
        answer = cdn.request("/")
    ran = [run.trigger for run in cdn.traces[0].functions]
    if trigger == "viewer-request":
        assert (answer.status, answer.headers["Location"], answer.body) == (302, "/there", b"go")
        assert answer.cache == "LambdaGeneratedResponse"
        assert ran == ["viewer-request"], "viewer-response does not run for what viewer-request answered"
    else:
        # The handler answers viewer-response with a status it may not set: 200 became 302 at origin-request.
        assert ran == ["origin-request", "viewer-response"]
    assert len(origin.seen) == before


@pytest.mark.parametrize(("status", "runs"), [(200, True), (304, True), (404, False), (500, False)])
def test_viewer_response_does_not_run_for_errors_of_the_origin(
    tmp_path: Path, status: int, runs: bool
) -> None:
    text = template(behavior(LambdaFunctionAssociations=associations("origin-response", "viewer-response")))
    with (
        running_origin(lambda handler: reply(handler, status)) as failing,
        running_cdn(tmp_path, text, origins={"app": failing.url}) as cdn,
    ):
        answer = cdn.request("/")
    assert answer.status == status
    assert [run.trigger for run in cdn.traces[0].functions] == ["origin-response", "viewer-response"][
        : 1 + runs
    ]
    assert answer.cache == ("Miss" if runs else "Error")


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ("None", b"The JSON output must be an object type."),
        ("[]", b"The JSON output must be an object type."),
        ("{'status': '999'}", b"The Lambda function result failed validation"),
        ("{'status': 'x'}", b"The Lambda function result failed validation"),
        ("{'status': '200', 'body': 'x' * 50_000}", b"exceeds the maximum size"),
        ("{'status': '200', 'body': {'a': 1}}", b"The body is not a string"),
        ("{**request, 'uri': 'no-slash'}", b"The Lambda function result failed validation"),
        ("{**request, 'method': 'DELETE'}", b"The Lambda function result failed validation"),
        ("{**request, 'headers': {}}", b"read-only header"),
        (
            "{**request, 'headers': {**request['headers'], 'x-edge-a': [{'value': '1'}]}}",
            b"blacklisted header",
        ),
        ("{**request, 'headers': {**request['headers'], 'x-a': 'text'}}", b"must be an array"),
        (
            "{**request, 'headers': {**request['headers'], 'x-a': [{'value': 'a\\r\\nb'}]}}",
            b"failed validation",
        ),
    ],
)
def test_an_invalid_result_is_502_with_cloudfronts_sentence(
    tmp_path: Path, origin: Origin, returned: str, sentence: bytes
) -> None:
    code = f"def handler(event, context):\n    request = event['Records'][0]['cf']['request']\n    return {returned}\n"
    text = template(behavior(LambdaFunctionAssociations=associations("viewer-request")))
    with running_cdn(tmp_path, text, {"app.py": code}, origins={"app": origin.url}) as cdn:
        answer = cdn.request("/")
    assert (answer.status, answer.cache) == (502, "LambdaValidationError")
    assert sentence in answer.body
    assert cdn.traces[0].detail.startswith("ERROR Validation error: ")


@pytest.mark.parametrize("method", ALL_METHODS)
def test_every_method_reaches_the_origin(plain: RunningCdn, origin: Origin, method: str) -> None:
    body = b"a body" if method in ("POST", "PUT", "PATCH") else None
    answer = plain.request("/m?x=%2F", method, body=body)
    assert answer.status == 200
    seen_method, target, headers, seen_body = origin.seen[-1]
    assert (seen_method, target, seen_body) == (method, "/m?x=%2F", body or b"")
    assert headers["Via"].endswith(".cloudfront.net (CloudFront)")
    assert headers["Connection"] == "Keep-Alive"


def test_methods_that_the_behavior_does_not_allow(plain: RunningCdn) -> None:
    answer = plain.request("/read/x", "POST", body=b"x")
    assert answer.status == 403
    assert b"not configured to allow the HTTP request method" in answer.body
    assert plain.request("/read/x").status == 200


def test_a_get_with_a_body_is_refused(plain: RunningCdn) -> None:
    assert plain.request("/", "GET", body=b"x").status == 403


def test_protocol_policies(plain: RunningCdn) -> None:
    redirect = plain.request("/secure/a?b=1")
    assert (redirect.status, redirect.cache) == (301, "Redirect")
    assert redirect.headers["Location"] == f"https://127.0.0.1:{plain.port}/secure/a?b=1"
    assert plain.request("/secure/a", "POST", body=b"x").status == 307
    assert plain.request("/only/a").status == 403


def test_https_on_the_same_port_follows_the_redirect(plain: RunningCdn) -> None:
    trusted = ssl.create_default_context(cafile=str(plain.folder / "tls" / "ca.pem"))
    with (
        socket.create_connection(("127.0.0.1", plain.port), 10) as raw,
        trusted.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /only/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: secure.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert plain.traces[-1].request.scheme == "https"


def test_without_a_policy_only_little_is_forwarded(plain: RunningCdn) -> None:
    headers = dict(
        plain.request(
            "/silent/x?q=1", headers={"User-Agent": "ua", "Accept": "a/b", "Cookie": "a=1", "X-Any": "1"}
        ).json()["headers"]
    )
    assert headers["User-Agent"] == "Amazon CloudFront"
    assert not {"Accept", "Cookie", "X-Any"} & headers.keys()
    assert plain.traces[-1].request.query == "q=1"
    assert headers["Host"] == "app.example.com"


def test_a_bucket_serves_files_and_caches_them(plain: RunningCdn) -> None:
    (plain.folder / "bucket" / "files").mkdir(exist_ok=True)
    (plain.folder / "bucket" / "files" / "größe 1.css").write_text("body{}")
    path = "/files/gr%C3%B6%C3%9Fe%201.css"
    first, second = plain.request(path), plain.request(path)
    assert (first.status, first.body, first.headers["Content-Type"]) == (200, b"body{}", "text/css")
    assert (first.cache, second.cache) == ("Miss", "Hit")
    assert second.headers["Age"].isdigit() and "Age" not in first.headers
    assert second.headers["X-Amz-Cf-Id"] != first.headers["X-Amz-Cf-Id"]
    unchanged = plain.request(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")
    head = plain.request(path, "HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "6", b"")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/files/none.css",
            "/files/",
            "/files/..%2F..%2Ftemplate.json",
            "/files/%00",
            f"/files/{'a' * 300}",
        ),
        *("/files/%2e%2e/secret", "/files//secret", "/files/./secret"),
    ],
)
def test_what_is_not_in_the_bucket_is_403(plain: RunningCdn, path: str) -> None:
    (plain.folder / "bucket" / "secret").write_text("not for this behavior")
    answer = plain.request(path)
    assert answer.status == 403
    assert b"<Code>AccessDenied</Code>" in answer.body


def test_a_range_of_a_file(plain: RunningCdn) -> None:
    (plain.folder / "bucket" / "files").mkdir(exist_ok=True)
    (plain.folder / "bucket" / "files" / "digits").write_text("0123456789")
    answer = plain.request("/files/digits", headers={"Range": "bytes=2-4"})
    assert (answer.status, answer.body, answer.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert plain.request("/files/digits", headers={"Range": "bytes=20-"}).status == 416
    assert plain.request("/files/digits", headers={"Range": f"bytes={'1' * 5000}-"}).status == 200


def test_a_large_file_is_passed_on_and_kept(plain: RunningCdn) -> None:
    (plain.folder / "bucket" / "files").mkdir(exist_ok=True)
    content = bytes(range(256)) * 8192
    (plain.folder / "bucket" / "files" / "large").write_bytes(content)
    first, second = plain.request("/files/large"), plain.request("/files/large")
    assert first.body == second.body == content
    assert (first.cache, second.cache) == ("Miss", "Hit")
    assert second.headers.get_all("X-Cache") == ["Hit from cloudfront"]


def test_the_viewers_address_can_be_given_from_this_machine(plain: RunningCdn) -> None:
    given = {"Edgewise-Viewer-Address": "2001:db8::1"}
    headers = dict(plain.request("/", headers=given).json()["headers"])
    assert headers["X-Forwarded-For"] == "2001:db8::1"
    assert "Edgewise-Viewer-Address" not in headers
    assert plain.traces[-1].request.viewer == "2001:db8::1"
    for wrong in ("", "not an address"):
        headers = dict(plain.request("/", headers={"Edgewise-Viewer-Address": wrong}).json()["headers"])
        assert "Edgewise-Viewer-Address" not in headers and headers["X-Forwarded-For"] == "127.0.0.1"


def test_the_access_record_tells_text_as_functions_see_it(plain: RunningCdn) -> None:
    plain.request("/x", headers={"User-Agent": "café".encode().decode("latin-1")})
    record = access_record(plain.traces[-1])
    assert record["user_agent"] == "café"
    assert record["record_id"] == f"{record['request_id']}:access" and "referrer" not in record


def test_the_default_root_object(tmp_path: Path) -> None:
    text = template(behavior("*", BUCKET_ID, OriginRequestPolicyId=""), DefaultRootObject="index.html")
    with running_cdn(tmp_path, text) as cdn:
        (tmp_path / "bucket" / "index.html").write_text("home")
        assert cdn.request("/").body == b"home"
        assert cdn.request("/sub/").status == 403
    assert cdn.traces[0].request.uri == "/", "the record tells what the viewer asked for"


def test_a_dead_origin_is_502(tmp_path: Path) -> None:
    with (
        socket.socket() as held,  # nobody listens there, nor can meanwhile
        running_cdn(tmp_path, template(), origins={"app": f"http://127.0.0.1:{_bound(held)}"}) as cdn,
    ):
        answer = cdn.request("/")
    assert (answer.status, answer.cache) == (502, "Error")
    assert b"CloudFront wasn't able to connect to the origin" in answer.body
    assert "connection refused" in cdn.traces[0].detail


def test_an_origin_that_has_no_address_is_502(tmp_path: Path) -> None:
    text = template().replace("app.example.com", "no-such-origin.invalid")
    with running_cdn(tmp_path, text) as cdn:
        answer = cdn.request("/")
    assert answer.status == 502
    assert b"resolve the origin domain name" in answer.body


def _bound(held: socket.socket) -> int:
    held.bind(("127.0.0.1", 0))
    return int(held.getsockname()[1])
