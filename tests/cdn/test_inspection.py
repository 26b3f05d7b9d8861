"""The inspector: what it tells of a past request, as JSON and as pages, and sending one again."""

from __future__ import annotations

import asyncio
import html
import http.client
import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import local_authority, server_context
from edgewise.cdn.control import stages
from edgewise.cdn.control.again import compared, message, send
from edgewise.cdn.control.history import History
from edgewise.cdn.control.inspection import timings
from edgewise.cdn.control.masking import Mask
from edgewise.cdn.distribution import Trigger
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.trace import FunctionRun, OriginExchange, Trace
from edgewise.cdn.viewerfacts import viewer_facts
from support.controlled import Controlled, controlled, wait_until_told
from support.pages import assert_harmless, assert_valid
from support.running import (
    ALL_BUT_HOST,
    APP_ID,
    BUCKET_ID,
    OPTIMIZED,
    associations,
    behavior,
    reply,
    running_origin,
    template,
)

MASK, OPEN = Mask(reveal=False), Mask(reveal=True)

# One function on all four triggers, which does to a request what its path says.
CODE = """
import base64
import json

print("starting")

count = 0

def handler(event, context):
    global count
    count += 1
    cf = event["Records"][0]["cf"]
    request, trigger = cf["request"], cf["config"]["eventType"]
    headers = request["headers"]
    if trigger == "viewer-request":
        if request["uri"] == "/made":
            return {"status": "200", "headers": {"x-made": [{"key": "X-Made", "value": "yes"}]}, "body": "<b>made</b>"}
        if request["uri"] == "/broken":
            headers["via"] = [{"key": "Via", "value": "me"}]
        if request["uri"] == "/prints":
            print("one\\n\\ttwo\\x1b", json.dumps(event))
        if request["uri"] == "/prints-much":
            print("x" * 200_000)
        if request["uri"] == "/raises":
            raise ValueError("no <script>")
        if request["uri"] == "/whole":
            return event
        if request["uri"] == "/pairs":
            return request | {"headers": [[each["key"], each["value"]] for lines in headers.values() for each in lines]}
        if request["uri"] == "/text":
            return request | {"body": base64.b64decode(request["body"]["data"]).decode()}
        if request["uri"] == "/deep":
            deep = []
            for _ in range(900):
                deep = [deep]
            return request | {"deep": deep}
        if request["uri"] == "/counted":
            headers["x-count"] = [{"key": "X-Count", "value": str(count)}]
        headers["x-user"] = [{"key": "X-User", "value": "anna"}]
        headers.pop("x-remove", None)
        request["uri"] = request["uri"].replace("/en", "/de")
    elif trigger == "origin-request":
        request["querystring"] = "from=origin-request"
        request["origin"]["custom"]["readTimeout"] = 7
    elif trigger == "origin-response":
        cf["response"]["headers"]["x-origin-response"] = [{"key": "X-Origin-Response", "value": "1"}]
        return cf["response"]
    else:
        cf["response"]["headers"]["x-viewer-response"] = [{"key": "X-Viewer-Response", "value": "1"}]
        return cf["response"]
    return request
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    everywhere = behavior(
        LambdaFunctionAssociations=associations(
            "viewer-request", "origin-request", "origin-response", "viewer-response", include_body=True
        )
    )
    cached = behavior("/kept*", BUCKET_ID, CachePolicyId=OPTIMIZED, OriginRequestPolicyId=ALL_BUT_HOST)
    folder = tmp_path_factory.mktemp("site")
    with (
        running_origin(lambda handler: reply(handler, 200, b"hello", {"X-From": "origin"})) as origin,
        controlled(folder, template(cached, everywhere), CODE, {APP_ID: origin.url}) as running,
    ):
        yield running


def visited(site: Controlled, *args: Any, **named: Any) -> dict[str, Any]:
    """The inspector's report of a request that was just made."""
    request_id = site.visit(*args, **named).headers["X-Amz-Cf-Id"]
    wait_until_told(site.history, request_id)
    return site.inspect(request_id)


def changed(report: dict[str, Any], trigger: str) -> dict[str, tuple[str, str, str]]:
    function = next(each for each in report["functions"] if each["trigger"] == trigger)
    return {each["field"]: (each["how"], each["before"], each["after"]) for each in function["changes"]}


# What it tells.


