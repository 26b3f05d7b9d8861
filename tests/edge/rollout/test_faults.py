"""What is broken, and what a visitor gets all the same: never an error, never another version without a reason."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.doubles import Context, HandClock
from edge.rollout.site import (
    HURRIED,
    KEY,
    RELEASE,
    SESSIONS,
    TOKEN,
    Cloud,
    Site,
    document,
    row,
    viewer_event,
)
from edge.witness import witnessing
from edgewise.edge.rollout.release import SURE_SECONDS, Release
from edgewise.edge.rollout.state import STALE_SECONDS, State
from edgewise.edge.rollout.tokens import Signer, make_session_cookie

Start = Callable[..., Site]
THROTTLED = (
    400,
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    },
)
DEAD = 503, {"message": "Service Unavailable"}
NOBODY = "http://localhost:9"


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def cookie_of(version: str, clock: HandClock, release: str = RELEASE) -> str:
    seconds = int(clock.seconds)
    return f"edgewise-release={make_session_cookie(Signer([KEY]), release, version, seconds, seconds)}"


def answers(site: Site, clock: HandClock) -> list[tuple[str | None, str]]:
    """What is decided for a new visitor, and for one with a cookie of each version."""
    asked = [site.ask(), *(site.ask(cookie=cookie_of(version, clock)) for version in ("v1", "v2"))]
    return [(one.version, one.reason) for one in asked]


@pytest.mark.parametrize("endpoint", [NOBODY, "silent"])
def test_nothing_of_aws_answers(
    start: Start, clock: HandClock, silent: str, endpoint: str, hurry: Callable[[], None]
) -> None:
    hurry()
    site = start(endpoint=silent if endpoint == "silent" else endpoint, sessions=HURRIED)
    assert answers(site, clock) == [
        ("v1", "no-state"),
        ("v1", "cookie-unverified"),
        ("v2", "cookie-unverified"),
    ]
    for _ in range(3):  # the calls that hang are given up
        clock.pass_time(130)
        site.ask()


@pytest.mark.parametrize("fault", [THROTTLED, DEAD])
def test_the_release_cannot_be_read_at_first(
    start: Start, cloud: Cloud, clock: HandClock, fault: Any
) -> None:
    cloud.aws.validates = False
    cloud.failing["release"] = fault
    site = start()
    assert answers(site, clock) == [("v1", "no-state"), ("v1", "cookie"), ("v2", "cookie")]
    assert str(fault[0]) in site.output.records[0]["failure"]
    del cloud.failing["release"]
    clock.pass_time(2)
    assert [reason for _, reason in answers(site, clock)] == ["weight", "cookie", "cookie"]


def test_the_release_is_missing(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = None
    assert answers(site, clock) == [("v1", "no-state"), ("v1", "cookie"), ("v2", "cookie")]
    assert site.output.records[-1]["failed_steps"] == 0
    cloud.release = document(clock)
    clock.pass_time(15)
    assert answers(site, clock)[0][1] == "weight"


def test_the_parameter_of_the_release_is_missing(start: Start, cloud: Cloud, clock: HandClock) -> None:
    site = start(state={"from": "ssm", "name": "/shop/release"})
    assert site.ask().reason == "weight"
    cloud.release = None
    clock.pass_time(15)
    assert (site.ask().reason, site.output.records[-1]["failed_steps"]) == ("no-state", 0)


@pytest.mark.parametrize("text", ["{", '{"schema": "release/2"}', "[]", "", '{"schema": "release/1"}'])
def test_the_release_is_malformed(start: Start, cloud: Cloud, clock: HandClock, text: str) -> None:
    cloud.release = text
    site = start()
    assert answers(site, clock) == [("v1", "no-state"), ("v1", "cookie"), ("v2", "cookie")]
    assert "ReleaseError" in site.output.records[0]["failure"]


@pytest.mark.parametrize("broken", ["malformed", "throttled"])
def test_the_last_release_that_was_read_serves_for_a_day(
    site: Site, cloud: Cloud, clock: HandClock, broken: str
) -> None:
    cloud.release = document(clock, state="full", weight=100)
    assert site.ask().reason == "full"
    if broken == "malformed":
        cloud.release = "{"
    else:
        cloud.failing["release"] = THROTTLED
    clock.pass_time(299)
    assert (site.ask().version, site.ask().reason) == ("v2", "full")
    cookie = cookie_of("v2", clock)
    for _ in range(3):
        clock.pass_time(STALE_SECONDS / 3 - 120)
        assert (site.ask().version, site.ask().reason) == ("v1", "old-state"), "it may have been rolled back"
        assert (site.ask(cookie=cookie).version, site.ask(cookie=cookie).reason) == ("v2", "cookie")
        _, cookie = site.visit(cookie=cookie)
    clock.pass_time(100)
    assert (site.ask().version, site.ask().reason) == ("v1", "no-state")


def test_an_environment_that_slept_through_a_rollback_begins_nothing_on_the_new_version(
    site: Site, cloud: Cloud, clock: HandClock, hurry: Callable[[], None]
) -> None:
    cloud.release = document(clock, state="full", weight=100)
    site.ask()
    evict = {"version": "v2", "before": clock.now() + SURE_SECONDS * 1_000_000}
    cloud.release = document(clock, state="rolled-back", weight=0, revision=2, evict=evict)
    clock.pass_time(3 * 3600)
    cloud.aws.held.clear()
    hurry()
    asked, cookie = site.visit()
    cloud.aws.held.set()
    assert (asked.version, asked.reason) == ("v1", "old-state")
    assert _eventually(lambda: site.ask().reason, "rolled-back", clock)
    assert (site.ask(cookie=cookie).version, site.ask(cookie=cookie).reason) == ("v1", "cookie")


def test_a_release_that_comes_too_late_for_the_first_visitor_is_told(
    site: Site, cloud: Cloud, clock: HandClock, hurry: Callable[[], None]
) -> None:
    site.edge.rollout._knowledge.read_key()  # type: ignore[union-attr]
    cloud.aws.held.clear()
    hurry()
    asked, cookie = site.visit()
    assert (asked.version, asked.reason) == ("v1", "no-state")
    assert "has not answered yet" in site.output.records[-1]["failure"]
    cloud.aws.held.set()
    cloud.release = document(clock, weight=100)
    assert _eventually(lambda: site.ask().reason, "weight", clock)
    assert site.ask(cookie=cookie).version == "v1", "he keeps what he was given"


def test_a_replica_that_lags_takes_nothing_back(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, state="full", weight=100, revision=8)
    assert site.ask().reason == "full"
    cloud.release = document(clock, revision=7)
    clock.pass_time(15)
    assert site.ask().reason == "full"
    before = document(clock, release="the-one-before", state="rolled-back", revision=6)
    cloud.release = before | {"started": 1}
    clock.pass_time(15)
    assert site.ask().reason == "full"
    cloud.release = document(clock, release="in-a-table-made-anew", revision=1)
    clock.pass_time(15)
    assert site.ask().reason == "weight"


def test_the_release_is_slow(site: Site, cloud: Cloud, clock: HandClock, hurry: Callable[[], None]) -> None:
    cloud.release = document(clock, state="full", weight=100)
    site.ask()
    cloud.aws.held.clear()
    clock.pass_time(15)
    hurry()
    with witnessing() as witness:
        began = time.monotonic()
        for _ in range(10):
            assert site.ask().reason == "full"
        # One waits, for a tenth of a second, and not each of the ten.
        assert (time.monotonic() - began) * 1000 <= 500 + witness.allowance_ms()
    cloud.release = document(clock, off=True, revision=2)
    cloud.aws.held.set()
    assert _eventually(lambda: site.ask().reason, "off", clock)


def test_the_key_cannot_be_read(start: Start, cloud: Cloud, clock: HandClock) -> None:
    cloud.key = None
    cloud.release = document(clock, weight=100)
    site = start()
    assert answers(site, clock) == [
        ("v1", "no-key"),
        ("v1", "cookie-unverified"),
        ("v2", "cookie-unverified"),
    ]
    assert "ParameterNotFound" in site.output.records[0]["failure"]
    asked = site.ask()
    assert site.page(asked) == []
    cloud.release = document(clock, state="full", weight=100, revision=2)
    clock.pass_time(15)
    assert (site.ask().version, site.ask().reason) == ("v2", "full")


def test_a_key_of_no_use_is_told_once(start: Start, cloud: Cloud, clock: HandClock) -> None:
    cloud.key = "short"
    site = start()
    for _ in range(3):
        assert answers(site, clock)[0] == ("v1", "no-key")
    assert site.output.records[0]["failure"].endswith("the key of the rollout has fewer than 16 characters")
    assert site.output.records[-1]["failed_steps"] == 1
    cloud.key = KEY
    clock.pass_time(400)
    assert answers(site, clock)[2] == ("v2", "cookie")
    cloud.key = "short again"
    clock.pass_time(400)
    assert answers(site, clock)[2] == ("v2", "cookie-unverified"), "the one before counts for nothing"


@pytest.mark.parametrize("fault", [THROTTLED, DEAD])
def test_the_session_store_fails(start: Start, cloud: Cloud, clock: HandClock, fault: Any) -> None:
    cloud.aws.validates = False
    cloud.failing["session"] = fault
    cloud.release = document(clock, weight=0)
    cloud.sessions[TOKEN] = row("v2", clock.seconds, clock.seconds + 9999)
    site = start(sessions=SESSIONS)
    for number in range(20):
        asked = site.ask(cookie=f"session={TOKEN[2:]}{number:02d}")
        assert (asked.version, asked.reason) == ("v1", "session-unknown")
        assert site.ask(cookie=f"session={TOKEN}; {cookie_of('v2', clock)}").version == "v2"
    assert cloud.asked.count("session") == 1, "it is left alone for a while"
    assert str(fault[0]) in site.output.records[0]["failure"]
    assert site.output.records[-1]["failed_steps"] == 1
    del cloud.failing["session"]
    clock.pass_time(11)
    assert site.ask(cookie=f"session={TOKEN}").version == "v2"


def test_the_session_store_is_slow(start: Start, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=0)
    site = start(sessions=HURRIED)
    assert site.ask().reason == "weight"
    cloud.sessions[TOKEN] = row("v2", clock.seconds, clock.seconds + 9999)
    cloud.aws.held.clear()
    with witnessing() as witness:
        began = time.monotonic()
        for number in range(20):
            assert site.ask(cookie=f"session={TOKEN[2:]}{number:02d}").reason == "session-unknown"
        # One waits for the deadline, and not each of the twenty.
        assert (time.monotonic() - began) * 1000 <= 10 * HURRIED["deadline_ms"] + witness.allowance_ms()
    cloud.aws.held.set()
    assert _eventually(lambda: site.ask(cookie=f"session={TOKEN}").version, "v2", clock)


def test_the_session_store_is_of_another_region_or_has_no_such_table(
    start: Start, cloud: Cloud, clock: HandClock
) -> None:
    missing = {"__type": "ResourceNotFoundException", "message": "Requested resource not found"}
    cloud.failing["session"] = 400, missing
    site = start(region="me-central-1", sessions=SESSIONS)
    assert site.ask(cookie=f"session={TOKEN}").reason == "session-unknown"
    assert "ResourceNotFoundException" in site.output.records[0]["failure"]


@pytest.mark.parametrize(
    ("region", "asked"),
    [("eu-west-2", {"eu-west-1"}), ("us-east-1", {"us-east-1"}), ("xx-new-1", {"us-east-1"})],
)
def test_every_region_has_its_replica(start: Start, cloud: Cloud, region: str, asked: set[str]) -> None:
    site = start(region=region, sessions=SESSIONS)
    assert site.ask(cookie=f"session={TOKEN}").reason == "weight"
    assert cloud.aws.regions == {*asked, "us-east-1"}, "the key is at home"


@pytest.mark.parametrize("seconds", [-1800, -200, 200, 1800])
def test_two_environments_whose_clocks_differ(
    start: Start, cloud: Cloud, clock: HandClock, seconds: float
) -> None:
    site = start()
    cloud.release = document(clock, weight=100)
    _, cookie = site.visit()
    cloud.release = document(clock, weight=0, revision=2)
    clock.pass_time(60)
    site.ask()
    clock.pass_time(seconds)
    asked, renewed = site.visit(cookie=cookie)
    assert (asked.version, asked.reason) == ("v2", "cookie")
    assert (renewed != cookie) == (seconds == -1800), "a time to come is corrected"


def test_a_release_of_two_other_versions(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, release="before", stable="v0", new="v1", state="done")
    assert answers(site, clock) == [("v1", "no-state"), ("v1", "cookie"), ("v2", "cookie")]
    cloud.release = document(clock, release="next", stable="v2", new="v3", revision=2, off=True)
    clock.pass_time(15)
    assert answers(site, clock) == [("v2", "done")] * 3, "the old version may be gone, whatever is off"
    clock.pass_time(15)
    began = clock.now() + 1_000_000  # the cookies are from before
    cloud.release = document(
        clock,
        release="back",
        stable="v2",
        new="v1",
        weight=0,
        revision=3,
        started=began,
        evict={"version": "v1", "before": began},
    )
    assert answers(site, clock) == [("v2", "weight"), ("v2", "weight"), ("v2", "earlier")]


class Broken(State):
    """Fails in a way that nobody has thought of."""

    def __init__(self) -> None:
        pass

    def get(self) -> Release | None:
        raise ZeroDivisionError

    def close(self) -> None:
        pass


def test_a_fault_of_our_own(start: Start, clock: HandClock) -> None:
    site = start()
    assert site.edge.rollout is not None
    site.edge.rollout._knowledge._state = Broken()
    assert answers(site, clock) == [("v1", "fault"), ("v1", "fault"), ("v2", "fault")]
    record = site.output.records[-1]
    assert (record["version"], record["decision"]) == ("v2", "fault")
    assert record["failure"].startswith("rollout: ZeroDivisionError at test_faults.py:")


@pytest.mark.parametrize("broken", [{"headers": {"cookie": [{}]}}, {"headers": {"user-agent": "x"}}])
def test_an_event_of_another_shape(site: Site, broken: dict[str, Any]) -> None:
    event = viewer_event()
    event["Records"][0]["cf"]["request"].update(broken)
    answer = site.edge(event, Context())
    assert answer["headers"]["x-app-version"][0]["value"] == "v1"
    assert site.output.records[-1]["decision"] in ("fault", "weight")


def _eventually(get: Callable[[], object], expected: object, clock: HandClock) -> bool:
    for _ in range(200):
        if get() == expected:
            return True
        time.sleep(0.05)
        clock.pass_time(1)
    return False
