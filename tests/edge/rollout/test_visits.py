"""Visits through the handler: the version in its header, the reason beside it, and the cookie that keeps it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.doubles import Context, HandClock
from edge.rollout.site import BROWSER, KEY, ORIGINS, RELEASE, Cloud, Site, document, viewer_event
from edgewise.edge import Request, Response
from edgewise.edge.rollout.tokens import Signer, make_session_cookie

Start = Callable[..., Site]
DAY = 86_400
NOW = 1_800_000_000
OTHERS = "_ga=GA1.2.3; csrftoken=x=y; theme=dark"


def test_a_new_visitor_gets_a_version_and_a_cookie_that_keeps_it(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    asked = site.ask()
    assert (asked.version, asked.reason) == ("v2", "weight")
    assert (
        site.output.records[-1].items()
        >= {
            "release": RELEASE,
            "version": "v2",
            "decision": "weight",
        }.items()
    )
    (line,) = site.page(asked)
    name, *attributes = line.split("; ")
    assert name.startswith(f"edgewise-release=1.{RELEASE}.v2.s.")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=Lax", "Secure"]

    cloud.release = document(clock, weight=0, revision=2)
    clock.pass_time(60)
    again = site.ask("/basket", cookie=name, address="198.51.100.7")
    assert (again.version, again.reason) == ("v2", "cookie")
    assert site.ask(address="198.51.100.7").version == "v1"


@pytest.mark.parametrize("weight", [0, 100])
def test_both_sides_are_sticky(site: Site, cloud: Cloud, clock: HandClock, weight: int) -> None:
    cloud.release = document(clock, weight=weight)
    first, cookie = site.visit()
    cloud.release = document(clock, weight=100 - weight, revision=2)
    clock.pass_time(60)
    assert site.ask(cookie=cookie).version == first.version


def test_other_cookies_come_in_any_order_and_stay_as_they_are(site: Site) -> None:
    asked, cookie = site.visit()
    for line, rest in (
        (f"{OTHERS}; {cookie}", OTHERS),
        (f"{cookie}; {OTHERS}", OTHERS),
        (f"_ga=1;{cookie};xedgewise-release=7", "_ga=1;xedgewise-release=7"),
    ):
        again = site.ask(cookie=line)
        assert (again.version, again.reason) == (asked.version, "cookie")
        assert again.header("cookie") == rest
    assert site.ask(cookie=cookie).header("cookie") is None
    assert site.ask(cookie=OTHERS).header("cookie") == OTHERS


def test_of_two_cookies_of_our_name_the_good_one_counts(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = document(clock, weight=0, revision=2)
    clock.pass_time(60)
    assert site.ask(cookie=f"edgewise-release=rubbish; {cookie}").version == "v2"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1.x.v2.s.0.0.0",
        f"1.{RELEASE}.v2.s.zzzzzz.zzzzzz.{'0' * 32}",
        "1." * 300,
        "1.é.v2.s.1.1.ü",
        make_session_cookie(Signer(["a key of somebody else"]), RELEASE, "v2", NOW, NOW),
        make_session_cookie(Signer([KEY]), "another", "v2", NOW - 1, NOW),  # evicted
        make_session_cookie(Signer([KEY]), RELEASE, "v3", NOW, NOW),
        make_session_cookie(Signer([KEY]), RELEASE, "v2", NOW - DAY, NOW - DAY),
    ],
)
def test_a_cookie_that_is_not_good_makes_a_new_visitor(
    site: Site, cloud: Cloud, clock: HandClock, value: str
) -> None:
    cloud.release = document(clock, weight=0, evict={"version": "v2", "before": clock.now()})
    asked = site.ask(cookie=f"edgewise-release={value}")
    assert (asked.version, asked.reason) == ("v1", "weight")
    assert len(site.page(asked)) == 1
    assert site.output.records[-1]["failed_steps"] == 0


def test_the_parallel_requests_of_a_first_page_agree_in_all_regions(start: Start, cloud: Cloud) -> None:
    sites = [start(region=region) for region in ("eu-west-2", "us-east-1", "ap-southeast-2")]
    for number in range(200):
        address = f"198.51.100.{number}"
        versions = {site.ask(f"/{number}.js", address=address).version for site in sites}
        assert len(versions) == 1
    home = "2001:db8:1:2::"
    assert len({sites[0].ask(address=f"{home}{number:x}").version for number in range(1, 100)}) == 1


def test_a_session_lasts_as_long_as_it_is_used(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = document(clock, weight=0, revision=2)
    for _ in range(4):
        clock.pass_time(DAY / 11)
        asked, same = site.visit(cookie=cookie)
        assert (asked.version, same) == ("v2", cookie)
        clock.pass_time(DAY * 0.8)
        asked, renewed = site.visit(cookie=cookie)
        assert (asked.version, asked.reason) == ("v2", "cookie")
        assert renewed not in ("", cookie)
        cookie = renewed
    clock.pass_time(DAY + 1)
    asked, _ = site.visit(cookie=cookie)
    assert (asked.version, asked.reason) == ("v1", "weight")


def test_a_cookie_is_set_on_pages_alone(site: Site) -> None:
    asked = site.ask()
    assert len(site.page(asked, "text/html")) == 1
    for other in ("application/json", "image/png", "text/css", ""):
        assert site.page(asked, other) == []


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        ({"Accept": "text/html,application/xhtml+xml;q=0.9"}, 1),
        ({"Sec-Fetch-Dest": "document"}, 1),
        ({"Accept": "*/*", "Sec-Fetch-Dest": "script"}, 0),
        ({}, 0),
    ],
)
def test_a_page_that_has_not_changed_brings_the_cookie_too(
    site: Site, headers: dict[str, str], lines: int
) -> None:
    assert len(site.page(site.ask(headers=headers), status=304)) == lines


def test_a_session_of_an_app_that_fetches_data_alone_is_renewed(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = document(clock, weight=0, revision=2)
    for _ in range(5):
        clock.pass_time(DAY / 2)
        asked = site.ask("/api", cookie=cookie)
        assert (asked.version, asked.reason) == ("v2", "cookie")
        (line,) = site.page(asked, "application/json")
        cookie = line.partition(";")[0]


def test_no_cookie_is_set_by_the_kill_switch(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, off=True)
    asked = site.ask()
    assert asked.reason == "off"
    assert site.page(asked) == []


def test_a_release_that_starts_moves_nobody_in_the_middle_of_a_session(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = None
    asked, cookie = site.visit()
    assert (asked.version, asked.reason) == ("v1", "no-state")
    clock.pass_time(DAY / 2)
    asked, renewed = site.visit(cookie=cookie)
    assert (asked.reason, renewed == cookie) == ("cookie", False)
    assert site.output.records[-1].get("release", "") == "", "there is none"
    cloud.release = document(clock, weight=100)
    clock.pass_time(DAY * 0.8)
    for _ in range(2):
        asked, renewed = site.visit(cookie=renewed)
        assert (asked.version, asked.reason) == ("v1", "earlier"), "for as long as it lasts"
        assert RELEASE not in renewed
        clock.pass_time(DAY / 2)
        assert len(site.page(site.ask(cookie=renewed), "application/json")) == 1


def test_a_session_stays_in_its_release_though_its_document_is_gone_for_a_while(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = None
    clock.pass_time(DAY / 2)
    asked, renewed = site.visit(cookie=cookie)
    assert (asked.version, asked.reason, renewed == cookie) == ("v2", "cookie", False)
    cloud.release = document(clock, weight=0)
    clock.pass_time(DAY / 2)
    assert (site.ask(cookie=renewed).version, site.ask(cookie=renewed).reason) == ("v2", "cookie")


def test_a_release_that_is_done_brings_everybody_to_the_new_version_for_good(
    start: Start, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=0)
    _, cookie = start().visit()
    cloud.release = document(clock, state="done", weight=100, revision=2)
    asked, moved = start().visit(cookie=cookie)
    assert (asked.version, asked.reason) == ("v2", "done")
    clock.pass_time(60)
    assert start().visit(cookie=moved)[1] == moved
    cloud.failing["release"] = (500, {})
    assert start().ask(cookie=moved).version == "v2", "also where the state cannot be read"
    del cloud.failing["release"]
    cloud.release = document(clock, release="next", stable="v2", new="v3", weight=100, revision=3)
    origins = {"v2": ORIGINS["v2"], "v3": {"domain": "v3.example.com", "protocol": "https-only"}}
    following = start(stable="v2", new="v3", origins=origins)
    assert following.ask().version == "v3"
    assert following.ask(cookie=moved).version == "v2", "the next release moves nobody in the middle"


@pytest.mark.parametrize(
    ("visitor", "reason"),
    [
        ({"agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "excluded"),
        ({"agent": "ELB-HealthChecker/2.0"}, "excluded"),
        ({"agent": "Amazon-Route53-Health-Check-Service (ref 1; report http://amzn.to/1vsZADi)"}, "excluded"),
        ({"agent": "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"}, "excluded"),
        ({"agent": "kube-probe/1.29"}, "excluded"),
        ({"path": "/health"}, "excluded"),
        ({"path": "/health/"}, "weight"),
        ({"agent": BROWSER}, "weight"),
        ({"agent": "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36"}, "weight"),
        ({"agent": "okhttp/4.12.0"}, "weight"),
        ({"agent": "MyHealth/3.1 CFNetwork/1494.0.7 Darwin/23.4.0"}, "weight"),
        ({"agent": None}, "weight"),
    ],
)
def test_who_looks_by_himself_sees_the_stable_version(
    site: Site, cloud: Cloud, clock: HandClock, visitor: dict[str, str], reason: str
) -> None:
    cloud.release = document(clock, weight=100)
    asked = site.ask(**visitor)
    assert (asked.version, asked.reason) == ("v1" if reason == "excluded" else "v2", reason)
    assert len(site.page(asked)) == (reason == "weight")


def test_what_a_visitor_says_of_his_version_counts_for_nothing(site: Site) -> None:
    lies = {"X-App-Version": "v2", "X-Edgewise-Decision": "r;tester;1;cookie", "X-Edgewise-Asked": "1"}
    asked = site.ask(address="198.51.100.1", headers=lies)
    told = site.ask(address="198.51.100.1")
    assert asked.event["headers"] == told.event["headers"]
    assert asked.header("X-Edgewise-Asked") is None


def test_a_change_is_seen_within_its_time_to_live(site: Site, cloud: Cloud, clock: HandClock) -> None:
    assert site.ask(address="198.51.100.1").reason == "weight"
    cloud.release = document(clock, off=True, revision=2)
    clock.pass_time(15)
    assert (site.ask().version, site.ask().reason) == ("v1", "off")
    cloud.release = document(clock, revision=3)
    clock.pass_time(15)
    assert site.ask().reason == "weight"


def test_the_next_release_leaves_a_session_where_it_is(start: Start, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=0)
    _, cookie = start().visit()
    clock.pass_time(60)
    cloud.release = document(clock, release="the-next-one", weight=100)
    asked, same = start().visit(cookie=cookie)
    assert (asked.version, asked.reason, same) == ("v1", "earlier", cookie)


@pytest.mark.parametrize("before", ["rolled-back", "done"])
def test_a_release_that_starts_again_moves_nobody_while_it_becomes_known(
    start: Start, cloud: Cloud, clock: HandClock, before: str
) -> None:
    evict = {"version": "v2", "before": None} if before == "rolled-back" else None
    cloud.release = document(clock, release="before", state=before, weight=0, evict=evict)
    late, soon = start(), start()
    stays = late.ask().version
    clock.pass_time(10)
    versions = {"stable": "v2", "new": "v1"} if before == "done" else {}
    cloud.release = document(clock, weight=100, revision=2, **versions)
    asked, cookie = soon.visit()
    assert (asked.version, asked.reason) != (stays, "weight")
    for site in (late, soon):
        again, same = site.visit(cookie=cookie)
        assert (again.version, again.reason, same) == (asked.version, "cookie", cookie)
    assert late.output.records[-1]["release"] == RELEASE, "which the cookie names"
    assert late.ask().version == stays, "it does not know yet"


def test_sessions_that_a_rollback_has_kept_are_kept_by_the_next_release(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = document(clock, state="rolled-back", weight=0, revision=2)
    clock.pass_time(60)
    cloud.release = document(clock, release="the-next-one", weight=0, revision=3)
    clock.pass_time(60)
    asked, same = site.visit(cookie=cookie)
    assert (asked.version, asked.reason, same) == ("v2", "earlier", cookie)


def test_an_eviction_moves_sessions_and_each_of_them_once(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    clock.pass_time(60)
    evict = {"version": "v2", "before": clock.now()}
    cloud.release = document(clock, state="rolled-back", weight=0, evict=evict, revision=2)
    clock.pass_time(60)
    asked, moved = site.visit(cookie=cookie)
    assert (asked.version, asked.reason) == ("v1", "rolled-back")
    assert site.ask(cookie=moved).reason == "cookie"


def test_the_cookie_follows_the_key(site: Site, cloud: Cloud, clock: HandClock) -> None:
    _, cookie = site.visit()
    for key in (
        f'{{"current": "{KEY}", "next": "the next key of the rollout"}}',
        f'{{"current": "the next key of the rollout", "next": "{KEY}"}}',
    ):
        cloud.key = key
        clock.pass_time(400)
        assert site.ask(cookie=cookie).reason == "cookie"
    clock.pass_time(DAY / 5)
    _, cookie = site.visit(cookie=cookie)
    cloud.key = "the next key of the rollout"
    clock.pass_time(400)
    assert site.ask(cookie=cookie).reason == "cookie"


def test_what_a_step_of_the_authors_sees_and_does(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=100)
    seen = []

    @site.edge.viewer_request
    def look(request: Request) -> Response | None:
        seen.append(request.headers.get("X-App-Version"))
        return request.redirect("/login") if request.path == "/account" else None

    answer = site.edge(viewer_event("/account"), Context())
    assert (answer["status"], seen) == ("302", ["v2"])
    assert site.output.records[-1]["version"] == "v2"


def test_without_a_rollout_nothing_of_it_is_there(clock: HandClock) -> None:
    site = Site(clock, "http://localhost:9")
    site.edge = type(site.edge)({"log": None}, clock=clock, environ={})
    event = viewer_event(headers={"X-App-Version": "v2"}, cookie="edgewise-release=1")
    before = viewer_event(headers={"X-App-Version": "v2"}, cookie="edgewise-release=1")
    assert site.edge(event, Context()) == before["Records"][0]["cf"]["request"]