def test_it_tells_what_each_function_changed_and_nothing_else(site: Controlled) -> None:
    report = visited(site, "/en/page?a=1", headers={"X-Remove": "please"})
    assert [each["trigger"] for each in report["functions"]] == [
        *("viewer-request", "origin-request", "origin-response", "viewer-response"),
    ]
    assert changed(report, "viewer-request") == {
        "header x-user": ("added", "", "anna"),
        "header x-remove": ("removed", "please", ""),
        "uri": ("changed", "/en/page", "/de/page"),
    }
    assert changed(report, "origin-request") == {
        "querystring": ("changed", "a=1", "from=origin-request"),
        "origin custom.readTimeout": ("changed", "30", "7"),
    }
    assert changed(report, "origin-response") == {"header x-origin-response": ("added", "", "1")}
    assert changed(report, "viewer-response") == {"header x-viewer-response": ("added", "", "1")}
    first = report["functions"][0]
    assert first["file"].endswith("/code/app.py") and first["function"] == "edge" and first["request_id"]
    assert first["event"]["Records"][0]["cf"]["config"]["eventType"] == "viewer-request"
    assert first["result"]["uri"] == "/de/page"


def test_it_tells_the_way_to_the_origin_and_back(site: Controlled) -> None:
    report = visited(site, "/en/page?a=1")
    assert report["path"] == "/en/page" and report["viewer"]["address"] == "127.0.0.1"
    [exchange] = report["origin_requests"]
    assert (exchange["domain"], exchange["path"], exchange["query"], exchange["status"]) == (
        *("app.example.com", "/de/page", "from=origin-request"),
        200,
    )
    assert ["X-From", "origin"] in exchange["answer_headers"]
    answer = {name.lower(): value for name, value in report["answer"]["headers"]}
    assert answer["x-viewer-response"] == "1" and answer["x-cache"] == "Miss from cloudfront"
    steps = [each["step"].partition(" ")[0] for each in report["timings"]]
    assert steps[:5] == ["viewer-request", "origin-request", "origin", "origin-response", "viewer-response"]
    taken = [each["ms"] for each in report["timings"]]
    # Of five steps, the CDN itself, the first and the last byte, the sum of the first six is the seventh.
    assert all(ms > 0 for ms in taken[:5]) and 0 < taken[6] <= taken[7]
    assert sum(taken[:6]) == pytest.approx(taken[6], abs=0.01)


def test_stages_stand_side_by_side_and_show_where_a_value_changed(site: Controlled) -> None:
    stages = visited(site, "/en/page")["stages"]
    titles = [column["title"] for column in stages["request"]["columns"]]
    assert titles == [
        *("viewer sent", "viewer-request got", "viewer-request returned"),
        *("origin-request got", "origin-request returned", "sent to app.example.com"),
    ]
    uri = next(row for row in stages["request"]["rows"] if row["field"] == "uri")["cells"]
    assert [cell["value"] for cell in uri] == ["/en/page"] * 2 + ["/de/page"] * 4
    assert [cell["changed"] for cell in uri] == [False, False, True, False, False, False]
    assert [column["title"] for column in stages["response"]["columns"]] == [
        *("app.example.com answered", "origin-response got", "origin-response returned"),
        *("viewer-response got", "viewer-response returned", "viewer received"),
    ]


def test_each_attempt_of_a_failover_stands_where_it_took_place() -> None:
    def run(trigger: Trigger) -> FunctionRun:
        return FunctionRun(trigger, "edge", 1.0, False)

    def asked(domain: str, status: int) -> OriginExchange:
        return OriginExchange("o", domain, Request("GET", "/"), status, Headers(), 1.0)

    past = trace(1)
    past.functions = [
        run(each) for each in ("origin-request", "origin-request", "origin-response", "viewer-response")
    ]
    past.exchanges = [asked("first", 0), asked("second", 200)]
    told = [each["step"] for each in timings(past)]
    assert told[:6] == [
        *("origin-request edge", "origin first", "origin-request edge", "origin second"),
        *("origin-response edge", "viewer-response edge"),
    ]
    titles = [stage.title for stage in stages.requests(past, Mask(reveal=False))]
    assert titles[3:] == [
        "sent to first",
        *("origin-request got (2)", "origin-request returned (2)", "sent to second"),
    ]


