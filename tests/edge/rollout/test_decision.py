"""The rules of the decision, without anything around them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import HandClock
from edge.rollout.site import RELEASE, document
from edgewise.edge.errors import LoadError
from edgewise.edge.rollout.decision import REASONS, Visitor, decide, decide_without_release
from edgewise.edge.rollout.release import STATES, Release
from edgewise.edge.rollout.sessions import Session
from edgewise.edge.rollout.tokens import Claim

NOW = 1_800_000_000
SECOND = 1_000_000


def release(**changes: Any) -> Release:
    return Release(document(HandClock(), **{"started": STARTED * SECOND, **changes}))


STARTED = NOW - 500  # of releases here, unless they say otherwise
# What a release begins with, unless the one before has kept its sessions.
BEGUN_ANEW = {"evict": {"version": "v2", "before": STARTED * SECOND}}


def cookie(version: str, *, of: str = RELEASE, issued: int = NOW - 100, verified: bool = True) -> Claim:
    return Claim(of, version, issued, issued, NOW + 1000, verified=verified)


def trying(version: str, *, verified: bool = True) -> Claim:
    return cookie(version, of="", verified=verified)


def visitor(
    claim: Claim | None = None,
    session: Session | None = None,
    excluded: bool = False,
    share: float | None = 50.0,
) -> Visitor:
    return Visitor(claim, lambda: session, lambda: excluded, lambda: share)


def outcome(release: Release, visitor: Visitor) -> tuple[str, str]:
    decision = decide(release, visitor, NOW * SECOND)
    return decision.version, decision.reason


@pytest.mark.parametrize(
    ("changes", "who", "expected"),
    [
        ({}, visitor(share=9.99), ("v2", "weight")),
        ({}, visitor(share=10.0), ("v1", "weight")),
        ({"weight": 0}, visitor(share=0.0), ("v1", "weight")),
        ({"weight": 100}, visitor(share=99.99), ("v2", "weight")),
        ({"state": "frozen"}, visitor(share=1.0), ("v2", "weight")),
        ({}, visitor(share=None), ("v1", "no-key")),
        ({}, visitor(excluded=True, share=0.0), ("v1", "excluded")),
        ({"state": "full", "weight": 100}, visitor(excluded=True), ("v2", "full")),
        ({"state": "full", "weight": 100}, visitor(share=None), ("v2", "full")),
        ({"state": "draining", "weight": 100}, visitor(), ("v2", "full")),
        ({"state": "done", "weight": 100}, visitor(), ("v2", "done")),
        ({"state": "rolled-back", "weight": 0}, visitor(share=0.0), ("v1", "rolled-back")),
        ({"state": "rolled-back", "weight": 0}, visitor(share=None), ("v1", "rolled-back")),
        ({"off": True}, visitor(share=0.0), ("v1", "off")),
        ({"off": True, "state": "done"}, visitor(), ("v1", "off")),
    ],
)
def test_a_new_visitor(changes: dict[str, Any], who: Visitor, expected: tuple[str, str]) -> None:
    assert outcome(release(**changes), who) == expected


@pytest.mark.parametrize("state", ["ramping", "frozen", "full", "rolled-back"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_who_has_a_session_keeps_its_version(state: str, version: str) -> None:
    going_on = release(state=state)
    assert outcome(going_on, visitor(cookie(version), excluded=True)) == (version, "cookie")
    assert outcome(going_on, visitor(cookie(version, verified=False))) == (version, "cookie-unverified")
    session = Session(version, NOW - 100, NOW + 1)
    assert outcome(going_on, visitor(session=session, excluded=True)) == (version, "session-store")


def test_a_session_begins_when_it_began_wherever_it_is_known_from() -> None:
    assert decide(release(), visitor(cookie("v2", issued=NOW - 7)), NOW * SECOND).issued == NOW - 7
    stored = visitor(session=Session("v2", NOW - 9, NOW + 1))
    assert decide(release(), stored, NOW * SECOND).issued == NOW - 9
    assert decide(release(), visitor(), NOW * SECOND).issued == NOW
    assert decide(release(), visitor(excluded=True), NOW * SECOND).issued is None


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        (BEGUN_ANEW, visitor(cookie("v2", of="another", issued=STARTED - 1))),
        (BEGUN_ANEW, visitor(cookie("v2", of="-", issued=STARTED - 1))),
        (BEGUN_ANEW, visitor(session=Session("v2", STARTED - 1, NOW + 1))),
        ({}, visitor(cookie("v3"))),
        ({}, visitor(session=Session("v2", NOW - 100, NOW))),
        ({}, visitor(session=Session("v3", NOW - 100, NOW + 100))),
        ({"evict": {"version": "v2", "before": NOW * SECOND}}, visitor(cookie("v2"))),
        ({"evict": {"version": "v2", "before": NOW * SECOND}}, visitor(cookie("v2", verified=False))),
        (
            {"evict": {"version": "v2", "before": NOW * SECOND}},
            visitor(session=Session("v2", NOW - 1, NOW + 9)),
        ),
    ],
)
def test_a_session_that_is_over_makes_a_new_visitor(changes: dict[str, Any], who: Visitor) -> None:
    assert outcome(release(**changes), who) == ("v1", "weight")


@pytest.mark.parametrize("of", ["another", "-"])
def test_a_session_from_before_the_release_goes_on_unless_it_is_evicted(of: str) -> None:
    for version, weight in (("v1", 100), ("v2", 0)):
        claim = cookie(version, of=of, issued=STARTED - 1)
        assert outcome(release(weight=weight), visitor(claim)) == (version, "earlier")
        unknown = cookie(version, of=of, issued=STARTED - 1, verified=False)
        assert outcome(release(weight=weight), visitor(unknown)) == (version, "cookie-unverified")
    kept = visitor(cookie("v1", of=of, issued=STARTED - 1))
    assert outcome(release(weight=100, **BEGUN_ANEW), kept) == ("v1", "earlier")


def test_who_was_not_sent_by_the_release_is_told_from_those_who_were() -> None:
    late = visitor(cookie("v1", of="-", issued=STARTED + 5))
    assert outcome(release(), late) == ("v1", "earlier"), "begun where the release was not known yet"
    fast = visitor(cookie("v1", issued=STARTED - 5))
    assert outcome(release(), fast) == ("v1", "cookie"), "the clock of who started it was wrong"
    for version in ("v1", "v2"):
        for issued, reason in ((STARTED - 1, "earlier"), (STARTED, "session-store")):
            stored = visitor(session=Session(version, issued, NOW + 1))
            assert outcome(release(), stored) == (version, reason)


@pytest.mark.parametrize("state", STATES)
def test_a_cookie_of_a_release_that_is_not_known_here_yet_keeps_its_version(state: str) -> None:
    everybody = {"version": "v2", "before": None}
    for version in ("v1", "v2"):
        who = visitor(cookie(version, of="the-next-one", issued=STARTED))
        assert outcome(release(state=state, evict=everybody), who) == (version, "cookie")
        assert outcome(release(state=state, off=True), who) == ("v1", "off")
    forged = visitor(cookie("v2", of="whichever", issued=NOW, verified=False))
    assert outcome(release(state=state, evict=everybody), forged)[1] != "cookie-unverified"


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_a_session_that_begins_is_of_the_release(state: str, is_old: bool) -> None:
    decision = decide(release(state=state), visitor(), NOW * SECOND, is_old=is_old)
    assert (decision.release, decision.issued) == (RELEASE, NOW)


def test_an_eviction_is_of_one_version_and_of_sessions_from_before() -> None:
    evicting = release(state="rolled-back", evict={"version": "v2", "before": (NOW - 100) * SECOND})
    assert outcome(evicting, visitor(cookie("v2", issued=NOW - 101))) == ("v1", "rolled-back")
    assert outcome(evicting, visitor(cookie("v2", issued=NOW - 100))) == ("v2", "cookie")
    assert outcome(evicting, visitor(cookie("v1", issued=NOW - 101))) == ("v1", "cookie")


def test_an_eviction_without_an_end_is_of_all_sessions() -> None:
    evicting = release(state="rolled-back", evict={"version": "v2", "before": None})
    assert outcome(evicting, visitor(cookie("v2", issued=NOW + 9000))) == ("v1", "rolled-back")
    assert outcome(evicting, visitor(session=Session("v2", NOW, NOW + 9))) == ("v1", "rolled-back")
    assert outcome(evicting, visitor(cookie("v1", issued=NOW + 9000))) == ("v1", "cookie")


@pytest.mark.parametrize("state", STATES)
def test_from_an_old_state_nobody_begins_on_the_new_version_and_sessions_stay(state: str) -> None:
    def at(who: Visitor, **changes: Any) -> tuple[str, str]:
        decision = decide(release(state=state, **changes), who, NOW * SECOND, is_old=True)
        return decision.version, decision.reason

    others = {"rolled-back": ("v1", "rolled-back"), "done": ("v2", "done")}
    assert at(visitor(share=0.0)) == others.get(state, ("v1", "old-state"))
    if state != "done":
        assert at(visitor(cookie("v2"))) == ("v2", "cookie")
        assert at(visitor(session=Session("v2", NOW - 9, NOW + 9))) == ("v2", "session-store")
    if state == "draining":  # the stable version may be switched off
        assert at(visitor(), drain_until=NOW * SECOND) == ("v2", "full")


def test_while_the_session_is_not_known_no_cookie_binds_to_the_new_version() -> None:
    def unknown() -> Session | None:
        raise LoadError("no answer")

    def begun(weight: float) -> tuple[str, str, int | None]:
        who = Visitor(None, unknown, lambda: False, lambda: 50.0)
        decision = decide(release(weight=weight), who, NOW * SECOND)
        return decision.version, decision.reason, decision.issued

    assert begun(100) == ("v2", "session-unknown", None)
    assert begun(0) == ("v1", "session-unknown", NOW)


def test_sessions_on_the_stable_version_end_with_the_draining() -> None:
    def at(drain_until: int | None) -> tuple[str, str]:
        return outcome(release(state="draining", drain_until=drain_until), visitor(cookie("v1")))

    assert at((NOW + 1) * SECOND) == ("v1", "cookie")
    assert at(None) == ("v1", "cookie")
    assert at(NOW * SECOND) == ("v2", "full")
    ended = release(state="draining", drain_until=NOW * SECOND)
    assert outcome(ended, visitor(cookie("v2"))) == ("v2", "cookie")


def test_only_the_kill_switch_is_over_a_tester() -> None:
    for state in STATES:
        assert outcome(release(state=state), visitor(trying("v2"), excluded=True)) == ("v2", "tester")
    assert outcome(release(off=True), visitor(trying("v2"))) == ("v1", "off")
    assert outcome(release(), visitor(trying("v2", verified=False))) == ("v2", "cookie-unverified")


def test_nothing_that_costs_is_asked_where_it_does_not_matter() -> None:
    def never() -> Any:
        raise AssertionError("asked")

    for changes, claim in (
        ({"off": True}, None),
        ({"state": "done"}, None),
        ({}, cookie("v2")),
        ({}, trying("v2")),
    ):
        decide(release(**changes), Visitor(claim, never, never, never), NOW * SECOND)
    decide(release(state="full"), Visitor(None, lambda: None, never, never), NOW * SECOND)
    decide(release(), Visitor(None, lambda: None, lambda: True, never), NOW * SECOND)


def test_without_a_release_a_cookie_keeps_its_version_and_all_others_get_one() -> None:
    def without(claim: Claim | None) -> tuple[str, str]:
        decision = decide_without_release("v1", claim, NOW * SECOND)
        return decision.version, decision.reason

    assert without(None) == ("v1", "no-state")
    assert without(cookie("v2", of="whichever")) == ("v2", "cookie")
    assert without(cookie("v2", verified=False)) == ("v2", "cookie-unverified")
    assert without(trying("v2")) == ("v2", "tester")


_CLAIMS = st.none() | st.builds(
    cookie,
    st.sampled_from(["v1", "v2", "v3"]),
    of=st.sampled_from([RELEASE, "another", ""]),
    issued=st.integers(NOW - 1000, NOW + 1000),
    verified=st.booleans(),
)
_SESSIONS = st.none() | st.builds(
    Session,
    st.sampled_from(["v1", "v2", "v3"]),
    st.integers(NOW - 1000, NOW + 1000),
    st.integers(NOW - 1000, NOW + 1000),
)


_VISITORS = st.builds(visitor, _CLAIMS, _SESSIONS, st.booleans(), st.none() | st.floats(0, 99.9))


@given(st.sampled_from(STATES), st.floats(0, 100), st.booleans(), _VISITORS)
def test_there_is_always_an_answer_with_a_reason(state: str, weight: float, off: bool, who: Visitor) -> None:
    version, reason = outcome(release(state=state, weight=weight, off=off), who)
    assert reason in REASONS
    chose = who.claim.version if who.claim and reason in ("tester", "cookie") else None
    assert version in ("v1", "v2", chose)
    assert not off or (version, reason) == ("v1", "off")


@given(st.floats(0, 99.9), st.floats(0, 100), st.floats(0, 100))
def test_a_weight_that_is_raised_takes_nobody_back(share: float, weight: float, other: float) -> None:
    low, high = sorted((weight, other))
    before = outcome(release(weight=low), visitor(share=share))[0]
    after = outcome(release(weight=high), visitor(share=share))[0]
    assert (before, after) != ("v2", "v1")
