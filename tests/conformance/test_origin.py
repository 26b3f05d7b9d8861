"""The kit's origin answers as the path says and tells what it was asked; the kit's client reads what is on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from conformance.client import Answer, Client, NoAnswer
from conformance.kit import Kit
from conformance.origin import filler, steps_of
from conformance.target import running_origin
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_origin() as address:
        yield Client(address)


@pytest.fixture
def kit(client: Client, request: pytest.FixtureRequest) -> Kit:
    return Kit(client, client, "run", request.node.name.replace("_", "-"))


def test_it_tells_the_request_by_default(kit: Kit) -> None:
    answer = kit.ask("POST", "any", headers=[("X-oWn", "a")], body=b"\xff1", query="a=1")
    told = answer.json()
    assert (told["method"], told["target"]) == ("POST", kit.path("any") + "?a=1")
    assert ["X-oWn", "a"] in told["headers"]
    assert told["body"] == "\xff1"
    assert (answer.fetch, answer.header("X-Origin")) == (1, "main")


def test_it_does_what_the_path_says(kit: Kit) -> None:
    headers = ("header=X-A:1", "header=X-A:2", "cc=no-store")
    answer = kit.get("any", "status=404", "reason=Not at all", *headers, "body=ä b")
    assert (answer.status, answer.reason, answer.text) == (404, "Not at all", "ä b")
    assert (answer.all("x-a"), answer.header("cache-control")) == (["1", "2"], "no-store")


def test_steps_after_then_are_for_the_next_request(kit: Kit) -> None:
    steps = ("body=one", "then", "status=500", "then", "body=three")
    assert [kit.get("any", *steps).status for _ in range(4)] == [200, 500, 200, 200]
    assert kit.get("any", *steps).text == "three"


def test_steps_after_second_are_for_the_second_origin(kit: Kit) -> None:
    path = kit.path("failover", "status=500", "second", "status=203")
    assert kit.client.request("GET", path).status == 500
    assert kit.client.request("GET", "/second" + path).status == 203
    assert [seen.origin for seen in kit.seen()] == ["main", "second"]


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=0-9", 206, filler(100)[:10]),
        ("bytes=90-200", 206, filler(100)[90:]),
        ("bytes=-5", 206, filler(100)[-5:]),
        ("bytes=50-", 206, filler(100)[50:]),
        ("bytes=100-", 416, b""),
        ("lines=1-2", 200, filler(100)),
    ],
)
def test_it_serves_ranges(client: Client, wanted: str, status: int, body: bytes) -> None:
    answer = Kit(client, client, "run", "ranges").get(
        "any", "size=100", "ranges", headers=[("Range", wanted)]
    )
    assert (answer.status, answer.body) == (status, body)


def test_it_knows_what_has_not_changed(kit: Kit) -> None:
    assert kit.get("any", "etag=v1", headers=[("If-None-Match", '"v1"')]).status == 304
    assert kit.get("any", "etag=v2", headers=[("If-None-Match", '"v1"')]).status == 200
    modified = kit.get("any", "modified").header("Last-Modified") or ""
    assert kit.get("any", "modified", headers=[("If-Modified-Since", modified)]).status == 304


def test_a_cut_body_is_incomplete_and_a_chunked_one_whole(kit: Kit) -> None:
    cut = kit.get("any", "size=1000", "cut=10")
    assert (cut.complete, len(cut.body)) == (False, 10)
    chunked = kit.get("any", "size=1000", "chunked")
    assert (chunked.complete, chunked.body, chunked.header("Content-Length")) == (True, filler(1000), None)


def test_it_may_close_without_an_answer(kit: Kit) -> None:
    with pytest.raises(NoAnswer):
        kit.get("any", "close")
    assert len(kit.seen()) == 1


def test_head_has_no_body(kit: Kit) -> None:
    answer = kit.ask("HEAD", "any", "size=1000")
    assert (answer.header("Content-Length"), answer.body) == ("1000", b"")


def test_reports_keep_order_and_case(kit: Kit) -> None:
    kit.get("any", headers=[("host", "a"), ("X-B", "1"), ("x-A", "2"), ("X-B", "3")])
    (seen,) = kit.seen()
    assert [pair for pair in seen.headers if pair[0] != "User-Agent"] == [
        ("host", "a"),
        ("X-B", "1"),
        ("x-A", "2"),
        ("X-B", "3"),
    ]
    assert seen.all("x-b") == ["1", "3"]


def test_keys_do_not_see_each_other(kit: Kit) -> None:
    kit.get("any", key="one")
    assert (len(kit.seen("one")), len(kit.seen("two")), len(kit.part(1).seen())) == (1, 0, 0)


def test_many_at_once(kit: Kit) -> None:
    answers = kit.together(5, lambda number: kit.get("any", "delay=0.1", query=str(number)))
    assert sorted(answer.fetch for answer in answers) == [1, 2, 3, 4, 5]


def test_an_answer_shows_itself_in_a_line() -> None:
    answer = Answer("HTTP/1.1", 200, "OK", [("x-cache", "Hit from cloudfront")], b"body")
    assert (str(answer), answer.cache) == ("200 OK (X-Cache: Hit from cloudfront) 'body'", "Hit")
    assert answer.json() == {"status": 200, "not json": "body"}


@pytest.mark.parametrize("address", ["127.0.0.1:80", "ftp://a", "http://"])
def test_an_address_is_a_url(address: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Client(address)


def test_a_distribution_has_the_two_usual_ports() -> None:
    client = Client("https://d111111abcdef8.cloudfront.net")
    assert (client.port, client.tls_port, client.host) == (80, 443, "d111111abcdef8.cloudfront.net")


STAGES = st.lists(st.lists(st.sampled_from(["a", "b=1", "status=2"]), max_size=3), min_size=1, max_size=4)


@given(STAGES, st.integers(1, 9))
def test_every_request_has_its_stage_and_the_last_one_stays(stages: list[list[str]], fetch: int) -> None:
    path = "/x/k.run.rule/" + "/then/".join("/".join(stage) for stage in stages)
    found = [step for step in steps_of(path, "main", fetch) if step]
    assert found == stages[min(fetch, len(stages)) - 1]


def test_reports_are_json(client: Client) -> None:
    assert json.loads(client.request("GET", "/report/k.nobody").body) == []
