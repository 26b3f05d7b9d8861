"""What may be done with a release: the table, and what each thing does to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.rollout import STATES, Eviction, Release, Step, StepError, parse
from edgewise.rollout import transitions as may
from rollout.traffic import RELEASE, STARTED, STEPS

NOW = STARTED + 1_000_000
DO = {
    "set": lambda release: may.weighed(release, 30, NOW, "r", "b"),
    "promote": lambda release: may.promoted(release, NOW, "r", "b"),
    "freeze": lambda release: may.frozen(release, NOW, "r", "b"),
    "resume": lambda release: may.resumed(release, NOW, "r", "b"),
    "rollback": lambda release: may.rolled_back(release, NOW, "r", "b"),
    "finish": lambda release: may.finished(release, 60_000_000, NOW, "r", "b"),
    "start": lambda release: may.started(release, ("v2", "v3"), STEPS, NOW, "r", "b"),
}
ALLOWED = {
    "ramping": {"set", "promote", "freeze", "rollback"},
    "frozen": {"set", "resume", "rollback"},
    "full": {"set", "rollback", "finish"},
    "draining": {"rollback", "finish"},
    "done": {"start"},
    "rolled-back": {"rollback", "start"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", DO)
def test_each_state_allows_what_it_should(state: str, action: str) -> None:
    release = replace(RELEASE, state=state, drain_until=STARTED)
    if action in ALLOWED[state]:
        changed = DO[action](release)
        assert parse(changed.to_json()) == changed
    else:
        with pytest.raises(StepError) as refused:
            DO[action](release)
        assert f"is {state}" in refused.value.message and RELEASE.release in refused.value.message


def test_the_same_release_is_begun_again_only_if_it_went_back() -> None:
    again = may.started(replace(RELEASE, state="rolled-back"), ("v1", "v2"), STEPS, NOW, "", "ada")
    assert (again.state, again.weight) == ("ramping", 5) and again.release != RELEASE.release
    with pytest.raises(StepError, match="everybody meets v2 already"):
        may.started(replace(RELEASE, state="done"), ("v1", "v2"), STEPS, NOW, "", "ada")


def test_a_release_goes_on_with_the_sessions_that_the_one_before_has_kept_and_with_no_others() -> None:
    def begun(before: Release | None, *versions: str) -> Eviction | None:
        return begun_after(before, versions[0], versions[1]).evict

    def begun_after(before: Release | None, stable: str = "v1", new: str = "v2") -> Release:
        return may.started(before, (stable, new), STEPS, NOW + 9, "", "ada")

    kept = may.rolled_back(RELEASE, NOW, "", "ada", keep_sessions=True)
    moved = may.rolled_back(RELEASE, NOW, "", "ada")
    assert begun(None, "v1", "v2") is None
    assert begun(kept, "v1", "v2") is None
    assert begun(moved, "v1", "v2") == Eviction("v2", NOW + 9)
    assert begun(kept, "v1", "v3") == Eviction("v3", NOW + 9)
    again = may.rolled_back(begun_after(moved), NOW + 99, "", "ada", keep_sessions=True)
    assert (again.keeps_sessions, again.evict) == (True, Eviction("v2", NOW + 9)), "those of before stay over"
    assert begun(again, "v1", "v2") == Eviction("v2", NOW + 9)
    assert begun(replace(RELEASE, state="done"), "v2", "v1") == Eviction("v1", NOW + 9)


def test_a_release_from_beginning_to_end() -> None:
    release = may.started(None, ("v1", "v2"), STEPS, NOW, "", "ada")
    shares = [release.weight]
    while release.state == "ramping":
        release = may.promoted(release, NOW, "good", "the judge")
        shares.append(release.weight)
    assert shares == [5, 25, 50, 100] and release.state == "full"
    release = may.finished(release, 60_000_000, NOW, "", "ada")
    assert (release.state, release.drain_until) == ("draining", NOW + 60_000_000)
    with pytest.raises(StepError, match="have 20 more seconds\n"):
        may.finished(release, 60_000_000, NOW + 40_000_001, "", "ada")
    assert may.finished(release, 0, NOW + 1, "", "ada").state == "done"
    assert may.finished(release, 60_000_000, NOW + 60_000_000, "", "ada").state == "done"


def test_going_back_moves_sessions_unless_they_are_kept() -> None:
    moved = may.rolled_back(RELEASE, NOW, "bad", "the judge")
    assert (moved.weight, moved.state, moved.reason) == (0, "rolled-back", "bad")
    assert moved.evict is not None and moved.evict.version == "v2"
    assert moved.evict.before >= NOW + 300_000_000, "functions may issue sessions until they know"
    assert moved.reached == RELEASE.weight, "how far it got is not forgotten"
    kept = may.rolled_back(RELEASE, NOW, "bad", "ada", keep_sessions=True)
    assert kept.evict is None
    assert may.rolled_back(kept, NOW + 1, "very bad", "ada").reached == RELEASE.weight
    assert may.rolled_back(kept, NOW + 1, "very bad", "ada").evict == Eviction("v2", NOW + 1 + 300_000_000)
    for again, keep in ((moved, False), (kept, True)):
        with pytest.raises(StepError, match="is rolled-back already"):
            may.rolled_back(again, NOW, "", "ada", keep_sessions=keep)


def test_a_share_by_hand_moves_nobody_unless_asked() -> None:
    lower = may.weighed(replace(RELEASE, weight=50.0, step=2), 10, NOW, "", "ada")
    assert (lower.weight, lower.step, lower.evict) == (10, 0, None)
    assert may.promoted(lower, NOW, "", "j").weight == 25, "the plan goes on with the next share above"
    assert may.weighed(RELEASE, 10, NOW, "", "ada", evict=True).evict == Eviction("v2", NOW)
    assert may.weighed(RELEASE, 100, NOW, "", "ada").state == "full"
    assert may.weighed(replace(RELEASE, state="full"), 20, NOW, "", "ada").state == "ramping"
    with pytest.raises(StepError):
        may.weighed(RELEASE, 101, NOW, "", "ada")


@pytest.mark.parametrize(
    ("share", "lasts", "following"),
    [(0, 30, 5), (4.9, 30, 5), (5, 30, 25), (30, 31, 50), (50, 60, 100), (75, 60, 100)],
)
def test_after_a_share_by_hand_comes_the_first_step_above_it(
    share: float, lasts: float, following: float
) -> None:
    plan = (Step(5, 30), Step(25, 31), Step(50, 60))
    by_hand = may.weighed(replace(RELEASE, steps=plan, weight=90.0, step=2), share, NOW, "", "ada")
    assert (by_hand.weight, by_hand.steps[by_hand.step].minutes) == (share, lasts)
    next_one = may.promoted(by_hand, NOW, "", "j")
    assert next_one.weight == following
    assert next_one.state == "full" or next_one.steps[next_one.step].weight == following


def test_the_share_that_there_is_is_no_change_unless_it_ends_the_plan_or_moves_sessions() -> None:
    for release in (
        RELEASE,
        may.frozen(RELEASE, NOW, "", "ada"),
        replace(RELEASE, state="full", weight=100.0),
    ):
        with pytest.raises(StepError, match="% already"):
            may.weighed(release, release.weight, NOW, "", "ada")
    assert may.weighed(RELEASE, RELEASE.weight, NOW, "", "ada", evict=True).evict == Eviction("v2", NOW)
    last = replace(RELEASE, steps=(Step(100, 30),), weight=100.0)
    assert may.weighed(last, 100, NOW, "", "ada").state == "full"


def test_the_kill_switch_has_a_time_of_its_own_where_the_release_has_ended() -> None:
    back = may.rolled_back(RELEASE, NOW, "bad", "ada", keep_sessions=True)
    off = may.switched(back, True, NOW + 7, "panic", "bo")
    assert (off.since, off.switched, off.keeps_sessions) == (NOW, NOW + 7, True)
    assert parse(off.to_json()) == off


def test_what_is_frozen_stays_frozen_whatever_share_is_set() -> None:
    everybody = may.weighed(may.frozen(RELEASE, NOW, "", "ada"), 100, NOW, "", "ada")
    assert (everybody.state, everybody.weight) == ("frozen", 100)
    assert may.weighed(everybody, 50, NOW, "", "ada").state == "frozen"
    assert may.resumed(everybody, NOW, "", "ada").state == "full"


def test_the_kill_switch_leaves_the_rest_as_it_is_and_begins_the_step_anew() -> None:
    off = may.switched(RELEASE, True, NOW, "now", "ada")
    assert off.off and (off.state, off.weight) == ("ramping", 5)
    with pytest.raises(StepError, match="switched off already"):
        may.switched(off, True, NOW, "", "ada")
    with pytest.raises(StepError, match="not switched off"):
        may.switched(RELEASE, False, NOW, "", "ada")
    on = may.switched(off, False, NOW + 5, RELEASE.reason, RELEASE.by)
    assert on == replace(RELEASE, since=NOW + 5, switched=NOW + 5)


def test_nothing_begins_while_the_kill_switch_is_used() -> None:
    back = may.switched(may.rolled_back(RELEASE, NOW, "bad", "ada"), True, NOW, "to be sure", "ada")
    with pytest.raises(StepError, match="switched off") as told:
        may.started(back, ("v1", "v2"), STEPS, NOW, "", "ada")
    assert "rollout on" in str(told.value.hint)
    may.started(may.switched(back, False, NOW, "", "ada"), ("v1", "v2"), STEPS, NOW, "", "ada")


@pytest.mark.parametrize("shares", [[], [0, 5], [5, 5], [25, 5], [-1], [5, 101], list(range(1, 52))])
def test_plans_that_are_none(shares: list[float]) -> None:
    with pytest.raises(StepError):
        may.started(None, ("v1", "v2"), [Step(share, 1) for share in shares], NOW, "", "ada")


def test_a_plan_that_is_none_is_told_its_step() -> None:
    with pytest.raises(StepError, match="step 3 of the plan has 20 %, which is not above the 25 %"):
        may.check_steps([Step(share, 1) for share in (5, 25, 20, 10)])


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(DO)), max_size=30))
def test_whatever_is_done_in_whatever_order_the_release_stays_one(actions: list[str]) -> None:
    release: Release = RELEASE
    for action in actions:
        try:
            release = DO[action](release)
        except StepError:
            continue
        assert parse(release.to_json()) == release
        assert (release.weight == 0) >= (release.state == "rolled-back")
        assert release.state not in ("full", "draining", "done") or release.weight == 100
