"""The session store: asked for those without a cookie of ours, once, and within its deadline."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import HandClock
from edge.rollout.site import SESSIONS, TOKEN, Cloud, Site, document, row
from edgewise.edge.rollout.sessions import TTL_SECONDS, read_row

Start = Callable[..., Site]
COOKIE = f"theme=dark; session={TOKEN}"
HOUR = 3600


@pytest.fixture
def site(start: Start) -> Site:
    return start(sessions=SESSIONS)


@pytest.fixture
def stored(cloud: Cloud, clock: HandClock) -> dict[str, Any]:
    """A session of the app on the new version, while no new one would go there."""
    cloud.release = document(clock, weight=0, started=clock.now() - 2 * HOUR * 1_000_000)
    cloud.sessions[TOKEN] = row("v2", clock.seconds - HOUR, clock.seconds + HOUR)
    return cloud.sessions[TOKEN]


@pytest.mark.usefixtures("stored")
def test_a_session_that_the_store_knows_goes_on_and_gets_a_cookie(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    asked, cookie = site.visit(cookie=COOKIE)
    assert (asked.version, asked.reason) == ("v2", "session-store")
    again = site.ask(cookie=f"{COOKIE}; {cookie}")
    assert (again.version, again.reason) == ("v2", "cookie")
    assert cloud.asked.count("session") == 1
    evict = {"version": "v2", "before": clock.now()}
    cloud.release = document(clock, weight=0, revision=2, evict=evict)
    clock.pass_time(60)
    assert site.ask(cookie=cookie).version == "v1"


def test_a_session_from_before_the_release_is_told_as_such_with_and_without_our_cookie(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    cloud.sessions[TOKEN] = row("v1", clock.seconds - HOUR, clock.seconds + HOUR)
    asked, cookie = site.visit(cookie=COOKIE)
    assert (asked.version, asked.reason) == ("v1", "earlier")
    assert cookie.startswith("edgewise-release=1.-.v1.s.")
    again, same = site.visit(cookie=cookie)
    assert (again.version, again.reason, same) == ("v1", "earlier", cookie)


@pytest.mark.usefixtures("stored")
def test_a_session_is_asked_for_once_and_again_when_it_has_grown_old(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    for _ in range(3):
        assert site.ask(cookie=COOKIE).version == "v2"
    assert cloud.asked.count("session") == 1
    clock.pass_time(TTL_SECONDS)
    cloud.sessions[TOKEN]["version"] = {"S": "v1"}
    assert site.ask(cookie=COOKIE).version == "v1"
    assert cloud.asked.count("session") == 2


def test_that_there_is_no_session_is_known_for_a_moment(site: Site, cloud: Cloud, clock: HandClock) -> None:
    cloud.release = document(clock, weight=0)
    assert [site.ask(cookie=COOKIE).reason for _ in range(3)] == ["weight"] * 3
    assert cloud.asked.count("session") == 1
    cloud.sessions[TOKEN] = row("v2", clock.seconds, clock.seconds + HOUR)
    clock.pass_time(10)
    assert site.ask(cookie=COOKIE).reason == "session-store"


def test_a_session_that_has_expired_is_over_though_its_row_is_there(
    site: Site, stored: dict[str, Any], clock: HandClock
) -> None:
    stored["expires"] = {"N": str(int(clock.seconds) + 30)}
    assert site.ask(cookie=COOKIE).version == "v2"
    clock.pass_time(30)
    assert site.ask(cookie=COOKIE).version == "v1"


@pytest.mark.usefixtures("stored")
def test_a_session_that_is_not_known_in_time_is_bound_to_nothing(
    site: Site, cloud: Cloud, clock: HandClock
) -> None:
    cloud.release = document(clock, weight=100)
    cloud.sessions[TOKEN]["version"] = {"S": "v1"}
    cloud.aws.validates = False
    cloud.failing["session"] = 503, {}
    asked, cookie = site.visit(cookie=COOKIE)
    assert (asked.version, asked.reason, cookie) == ("v2", "session-unknown", COOKIE)
    assert site.output.records[0]["decision"] == "session-unknown"
    del cloud.failing["session"]
    clock.pass_time(11)
    assert site.ask(cookie=cookie).version == "v1"


@pytest.mark.parametrize("token", ["short", "x" * 129, "with a space in between", "ü" * 43, "a/b" * 20, ""])
def test_what_cannot_be_a_token_never_reaches_the_store(site: Site, cloud: Cloud, token: str) -> None:
    assert site.ask(cookie=f"session={token}").reason == "weight"
    assert site.ask(cookie="another=1").reason == "weight"
    assert "session" not in cloud.asked


@pytest.mark.usefixtures("stored")
def test_what_opens_a_session_is_not_kept_in_memory_or_told(site: Site, cloud: Cloud) -> None:
    site.ask(cookie=COOKIE)
    memory = site.edge.memory
    assert not any(TOKEN in key for key in memory._entries)
    another = "t" * 43
    cloud.failing["session"] = (400, {"__type": "ValidationException", "message": f"no {another}"})
    site.ask(cookie=f"session={another}")
    assert "ValidationException: no ***" in site.output.records[-1]["failure"]
    assert another not in "".join(site.output.lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": {"N": "2"}},
        {"version": {"S": "v3"}},
        {"issued": {"N": "1e9"}},
        {"expires": {"S": "1800000100"}},
        {"expires": {"N": "9" * 400}},
        {"expires": {}},
    ],
)
def test_a_row_of_rubbish_is_no_session_and_no_error(
    site: Site, stored: dict[str, Any], cloud: Cloud, changes: dict[str, Any]
) -> None:
    cloud.aws.validates = False
    stored.update(changes)
    assert site.ask(cookie=COOKIE).reason == "weight"
    assert site.output.records[-1]["failed_steps"] == 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.binary(max_size=40)
    | st.fixed_dictionaries(
        {"Item": st.fixed_dictionaries({}, optional=dict.fromkeys(("version", "issued", "expires"), _JSON))}
    ).map(lambda answer: json.dumps(answer).encode())
)
def test_no_answer_of_the_store_is_an_error(body: bytes) -> None:
    assert read_row(body) is None
