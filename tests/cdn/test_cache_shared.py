"""What one viewer does must not decide what the others get: sharing, leaving, conditions, parts, invalidations."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn.clock import MovableClock
from support.running import (
    ALL_BUT_HOST,
    APP_ID,
    OPTIMIZED,
    ORIGIN_CONTROLLED,
    Origin,
    RunningCdn,
    associations,
    behavior,
    reply,
    running_cdn,
    running_origin,
    template,
)

NO_COOKIES = "59781a5b-3903-41f3-afcb-af62929ccde1"
Answers = Callable[[Any], None]


@contextmanager
def site(
    folder: Path, answers: Answers, *, policy: str = OPTIMIZED, forward: str = NO_COOKIES, **settings: Any
) -> Iterator[tuple[RunningCdn, Origin, MovableClock]]:
    clock = MovableClock()
    code = settings.pop("code", None)
    config = settings.pop("config", {})
    cached = behavior(CachePolicyId=policy, OriginRequestPolicyId=forward, **settings)
    with (
        running_origin(answers) as origin,
        running_cdn(
            folder,
            template(cached, **config),
            {"app.py": code} if code else None,
            origins={APP_ID: origin.url},
            clock=clock,
        ) as cdn,
    ):
        yield cdn, origin, clock


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


class Opened:
    """An answer that is read piece by piece."""

    def __init__(self, cdn: RunningCdn, path: str = "/a", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", cdn.port, timeout=20)
        self._connection.request("GET", path, headers=headers)
        self.response = self._connection.getresponse()

    def read(self, size: int) -> bytes:
        return self.response.read(size)

    def leave(self) -> None:
        self.response.close()
        self._connection.close()


HALF = b"x" * 300_000


def in_halves(gate: threading.Event, **headers: str) -> Answers:
    def answer(handler: Any) -> None:
        handler.send_response(200)
        for name, value in {"Content-Length": str(2 * len(HALF)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(HALF)
        handler.wfile.flush()
        gate.wait(30)
        handler.wfile.write(HALF)

    return answer


def test_a_body_is_given_to_all_while_it_arrives(tmp_path: Path) -> None:
    gate = threading.Event()
    with site(tmp_path, in_halves(gate)) as (cdn, origin, _):
        viewers = [Opened(cdn) for _ in range(3)]
        assert [len(viewer.read(len(HALF))) for viewer in viewers] == [len(HALF)] * 3, (
            "before the rest has come"
        )
        gate.set()
        assert [len(viewer.read(len(HALF) + 1)) for viewer in viewers] == [len(HALF)] * 3
        for viewer in viewers:
            viewer.leave()
        assert len(origin.seen) == 1 and cdn.request("/a").cache == "Hit"


def test_what_has_no_freshness_is_nobody_elses(tmp_path: Path) -> None:
    gate = threading.Event()
    slow = in_halves(gate, Cache_Control="max-age=0", ETag='"v1"')
    with site(tmp_path, slow, policy=ORIGIN_CONTROLLED) as (cdn, origin, _):
        viewers = [Opened(cdn) for _ in range(3)]
        assert len(origin.seen) == 3
        gate.set()
        for viewer in viewers:
            assert len(viewer.read(2 * len(HALF))) == 2 * len(HALF)
            viewer.leave()


def test_an_object_is_fetched_to_its_end_for_those_who_come_later(tmp_path: Path) -> None:
    gate = threading.Event()
    with site(tmp_path, in_halves(gate)) as (cdn, origin, _):
        Opened(cdn).leave()
        gate.set()
        until(lambda: cdn.request("/a").cache == "Hit")
        assert len(origin.seen) == 1


def test_a_stream_without_an_end_ends_with_its_last_viewer(tmp_path: Path) -> None:
    ended = threading.Event()

    def stream(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(b"event\n" * 1000)
                handler.wfile.flush()
                time.sleep(0.01)
        except OSError:
            ended.set()

    with site(tmp_path, stream) as (cdn, _, _):
        viewer = Opened(cdn)
        viewer.read(1000)
        viewer.leave()
        assert ended.wait(30)


def test_a_body_that_breaks_off_is_not_a_whole_one_for_anybody(tmp_path: Path) -> None:
    gate = threading.Event()

    def broken(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
        handler.wfile.flush()
        gate.wait(30)
        handler.close_connection = True

    with site(tmp_path, broken) as (cdn, _, _):
        viewers = [Opened(cdn) for _ in range(3)]
        gate.set()
        for viewer in viewers:
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                viewer.response.read()
            viewer.leave()


def test_when_the_first_leaves_the_others_need_one_request_more(tmp_path: Path) -> None:
    gate = threading.Event()

    def slow(handler: Any) -> None:
        gate.wait(30)
        reply(handler, 200, b"one", {"Cache-Control": "max-age=60"})

    with site(tmp_path, slow) as (cdn, origin, _), ThreadPoolExecutor(10) as pool:
        first = socket.create_connection(("127.0.0.1", cdn.port))
        first.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: origin.seen)
        others = [pool.submit(cdn.request, "/a") for _ in range(10)]
        time.sleep(0.3)
        first.close()
        until(lambda: len(origin.seen) == 2)
        time.sleep(0.1)
        gate.set()
        assert {other.result().body for other in others} == {b"one"}
        assert len(origin.seen) == 2


def test_where_cookies_are_forwarded_every_viewer_has_a_request_of_his_own(tmp_path: Path) -> None:
    gate = threading.Event()

    def slow(handler: Any) -> None:
        gate.wait(30)
        reply(handler, 200, b"one", {"Cache-Control": "max-age=60"})

    with site(tmp_path, slow, forward=ALL_BUT_HOST) as (cdn, origin, _), ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(cdn.request, "/a") for _ in range(3)]
        until(lambda: len(origin.seen) == 3)
        gate.set()
        assert {answer.result().cache for answer in answers} == {"Miss"}


def test_what_the_origin_has_no_more_is_not_kept_as_it_was(tmp_path: Path) -> None:
    with site(tmp_path, with_status([200, 404, 500], Cache_Control="max-age=60")) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        assert cdn.request("/a").status == 404
        clock.move(61)
        assert cdn.request("/a").status == 500, "the first object does not come back"


def test_an_error_that_is_shared_says_so(tmp_path: Path) -> None:
    gate = threading.Event()

    def missing(handler: Any) -> None:
        gate.wait(30)
        reply(handler, 404, b"x" * 300_000)

    with site(tmp_path, missing) as (cdn, origin, _), ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(cdn.request, "/a") for _ in range(4)]
        until(lambda: origin.seen)
        time.sleep(0.2)
        gate.set()
        assert {answer.result().cache for answer in answers} == {"Error"} and len(origin.seen) == 1


def test_a_part_without_its_bytes_is_not_kept(tmp_path: Path) -> None:
    short = {"/short": b"0123", "/whole": b"0123456789"}

    def parts(handler: Any) -> None:
        headers = {"Content-Range": "bytes 0-9/100", "Cache-Control": "max-age=60"}
        reply(handler, 206, short[handler.path], headers)

    with site(tmp_path, parts) as (cdn, _, _):
        some = {"Range": "bytes=0-9"}
        assert cdn.request("/whole", "HEAD", headers=some).status == 206
        assert cdn.request("/whole", headers=some).cache == "Miss"
        assert cdn.request("/whole", headers={"Range": "bytes=2-3"}).body == b"23"
        assert [cdn.request("/short", headers=some).cache for _ in range(2)] == ["Miss", "Miss"]


def with_status(statuses: list[int], **headers: str) -> Answers:
    """One answer after another; the last one stays."""

    def answer(handler: Any) -> None:
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        reply(handler, status, b"" if status == 304 else f"said {status}".encode(), fields)

    return answer


def test_what_one_viewers_condition_met_is_not_what_others_get(tmp_path: Path) -> None:
    with site(tmp_path, with_status([412, 200], Cache_Control="max-age=60")) as (cdn, _, _):
        assert cdn.request("/a", headers={"If-Match": '"other"'}).status == 412
        assert cdn.request("/a").status == 200


@pytest.mark.parametrize("status", [416, 500])
def test_a_range_does_not_take_the_old_object_away(tmp_path: Path, status: int) -> None:
    with site(tmp_path, with_status([200, status, 500], Cache_Control="max-age=60")) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        part = cdn.request("/a", headers={"Range": "bytes=0-3"})
        assert part.status in (206, 416)
        clock.move(11)
        assert cdn.request("/a").body == b"said 200", "it stands in for the error"


def test_all_lines_of_a_header_in_a_304_count(tmp_path: Path) -> None:
    def answer(handler: Any) -> None:
        handler.send_response(304 if handler.headers["If-None-Match"] else 200)
        for name, value in (
            ("ETag", '"v1"'),
            ("Cache-Control", "max-age=60"),
            ("Cache-Control", "public"),
            ("Link", "</a>"),
            ("Link", "</b>"),
        ):
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with site(tmp_path, answer) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        refreshed = cdn.request("/a")
        assert refreshed.cache == "RefreshHit" and refreshed.headers.get_all("Link") == ["</a>", "</b>"]
        clock.move(61)
        assert cdn.request("/a").cache == "RefreshHit", "and for a minute, as the 304 said"


def test_a_function_cannot_empty_an_object_by_mending_a_304(tmp_path: Path) -> None:
    code = """
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    response["status"] = "200"
    return response