def test_a_generated_response_is_all_new(site: Controlled) -> None:
    report = visited(site, "/made")
    assert changed(report, "viewer-request") == {
        "status": ("added", "", "200"),
        "header x-made": ("added", "", "yes"),
        "body": ("added", "", "(text) <b>made</b>"),
    }
    assert report["origin_requests"] == [] and report["result"] == "LambdaGeneratedResponse"
    assert report["stages"]["request"]["columns"][2]["note"] == "a response of its own"


def test_a_broken_rule_is_named_with_its_page_and_the_functions_file(site: Controlled) -> None:
    report = visited(site, "/broken")
    function = report["functions"][0]
    assert report["status"] == 502 and report["detail"]
    assert changed(report, "viewer-request")["header via"] == ("added", "", "me")
    assert function["rule"] is not None and function["rule"]["page"] and function["file"].endswith("app.py")
    assert function["rule"]["subject"].lower() == "via"
    assert function["rule"]["advice"] and html.escape(function["rule"]["advice"]) in site.page(
        "/requests/last"
    )


def test_an_exception_is_told(site: Controlled) -> None:
    report = visited(site, "/raises")
    function = report["functions"][0]
    assert report["status"] == 503 and "ValueError: no <script>" in function["error"]
    assert function["changes"] == [] and function["result"]["errorType"] == "ValueError"
    assert function["printed"][0].startswith("[ERROR] ValueError: no <script>")
    assert any(line.endswith("in handler") for line in function["printed"])
    assert "Traceback (most recent call last)" in site.page("/requests/last")


def test_what_a_function_printed_is_told_without_the_secrets_of_the_request(site: Controlled) -> None:
    visited(site, "/en/before")
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}; b={SECRET}2"}
    report = visited(site, "/prints", headers=headers)
    printed = report["functions"][0]["printed"]
    assert printed[0] == "one" and printed[1].startswith("    two\x1b {") and len(printed) == 2
    assert '"Bearer •••(12 characters, #' in printed[1] and SECRET not in json.dumps(report)
    assert all(each["printed"] == [] for each in report["functions"][1:])
    revealed = site.inspect(report["request_id"], "?reveal=1")["functions"][0]["printed"]
    assert f'"Bearer {SECRET}"' in revealed[1]
    much = visited(site, "/prints-much")["functions"][0]["printed"]
    assert sum(map(len, much)) < 70_000 and much[-1].startswith("… the log has more")


