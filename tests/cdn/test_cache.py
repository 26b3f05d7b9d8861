"""The cache as a viewer meets it: hits, revalidation, stale answers, collapsing, ranges, errors, and why it missed."""

from __future__ import annotations

import http.client
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
    Answer,
    Origin,
    RunningCdn,
    behavior,
    reply,
    running_cdn,
    running_origin,
    template,
)

Site = tuple[RunningCdn, Origin, MovableClock]

NO_COOKIES = {"OriginRequestPolicyId": "59781a5b-3903-41f3-afcb-af62929ccde1"}


class Script:
    """An origin that answers with what stands in `status`, `headers` and `body`; None closes the connection."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.headers: dict[str, str] = {"Cache-Control": "max-age=60"}
        self.body = b"one"
        self.gate: threading.Event | None = None

    def __call__(self, handler: Any) -> None:
        if self.gate is not None:
            self.gate.wait(30)
        if self.status is None:
            handler.close_connection = True
            return
        etag = self.headers.get("ETag")
        if etag and handler.headers.get("If-None-Match") == etag:
            reply(handler, 304, b"", self.headers)
        else:
            reply(handler, self.status, self.body, self.headers)


@contextmanager
def site(folder: Path, script: Callable[[Any], None], **settings: Any) -> Iterator[Site]:
    clock = MovableClock()
    cached = behavior(CachePolicyId=OPTIMIZED, **NO_COOKIES | settings)
    with running_origin(script) as origin:
        options = {"origins": {APP_ID: origin.url}, "clock": clock}
        with running_cdn(folder, template(cached), **options) as cdn:
            yield cdn, origin, clock


def explained(cdn: RunningCdn, answer: Answer) -> str:
    trace = next(trace for trace in cdn.traces if trace.request_id == answer.headers["X-Amz-Cf-Id"])
    return trace.cache.explanation


def test_a_hit_has_an_age_that_the_clock_moves(tmp_path: Path) -> None:
    with site(tmp_path, Script()) as (cdn, origin, clock):
        assert cdn.request("/a").cache == "Miss"
        clock.move(30)
        hit = cdn.request("/a")
        assert hit.cache == "Hit" and hit.headers["Age"] == "30" and hit.body == b"one"
        clock.move(31)
        assert cdn.request("/a").cache == "Miss"
        assert len(origin.seen) == 2


def test_the_age_that_the_origin_states_counts(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60", "Age": "20"}
    with site(tmp_path, script) as (cdn, _, clock):
        assert cdn.request("/a").headers["Age"] == "20"
        clock.move(10)
        hit = cdn.request("/a")
        assert hit.cache == "Hit" and hit.headers.get_all("Age") == ["30"]


def test_the_record_keeps_what_the_origin_said(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "no-store", "Set-Cookie": "a=b", "X-Cache": "Miss from origin"}
    with site(tmp_path, script) as (cdn, _, _):
        answer = cdn.request("/a")
        said = cdn.traces[-1].exchanges[0].headers
    assert "Set-Cookie" not in answer.headers and answer.headers["X-Cache"] == "Miss from cloudfront"
    assert said.get("set-cookie") == "a=b" and said.get("x-cache") == "Miss from origin"
    assert "x-amz-cf-pop" not in said


def test_an_expired_object_that_has_not_changed_is_refreshed(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60", "ETag": '"v1"', "X-Version": "1"}
    with site(tmp_path, script) as (cdn, origin, clock):
        cdn.request("/a")
        clock.move(61)
        script.headers["X-Version"] = "2"
        refreshed = cdn.request("/a")
        assert (refreshed.status, refreshed.cache, refreshed.body) == (200, "RefreshHit", b"one")
        assert refreshed.headers["X-Version"] == "2"
        assert origin.seen[1][2]["If-None-Match"] == '"v1"'
        assert cdn.request("/a").cache == "Hit"


def test_an_expired_object_is_fetched_anew_where_cookies_are_forwarded(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60", "ETag": '"v1"'}
    with site(tmp_path, script, OriginRequestPolicyId=ALL_BUT_HOST) as (cdn, origin, clock):
        cdn.request("/a")
        clock.move(61)
        again = cdn.request("/a")
        assert again.cache == "Miss" and "If-None-Match" not in origin.seen[1][2]
        assert "no object is revalidated where cookies are forwarded" in explained(cdn, again)


def test_an_expired_object_that_has_changed_is_replaced(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60", "ETag": '"v1"'}
    with site(tmp_path, script) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        script.headers, script.body = {"Cache-Control": "max-age=60", "ETag": '"v2"'}, b"two"
        assert (cdn.request("/a").cache, cdn.request("/a").body) == ("Miss", b"two")


def test_a_viewers_own_condition_is_answered_after_the_refresh(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60", "ETag": '"v1"'}
    with site(tmp_path, script) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        answer = cdn.request("/a", headers={"If-None-Match": '"v1"'})
        assert (answer.status, answer.cache, answer.body) == (304, "RefreshHit", b"")


@pytest.mark.parametrize("failure", [None, 500, 503])
def test_an_old_object_stands_in_for_an_origin_that_fails(tmp_path: Path, failure: int | None) -> None:
    script = Script()
    with site(tmp_path, script) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        script.status = failure
        stale = cdn.request("/a")
        assert (stale.status, stale.body) == (200, b"one")
        assert "origin" in explained(cdn, stale)


def test_an_old_object_does_not_hide_that_the_origin_has_none(tmp_path: Path) -> None:
    script = Script()
    with site(tmp_path, script) as (cdn, _, clock):
        cdn.request("/a")
        clock.move(61)
        script.status = 404
        assert cdn.request("/a").status == 404


def test_stale_if_error_bounds_it(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60, stale-if-error=30"}
    with site(tmp_path, script) as (cdn, _, clock):
        cdn.request("/a")
        script.status = 500
        clock.move(80)
        assert cdn.request("/a").status == 200
        clock.move(20)
        assert cdn.request("/a").status == 500


def test_stale_while_revalidate_answers_at_once_and_refreshes_behind(tmp_path: Path) -> None:
    script = Script()
    script.headers = {"Cache-Control": "max-age=60, stale-while-revalidate=60"}
    with site(tmp_path, script) as (cdn, origin, clock):
        cdn.request("/a")
        script.body = b"two"
        clock.move(61)
        # What one viewer has already, or that it wants no body, must not decide what the others get.
        assert cdn.request("/a", "HEAD", headers={"If-None-Match": "x"}).cache == "Hit"
        deadline = time.monotonic() + 30
        while cdn.request("/a").body == b"one":
            assert time.monotonic() < deadline, "it was not refreshed"
        assert cdn.request("/a").cache == "Hit" and len(origin.seen) == 2


def test_simultaneous_requests_for_one_object_are_one_at_the_origin(tmp_path: Path) -> None:
    script = Script()
    script.gate = threading.Event()
    with site(tmp_path, script) as (cdn, origin, _), ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(cdn.request, "/a") for _ in range(8)]
        deadline = time.monotonic() + 30
        while not origin.seen:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.1)
        script.gate.set()
        results = [answer.result() for answer in answers]
        assert len(origin.seen) == 1
        assert {answer.body for answer in results} == {b"one"}
        assert sorted(answer.cache for answer in results) == ["Hit"] * 7 + ["Miss"]


def test_what_is_not_for_everyone_is_fetched_by_everyone(tmp_path: Path) -> None:
    script = Script()
    script.status, script.headers, script.gate = 403, {}, threading.Event()
    with site(tmp_path, script) as (cdn, origin, _), ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(cdn.request, "/a") for _ in range(4)]
        deadline = time.monotonic() + 30
        while not origin.seen:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        script.gate.set()
        assert {answer.result().status for answer in answers} == {403}
        assert len(origin.seen) == 4


def test_a_body_that_breaks_off_is_not_kept(tmp_path: Path) -> None:
    def broken(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "900000")
        handler.end_headers()
        handler.wfile.write(b"x" * 400_000)
        handler.wfile.flush()
        handler.close_connection = True

    with site(tmp_path, broken) as (cdn, origin, _):
        for _ in range(2):
            with pytest.raises(http.client.IncompleteRead):
                cdn.request("/a")
        assert len(origin.seen) >= 2


def test_ranges_of_a_stored_object_do_not_go_to_the_origin(tmp_path: Path) -> None:
    script = Script()
    script.body = b"0123456789"
    with site(tmp_path, script) as (cdn, origin, _):
        whole = cdn.request("/a", headers={"Range": "bytes=0-3"})
        assert (whole.status, whole.body) == (200, b"0123456789"), "this origin knows no ranges"
        part = cdn.request("/a", headers={"Range": "bytes=2-4"})
        assert (part.status, part.body, part.cache) == (206, b"234", "Hit")
        assert part.headers["Content-Range"] == "bytes 2-4/10"
        assert len(origin.seen) == 1


def test_a_part_is_kept_for_those_who_want_no_more(tmp_path: Path) -> None:
    def parts(handler: Any) -> None:
        assert handler.headers["Range"]
        reply(handler, 206, b"2345", {"Content-Range": "bytes 2-5/10", "Cache-Control": "max-age=60"})

    with site(tmp_path, parts) as (cdn, origin, _):
        assert cdn.request("/a", headers={"Range": "bytes=2-5"}).cache == "Miss"
        inner = cdn.request("/a", headers={"Range": "bytes=3-4"})
        assert (inner.status, inner.body, inner.cache) == (206, b"34", "Hit")
        assert cdn.request("/a", headers={"Range": "bytes=2-5"}).cache == "Hit"
        assert len(origin.seen) == 1


def test_errors_are_kept_for_ten_seconds(tmp_path: Path) -> None:
    script = Script()
    script.status, script.headers = 404, {}
    with site(tmp_path, script) as (cdn, origin, clock):
        assert cdn.request("/a").cache == "Error"
        clock.move(9)
        again = cdn.request("/a")
        assert (again.status, again.cache) == (404, "Error") and len(origin.seen) == 1
        clock.move(2)
        cdn.request("/a")
        assert len(origin.seen) == 2


def test_an_origin_that_cannot_be_reached_is_asked_again_after_ten_seconds(tmp_path: Path) -> None:
    script = Script()
    script.status = None
    with site(tmp_path, script) as (cdn, origin, clock):
        first, second = cdn.request("/a"), cdn.request("/a")
        assert (first.status, second.status) == (502, 502)
        assert first.headers["X-Amz-Cf-Id"].encode() in first.body
        assert second.headers["X-Amz-Cf-Id"].encode() in second.body
        asked = len(origin.seen)
        clock.move(11)
        script.status = 200
        assert cdn.request("/a").status == 200 and len(origin.seen) == asked + 1


def test_head_is_answered_by_what_get_has_stored_and_not_the_other_way_round(tmp_path: Path) -> None:
    with site(tmp_path, Script()) as (cdn, origin, _):
        assert cdn.request("/a", "HEAD").cache == "Miss"
        assert cdn.request("/a", "HEAD").cache == "Hit"
        assert cdn.request("/a").cache == "Miss"
        assert cdn.request("/a", "HEAD").headers["Content-Length"] == "3"
        assert [seen[0] for seen in origin.seen] == ["HEAD", "GET"]


def test_every_location_has_a_cache_of_its_own(tmp_path: Path) -> None:
    with site(tmp_path, Script()) as (cdn, origin, _):
        assert cdn.request("/a").headers["X-Amz-Cf-Pop"] == "FRA56-P2"
        tokyo = {"Edgewise-Location": "NRT57-P2"}
        far = cdn.request("/a", headers=tokyo)
        assert (far.cache, far.headers["X-Amz-Cf-Pop"]) == ("Miss", "NRT57-P2")
        assert cdn.request("/a", headers=tokyo).cache == "Hit"
        assert len(origin.seen) == 2
        nowhere = cdn.request("/a", headers={"Edgewise-Location": "XYZ1"})
        assert (nowhere.cache, nowhere.headers["X-Amz-Cf-Pop"]) == ("Hit", "FRA56-P2")
        assert "no edge location 'XYZ1'" in cdn.traces[-1].detail


def test_a_miss_says_why(tmp_path: Path) -> None:
    script = Script()
    with site(tmp_path, script) as (cdn, _, clock):
        assert "no object is stored under this key" in explained(cdn, cdn.request("/a"))
        assert "stored for 60 s: Cache-Control: max-age=60" in explained(cdn, cdn.request("/a"))
        differs = explained(cdn, cdn.request("/a", headers={"Accept-Encoding": "gzip"}))
        assert "'gzip' here and '' there" in differs
        clock.move(61)
        assert "expired 1 s ago" in explained(cdn, cdn.request("/a"))
        assert "POST" in explained(cdn, cdn.request("/a", "POST", body=b"x"))
        script.headers = {"Set-Cookie": "a=b", "Cache-Control": "max-age=0"}
        assert "max-age=0" in explained(cdn, cdn.request("/b"))