"""
    functions = associations("origin-response")
    answers = with_status([200, 304], ETag='"v1"', Cache_Control="max-age=60")
    with site(tmp_path, answers, code=code, LambdaFunctionAssociations=functions) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        assert (cdn.request("/a").body, cdn.request("/a").body) == (b"said 200", b"said 200")


def test_an_invalidation_reaches_what_is_being_fetched(tmp_path: Path) -> None:
    gate, bodies = threading.Event(), [b"old", b"new"]

    def slow(handler: Any) -> None:
        body = bodies.pop(0)
        if body == b"old":
            gate.wait(30)
        reply(handler, 200, body, {"Cache-Control": "max-age=60"})

    with site(tmp_path, slow) as (cdn, origin, _), ThreadPoolExecutor(1) as pool:
        early = pool.submit(cdn.request, "/a")
        until(lambda: origin.seen)
        [location] = cdn.cdn.locations.values()
        location.cache.invalidate(lambda path: path == "/a")
        assert cdn.request("/a").body == b"new"
        gate.set()
        assert early.result().body == b"old"
        assert cdn.request("/a").body == b"new"


def test_an_old_object_is_refreshed_once_however_many_ask(tmp_path: Path) -> None:
    gate = threading.Event()
    gate.set()

    def answer(handler: Any) -> None:
        gate.wait(30)
        reply(handler, 200, b"one", {"Cache-Control": "max-age=60, stale-while-revalidate=60"})

    with site(tmp_path, answer, forward=ALL_BUT_HOST) as (cdn, origin, clock):
        cdn.request("/a")
        gate.clear()
        clock.move(61)
        traces = [cdn.request("/a").cache for _ in range(5)]
        assert traces == ["Hit"] * 5
        until(lambda: len(origin.seen) == 2)
        gate.set()
        assert all(not trace.exchanges for trace in cdn.traces[1:]), "what was told does not change"
        assert len(origin.seen) == 2


@pytest.mark.parametrize("status", [503, None])
def test_an_origin_that_fails_is_left_alone_for_a_while(tmp_path: Path, status: int | None) -> None:
    failing = False

    def answer(handler: Any) -> None:
        if failing and status is None:
            handler.close_connection = True
        else:
            reply(handler, status if failing and status else 200, b"one", {"Cache-Control": "max-age=60"})

    with site(tmp_path, answer) as (cdn, origin, clock):
        cdn.request("/a")
        failing = True
        clock.move(61)
        cdn.request("/a")
        asked = len(origin.seen)
        assert [cdn.request("/a").status for _ in range(3)] == [200] * 3 and len(origin.seen) == asked
        clock.move(11)
        cdn.request("/a")
        assert len(origin.seen) > asked


def test_head_is_answered_by_what_is_fresh(tmp_path: Path) -> None:
    with site(tmp_path, with_status([200], Cache_Control="max-age=60")) as (cdn, origin, clock):
        cdn.request("/a")
        clock.move(61)
        assert [cdn.request("/a", "HEAD").cache for _ in range(3)] == ["Miss", "Hit", "Hit"]
        assert len(origin.seen) == 2


def test_a_failure_that_is_kept_holds_nothing_of_those_who_met_it(tmp_path: Path) -> None:
    def dead(handler: Any) -> None:
        handler.close_connection = True

    with site(tmp_path, dead) as (cdn, _, _):
        for _ in range(5):
            assert cdn.request("/a").status == 502
        [location] = cdn.cdn.locations.values()
        [entry] = location.cache.entries()
        depth, frame = 0, entry.failure.__traceback__ if entry.failure else None
        while frame is not None:
            depth, frame = depth + 1, frame.tb_next
        for _ in range(5):
            cdn.request("/a")
        after, frame = 0, entry.failure.__traceback__ if entry.failure else None
        while frame is not None:
            after, frame = after + 1, frame.tb_next
        assert after == depth


def test_the_body_of_an_error_is_given_up_for_its_page(tmp_path: Path) -> None:
    asked, left = threading.Event(), threading.Event()

    def answer(handler: Any) -> None:
        if handler.path == "/page":
            asked.set()
            left.wait(30)
            reply(handler, 200, b"our page", {"Cache-Control": "no-store"})
            return
        handler.send_response(404)
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(b"x" * 1000)
                handler.wfile.flush()
                time.sleep(0.01)
        except OSError:
            left.set()

    pages = [{"ErrorCode": 404, "ResponseCode": 404, "ResponsePagePath": "/page", "ErrorCachingMinTTL": 0}]
    with site(tmp_path, answer, policy=ORIGIN_CONTROLLED, config={"CustomErrorResponses": pages}) as (
        cdn,
        _,
        _,
    ):
        assert cdn.request("/a").body == b"our page"
        assert asked.is_set() and left.is_set()


def test_viewers_cannot_make_locations_without_end(tmp_path: Path) -> None:
    with site(tmp_path, with_status([200])) as (cdn, _, _):
        for number in range(50):
            assert cdn.request("/a", headers={"Edgewise-Location": f"FRA{number}"}).status == 200
        assert len(cdn.cdn.locations) <= 32


def test_a_refresh_behind_the_scenes_ends_with_the_cdn(tmp_path: Path) -> None:
    gate = threading.Event()
    gate.set()

    def answer(handler: Any) -> None:
        gate.wait(30)
        reply(handler, 200, b"one", {"Cache-Control": "max-age=60, stale-while-revalidate=60"})

    with site(tmp_path, answer) as (cdn, origin, clock):
        cdn.request("/a")
        gate.clear()
        clock.move(61)
        cdn.request("/a")
        until(lambda: len(origin.seen) == 2)
        cdn.close()
        time.sleep(0.2)
        gate.set()
        assert len(origin.seen) == 2