def test_what_a_function_printed_when_it_started_is_told_once(tmp_path: Path) -> None:
    pass_on = "def handler(event, context):\n    return event['Records'][0]['cf']['request']\n"
    for number, (code, first) in enumerate(
        [
            ("print('starting')\n" + pass_on, "starting"),
            ("print('starting')\nraise OSError('no')\n", "starting"),
            ("def handler(:\n", "[ERROR] Runtime.UserCodeSyntaxError"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = template(behavior(origin=BUCKET_ID, LambdaFunctionAssociations=associations("viewer-request")))
        with controlled(folder, text, code) as running:
            [function] = visited(running, "/x")["functions"]
            assert len([line for line in function["printed"] if line.startswith(first)]) == 1, code
            assert not any("RequestId" in line or "INIT" in line for line in function["printed"])
            if number == 0:
                assert visited(running, "/y")["functions"][0]["printed"] == []


def test_it_tells_why_the_cache_had_nothing(site: Controlled) -> None:
    (site.folder / "bucket" / "kept.txt").write_text("kept")
    first = visited(site, "/kept.txt")["cache"]
    assert first["outcome"] == "miss" and first["reason"]
    assert dict(first["key"])["path"] == "/kept.txt"
    second = visited(site, "/kept.txt")["cache"]
    assert second["outcome"] == "hit" and second["ttl_seconds"] > 0


def test_a_request_that_the_cache_is_not_asked_for(site: Controlled) -> None:
    assert visited(site, "/x", "POST", body=b"a=1")["cache"]["outcome"] == "pass"


# The list, and what is kept.


def test_the_list_is_newest_first_and_says_what_is_kept(site: Controlled) -> None:
    visited(site, "/list-1")
    visited(site, "/list-2")
    listed = site.control("GET", "/requests?limit=2").json()
    assert [row["path"] for row in listed["requests"]] == ["/list-2", "/list-1"]
    assert "1,000 requests" in listed["bounds"] and listed["dropped"] == 0
    assert site.inspect("last")["path"] == "/list-2"
    assert site.inspect(listed["requests"][1]["request_id"][:12])["path"] == "/list-1"


def trace(number: int, size: int = 0) -> Trace:
    request = Request("GET", f"/{number}", body=b"x" * size)
    return Trace(
        f"id-{number:06}", float(number), request, viewer_facts(request), "E1", "d.example", "FRA56-P2", "r"
    )


def test_the_oldest_leave_first_and_are_counted() -> None:
    history = History(max_requests=3)
    for number in range(5):
        history.add(trace(number))
    assert [each.request.uri for each in history.latest_first()] == ["/4", "/3", "/2"]
    assert (history.total, history.dropped) == (5, 2)
    assert "2 older ones were dropped" in history.bounds()


def test_bodies_and_events_count_for_the_bound_in_bytes() -> None:
    history = History(max_bytes=100_000)
    for number in range(3):
        history.add(trace(number, 30_000))
    assert [each.request.uri for each in history.latest_first()] == ["/2", "/1"]
    large = trace(3)
    large.functions.append(FunctionRun("viewer-request", "edge", 1.0, False, event=b"x" * 200_000))
    history.add(large)
    assert len(history) == 0 and history.bytes == 0


# Secrets.


SECRET = "s3cr3t-value"


def test_secrets_are_masked_everywhere_unless_asked_for(site: Controlled) -> None:
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": f"session={SECRET}; theme={SECRET}",
        "X-Api-Key": SECRET,
    }
    report = visited(site, "/en/secret", "POST", body=f"password={SECRET}".encode(), headers=headers)
    shown = json.dumps(report)
    assert SECRET not in shown and "c2VjcjN0" not in shown and report["masked"] is True
    told = dict(report["viewer"]["headers"])
    assert told["Authorization"].startswith("Bearer •••(12 characters, #")
    assert told["Cookie"].startswith("session=•••(") and "; theme=•••(" in told["Cookie"]
    path = f"/requests/{report['request_id']}"
    assert SECRET not in site.page(path)
    assert SECRET in site.page(path + "?reveal=1")
    revealed = site.inspect(report["request_id"], "?reveal=1")
    assert dict(revealed["viewer"]["headers"])["Authorization"] == f"Bearer {SECRET}"
    assert revealed["viewer"]["body"] == f"password={SECRET}" and revealed["masked"] is False


@pytest.mark.parametrize("path", ["/whole", "/pairs", "/text"])
def test_secrets_are_masked_in_results_of_unexpected_shapes(site: Controlled, path: str) -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}", "X-Access-Key": SECRET}
    report = visited(site, path, "POST", body=SECRET.encode(), headers=headers)
    assert report["functions"][0]["result"] and SECRET not in json.dumps(report)
    assert "c2VjcjN0" not in json.dumps(report), "the body in base64"
    address = f"/requests/{report['request_id']}"
    assert SECRET not in site.page(address) and SECRET in site.page(address + "?reveal=1")
    difference = site.control("POST", f"{address}/again").json()
    assert SECRET not in json.dumps(difference)


def test_nothing_of_an_ordinary_request_is_masked(site: Controlled) -> None:
    report = visited(site, "/en/page?a=1")
    assert "•••" not in json.dumps(report, ensure_ascii=False)


def test_what_nests_too_deep_is_said_to(site: Controlled) -> None:
    report = visited(site, "/deep")
    assert "(too deep)" in json.dumps(report["functions"][0]["result"])
    for query in ("", "?reveal=1"):
        assert "(too deep)" in site.page(f"/requests/{report['request_id']}{query}")
        assert site.inspect(report["request_id"], query)["request_id"] == report["request_id"]
    assert site.control("POST", f"/requests/{report['request_id']}/again").status == 200


# Pages.


def test_the_pages_are_valid_and_say_what_takes_the_focus(site: Controlled) -> None:
    (site.folder / "bucket" / "kept-valid.txt").write_text("kept")
    first = visited(site, "/kept-valid.txt?<script>", headers={"X-A": HOSTILE})
    for path in ("/en/page", "/made", "/broken", "/raises", "/prints", "/whole"):
        report = visited(site, path, "POST", body=b"x=1")
        assert_valid(site.page(f"/requests/{report['request_id']}?compare={first['request_id']}"))
    for path in ("/", "/cache", "/nowhere", f"/requests/{first['request_id']}", "/requests/<script>"):
        assert_valid(site.page(path))


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_hostile_text_is_only_ever_text(site: Controlled) -> None:
    report = visited(
        site,
        "/en/%22%3E<img/src=x>?q=<script>",
        headers={"User-Agent": HOSTILE, "X-Other": f"{HOSTILE}\x9b31m", "Edgewise-Viewer-Country": "DE"},
    )
    visited(site, "/raises")
    assert "It changed nothing" not in site.page("/requests/last")
    visited(site, "/broken")
    for path in (
        "/",
        f"/requests/{report['request_id']}",
        "/requests/last",
        "/cache",
        f"/requests/{'<script>'}",
    ):
        assert_harmless(site.page(path))
    page = site.page(f"/requests/{report['request_id']}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "\x9b" not in page and r"\x9b31m" in page


def test_the_pages_lead_to_each_other(site: Controlled) -> None:
    report = visited(site, "/en/page?b=2")
    page = site.page("/")
    assert f'href="/requests/{report["request_id"]}"' in page and "/en/page?b=2" in page
    one = site.page(f"/requests/{report['request_id']}")
    headings = [
        "viewer-request: edge",
        "origin-request: edge",
        "origin: app.example.com",
        "origin-response: edge",
    ]
    places = [one.index(f"<h3>{heading}</h3>") for heading in headings]
    assert places == sorted(places)
    for told in ("header x-user", "/code/app.py", "Timings", "The request, stage by stage"):
        assert told in one
    assert "Show masked values" in one and 'action="/requests/' in one
    for asset in ("/style.css", "/live.js"):
        assert site.control("GET", asset).status == 200


def test_news_are_streamed(site: Controlled) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.control_port, timeout=20)
    try:
        connection.request("GET", "/live")
        response = connection.getresponse()
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.readline() == b": connected\n" and response.readline() == b"\n"
        site.visit("/news")
        assert response.readline() == b"data: %d\n" % site.history.total
    finally:
        connection.close()


# Again.


def test_a_request_is_sent_again_as_it_was(site: Controlled) -> None:
    first = visited(
        site,
        "/en/again?x=%C3%A9&y=",
        "POST",
        body=b"\x00body",
        headers={
            "X-Mine": "1",
            "Cookie": "a=b",
            "Edgewise-Viewer-Address": "203.0.113.9",
            "Edgewise-Viewer-Country": "JP",
            "Edgewise-Location": "NRT57-P2",
        },
    )
    difference = site.control("POST", f"/requests/{first['request_id']}/again").json()
    again = site.inspect(difference["request_id"])
    assert difference["request_id"] != first["request_id"] and difference["before"] == first["request_id"]
    for name in ("method", "path", "query", "status", "edge_location", "behavior"):
        assert again[name] == first[name]
    assert again["edge_location"] == "NRT57-P2" and again["viewer"]["country"] == "JP"
    assert again["viewer"]["address"] == "203.0.113.9" and again["viewer"]["body_bytes"] == 5
    own = ("connection", "content-length")
    assert [line for line in again["viewer"]["headers"] if line[0].lower() not in own] == [
        line for line in first["viewer"]["headers"] if line[0].lower() not in own
    ]


def test_what_came_out_differently_is_told(site: Controlled) -> None:
    visited(site, "/counted")
    difference = site.control("POST", "/requests/last/again").json()
    found = {(each["stage"], each["field"]) for each in difference["differences"]}
    assert ("viewer-request returned", "header x-count") in found
    assert ("outcome", "status") not in found and difference["ms"]["after"] > 0
    assert "viewer sent" not in {stage for stage, _ in found}


def test_a_second_request_that_the_cache_answers_is_one_sentence(site: Controlled) -> None:
    (site.folder / "bucket" / "kept-again.txt").write_text("kept")
    first = visited(site, "/kept-again.txt")
    difference = site.control("POST", f"/requests/{first['request_id']}/again").json()
    domain = first["origin_requests"][0]["domain"]
    assert difference["notes"] == [f"it was answered from the cache, without origin {domain}"]
    told = {(each["stage"], each["field"]) for each in difference["differences"]}
    assert told == {("outcome", "X-Cache"), ("cache", "outcome"), ("cache", "reason")}
    page = site.page(f"/requests/{difference['request_id']}?compare={first['request_id']}")
    assert f"It was answered from the cache, without origin {domain}." in page
    site.control("POST", "/invalidations", {"paths": ["/*"]})
    back = site.control("POST", f"/requests/{difference['request_id']}/again").json()
    assert back["notes"] == [f"the earlier one was answered from the cache, without origin {domain}"]


def test_a_step_that_only_one_of_two_had_is_one_sentence() -> None:
    before, after = trace(1), trace(2)
    before.functions = [FunctionRun("viewer-request", "edge", 1.0, False)]
    after.exchanges = [OriginExchange("o", "a.example", Request("GET", "/"), 200, Headers(), 1.0)]
    assert compared(before, after, OPEN)["notes"] == [
        "only the earlier one had viewer-request edge",
        "the earlier one did not have origin a.example",
    ]


def test_the_button_leads_to_the_comparison(site: Controlled) -> None:
    first = visited(site, "/counted")
    answer = site.control(
        "POST",
        f"/requests/{first['request_id']}/again",
        headers={"Accept": "text/html", "Origin": site.url, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status == 303
    page = site.page(answer.headers["Location"])
    assert "Sent again: what differs" in page and "header x-count" in page
    assert_harmless(page)


def test_a_chunked_body_stays_chunked(site: Controlled) -> None:
    first = visited(site, "/en/chunked", "POST", body=iter([b"ab", b"cd"]))
    difference = site.control("POST", f"/requests/{first['request_id']}/again").json()
    again = site.inspect(difference["request_id"])
    assert again["viewer"]["body_bytes"] == first["viewer"]["body_bytes"] == 4
    assert ["Transfer-Encoding", "chunked"] in again["viewer"]["headers"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_request_is_sent_to_the_address_for_viewers(host: str) -> None:
    """The fake CDN listens there only, and says who asked."""
    request = Request("GET", "/", "", Headers([("Host", "h")]), viewer="192.0.2.1")
    past = Trace("id", 0.0, request, viewer_facts(request), "E1", "d.example", "FRA56-P2", "eu-central-1")

    async def sent() -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            peer = writer.get_extra_info("peername")[0]
            writer.write(f"HTTP/1.1 200 OK\r\nX-Amz-Cf-Id: {peer}\r\n\r\n".encode())
            writer.close()

        server = await asyncio.start_server(answer, host, 0)
        async with server:
            return await send(past, host, server.sockets[0].getsockname()[1])

    assert asyncio.run(sent()) == ("::1" if ":" in host else "127.0.0.1")


def test_https_is_https_again(tmp_path: Path) -> None:
    tls = server_context(local_authority(tmp_path / "tls"), ("127.0.0.1",))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
    with (
        running_origin() as origin,
        controlled(tmp_path, template(), origins={APP_ID: origin.url}, tls=tls) as site,
    ):
        with urllib.request.urlopen(
            f"https://127.0.0.1:{site.port}/x", context=trusting, timeout=20
        ) as answer:
            wait_until_told(site.history, answer.headers["X-Amz-Cf-Id"])
        difference = site.control("POST", "/requests/last/again").json()
        assert site.inspect(difference["request_id"])["viewer"]["scheme"] == "https"


def test_headers_that_are_not_ascii_are_told_and_sent_again() -> None:
    request = Request(
        "GET", "/\xc3\xa9", "", Headers([("Host", "h"), ("X-A", "\xc3\xa9\xff")]), http_version="1.0"
    )
    past = Trace("id", 0.0, request, viewer_facts(request), "E1", "d.example", "FRA56-P2", "eu-central-1")
    data = message(past)
    assert data.startswith(b"GET /\xc3\xa9 HTTP/1.0\r\nHost: h\r\nX-A: \xc3\xa9\xff\r\n") and data.endswith(
        b"\r\n\r\n"
    )


def test_a_site_without_requests_says_so(tmp_path: Path) -> None:
    with controlled(tmp_path, template()) as running:
        assert "No request yet" in running.page("/") and "Nothing is cached" in running.page("/cache")
        assert_valid(running.page("/"))
        assert_valid(running.page("/cache"))
        answer = running.control("GET", "/requests/last")
        assert answer.status == 404 and "no request has come yet" in answer.json()["message"]
