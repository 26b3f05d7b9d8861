"""The judge: each rule on evidence made by hand, and what it says in one sentence with the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgewise.rollout import Evidence, Release, Rules, RulesError, Step, Verdict, judge, rules_from
from edgewise.rollout.evidence import BLOCK, MINUTE, Block, Counts, Total
from edgewise.rollout.transitions import switched
from rollout.traffic import RELEASE, STARTED, blocks, evidence

RULES = Rules()
GOOD = (190, 1, 10, 0)
BAD = (190, 1, 9, 1)


def judged(found: Evidence, release: Release = RELEASE, rules: Rules = RULES, late: int = 0) -> Verdict:
    """The judgement `late` minutes after the last block."""
    verdict = judge(release, found, rules, found.end + late * MINUTE)
    assert verdict.sentence.count(".") >= 1 and verdict.sentence.endswith("."), verdict.sentence
    assert "\n" not in verdict.sentence
    return verdict


def test_no_data_holds_however_long_it_takes() -> None:
    verdict = judged(evidence(()), late=600)
    assert (verdict.action, verdict.rule) == ("hold", "no-data")
    assert verdict.sentence == "There is no record of a visitor of v2 yet, so nothing changes."


def test_only_the_old_version_has_data() -> None:
    assert judged(evidence(blocks(*[(200, 1, 0, 0)] * 300))).rule == "no-data"


def test_records_that_stop_coming_hold() -> None:
    verdict = judged(evidence(blocks(*[GOOD] * 200)), late=12)
    assert (verdict.action, verdict.rule) == ("hold", "no-data")
    assert verdict.sentence.startswith("The last record of v2 is 12 min old")


def test_a_step_lasts_as_long_as_planned() -> None:
    verdict = judged(evidence(blocks(*[GOOD] * 100)))
    assert (verdict.action, verdict.rule) == ("hold", "schedule")
    assert (
        "v2 failed 0 of 1,000 requests (0.0 %), v1 failed 100 of 19,100 requests (0.5 %)" in verdict.sentence
    )
    assert "the step of 5 % has 14 min more" in verdict.sentence


def test_a_good_step_is_followed_by_the_next() -> None:
    verdict = judged(evidence(blocks(*[GOOD] * 181)))
    assert verdict.action == "promote"
    assert verdict.sentence == (
        "v2 failed 0 of 1,810 requests (0.0 %) and v1 failed 181 of 34,571 requests (0.5 %) in 30 min, "
        "so it goes from 5 % to 25 %."
    )
    slow = judged(evidence(blocks(*[GOOD] * 181)), late=9)
    assert " in 39 min, so it goes" in slow.sentence, "as long as it took, and not as was planned"
    short = replace(RELEASE, steps=(Step(5, 0.25), Step(25, 30)))
    assert " in 70 s, so it goes" in judged(evidence(blocks(*[GOOD] * 7)), short).sentence
    last = replace(RELEASE, step=2, weight=50.0)
    assert judged(evidence(blocks(*[GOOD] * 361)), last).sentence.endswith("from 50 % to everybody new.")


def test_what_was_answered_before_the_step_is_not_enough_for_it() -> None:
    release = replace(RELEASE, step=1, weight=25.0, since=STARTED + 300 * BLOCK)
    quiet = blocks(*[GOOD] * 300, *[(190, 0, 0, 0)] * 170, *[(190, 0, 1, 0)] * 20)
    verdict = judged(evidence(quiet), release)
    assert (verdict.action, verdict.rule) == ("hold", "few")
    assert "v2 has answered 20 times in it and 50 are wanted" in verdict.sentence


def test_a_tenfold_rise_of_errors_goes_back_with_the_numbers() -> None:
    verdict = judged(evidence(blocks(*[GOOD, BAD] * 7)))
    assert (verdict.action, verdict.rule) == ("rollback", "errors")
    assert verdict.sentence.startswith(
        "Since 01:20 UTC v2 failed 7 of 140 requests (5.0 %) where v1 failed 14 of 2,674 requests (0.5 %); "
    )
    assert "at most 1 in " in verdict.sentence and verdict.sentence.endswith(
        " gets this far, so it goes back."
    )
    assert verdict.evidence > 1 / (0.01 * 0.85)


def test_frozen_and_full_go_back_too_and_are_never_promoted() -> None:
    for state in ("frozen", "full", "draining"):
        release = replace(RELEASE, state=state, drain_until=STARTED + 10**12)
        assert judged(evidence(blocks(*[BAD] * 20)), release).action == "rollback"
        assert judged(evidence(blocks(*[GOOD] * 2000)), release).action == "hold"


def test_an_incident_behind_both_versions_moves_nobody() -> None:
    """The share of the new version rises with the incident: added up, it looks ten times worse, and is not."""
    small, large = (950, 1, 50, 0), (500, 26, 500, 26)
    found = evidence(blocks(*[small] * 60, *[large] * 60))
    verdict = judged(found, replace(RELEASE, since=STARTED + 60 * BLOCK))
    assert found.new.errors / found.new.asked > 1.7 * found.old.errors / found.old.asked
    assert verdict.action == "hold" and verdict.evidence < 1


def test_a_version_that_turns_bad_after_a_good_day() -> None:
    """The good day is 8,640 blocks; what goes back is told of the bad time alone."""
    day = blocks(*[GOOD] * 8640)
    found = evidence((*day, *blocks(*[BAD] * 30, first=8640)))
    verdict = judged(found)
    assert (verdict.action, verdict.rule) == ("rollback", "errors")
    assert "v2 failed 30 of 600 requests (5.0 %)" in verdict.sentence


def test_a_difference_that_is_too_small_to_matter() -> None:
    found = evidence(blocks(*[(100_000, 10, 100_000, 60)] * 40))
    verdict = judged(found)
    assert verdict.action == "hold" and verdict.evidence > 1e6
    assert judged(found, rules=replace(RULES, least_difference_percent=0.01)).action == "rollback"


def test_one_visitor_who_reloads_proves_nothing() -> None:
    bad = evidence(blocks(*[BAD] * 7))
    assert judged(bad).action == "rollback"
    assert judged(bad, rules=replace(RULES, least_visitors=8)).action == "hold"
    alone = tuple(replace(each, new=Counts(10, 10, 9, 0, 9)) for each in bad.blocks[1:])
    stuck = evidence((bad.blocks[0], *alone), visitors=40, visitors_with_errors=9)
    assert judged(stuck).action == "hold", "what others met before this is not held against it"


def test_too_many_errors_where_there_is_nothing_to_compare_with() -> None:
    release = replace(RELEASE, state="full", weight=100.0)
    verdict = judged(evidence(blocks(*[(0, 0, 5, 5)] * 4)), release)
    assert (verdict.action, verdict.rule) == ("rollback", "limit")
    assert "v2 failed 20 of 40 requests (50.0 %); more than 10 % is too many" in verdict.sentence


def test_a_small_site_whose_new_version_fails_always() -> None:
    """Five visitors are enough."""
    verdict = judged(evidence(blocks((20, 0, 0, 2), (20, 0, 0, 2), (20, 0, 0, 2))))
    assert verdict.action == "rollback" and "v2 failed 6 of 6 requests (100.0 %)" in verdict.sentence


def test_both_versions_fail_so_that_nothing_helps() -> None:
    verdict = judged(evidence(blocks(*[(130, 70, 7, 4)] * 181)))
    assert (verdict.action, verdict.rule) == ("hold", "both-bad")
    assert "going back would not help" in verdict.sentence


def test_a_slow_version_goes_back() -> None:
    good = evidence(blocks(*[GOOD] * 60), [(1140, 60, 57, 3)] * 10)
    assert judged(good).action == "hold"
    bad = evidence(blocks(*[GOOD] * 60), [(1140, 60, 33, 27)] * 3, p95_ms=900.0)
    verdict = judged(bad)
    assert (verdict.action, verdict.rule) == ("rollback", "slow")
    assert "v2 is too slow: 95 of 100 answers take up to 900 ms" in verdict.sentence
    assert "and 81 of its visitors met the slowest 5 %" in verdict.sentence
    assert judged(bad, rules=replace(RULES, least_visitors=82)).action == "hold"


def test_an_origin_that_answers_nothing_goes_back() -> None:
    """CloudFront answers in its place, so that there is no origin-response to record."""
    well = blocks(*[GOOD] * 10)
    dead = tuple(
        replace(each, new=Counts(asked=5, leaving=2)) for each in blocks(*[(190, 1, 0, 0)] * 6, first=10)
    )
    verdict = judged(evidence((*well, *dead)))
    assert (verdict.action, verdict.rule) == ("rollback", "silent")
    assert (
        "the origin of v2 has answered none of 30 requests (that of v1: 1,146 of 1,146)" in verdict.sentence
    )
    cached = tuple(
        replace(each, old=Counts(asked=190, answered=0), new=Counts(asked=5, leaving=2)) for each in dead
    )
    assert judged(evidence((*well, *cached))).action == "hold", "answers of the cache are none of an origin"


def test_a_few_visitors_who_ask_for_what_the_cache_has_are_no_silence() -> None:
    """Each of them asks once in ten seconds; of the old version's requests the cache answers half."""
    well = blocks(*[GOOD] * 10)
    half = Counts(asked=200, answered=100, good=100, visitors=100)

    def silence(visitors: int, count: int) -> Evidence:
        polls = [
            Block(STARTED + (10 + place) * BLOCK, half, Counts(asked=visitors)) for place in range(count)
        ]
        end = polls.pop()
        return evidence((*well, *polls, replace(end, new=Counts(asked=visitors, leaving=visitors))))

    assert judged(silence(1, 300)).action != "rollback"
    assert judged(silence(3, 300)).action != "rollback"
    assert judged(silence(7, 6)).action == "hold"
    assert judged(silence(7, 7)).rule == "silent", "as many are not all of that kind"
    strict = replace(RULES, least_visitors=8)
    assert judged(silence(7, 7), rules=strict).action == "hold"


def test_nothing_is_promoted_from_nobody() -> None:
    """Sessions on the new version go on well, but somebody has set the share to 0 %."""
    nobody = replace(RELEASE, weight=0.0)
    verdict = judged(evidence(blocks(*[GOOD] * 400)), nobody)
    assert (verdict.action, verdict.rule) == ("hold", "nobody") and "at 0 % it stays" in verdict.sentence
    assert judged(evidence(blocks(*[BAD] * 20)), nobody).action == "rollback"


def test_a_share_by_hand_goes_on_with_the_next_one_above() -> None:
    verdict = judged(evidence(blocks(*[GOOD] * 181)), replace(RELEASE, weight=2.0))
    assert verdict.action == "promote" and verdict.sentence.endswith("from 2 % to 5 %.")


def test_a_step_begins_anew_after_the_kill_switch() -> None:
    """Two good minutes, then an hour without anybody on the new version."""
    back = STARTED + 3600 * 1_000_000
    on = switched(switched(RELEASE, True, STARTED + 120 * 1_000_000, "", ""), False, back, "", "")
    later = evidence((*blocks(*[GOOD] * 12), *blocks(*[GOOD] * 6, first=360)))
    assert (judged(later, on).action, judged(later, on).rule) == ("hold", "schedule")


def test_requests_that_are_due_and_unanswered_go_back_with_the_numbers() -> None:
    """Its app is killed every few seconds; CloudFront answers in its place, so that no status says so."""
    due = blocks(*[(190, 0, 8, 0), (190, 1, 3, 7)] * 5)
    verdict = judged(replace(evidence(blocks(*[GOOD] * 10)), due=due))
    assert (verdict.action, verdict.rule) == ("rollback", "unanswered")
    assert verdict.sentence.startswith(
        "Since 01:20 UTC, of what no cache answers, v2 left 35 of 90 requests unanswered (38.9 %) where "
        "v1 left 5 of 1,905 requests unanswered (0.3 %); "
    )
    strict = replace(RULES, least_visitors=36)
    assert judged(replace(evidence(blocks(*[GOOD] * 10)), due=due), rules=strict).action == "hold"


def test_requests_without_an_answer_are_compared_and_never_too_many_by_themselves() -> None:
    """Records of answers get lost, a third of either version's, and more while the new one is asked more."""
    busy = blocks(*[(100, 50, 10, 5)] * 90, *[(10, 20, 100, 200)] * 91)
    found = replace(evidence(blocks(*[GOOD] * 181)), due=busy)
    assert judged(found).action == "promote"
    full = replace(RELEASE, state="full", weight=100.0)
    alone = replace(evidence(blocks(*[(0, 0, 10, 0)] * 60)), due=blocks(*[(0, 0, 5, 5)] * 60))
    assert judged(alone, full).action == "hold"


def test_too_few_without_an_answer_to_go_back_are_no_reason_to_go_on() -> None:
    due = blocks(*[(190, 0, 8, 0)] * 178, *[(190, 0, 7, 1)] * 3)
    found = replace(evidence(blocks(*[GOOD] * 181)), due=due)
    verdict = judged(found, rules=Rules(0.01))
    assert (verdict.action, verdict.rule) == ("hold", "doubt")
    assert (
        "; of what no cache answers v2 left 3 of 1,448 requests unanswered (0.2 %), v1 left 0"
        in verdict.sentence
    )
    early = judged(replace(evidence(blocks(*[GOOD] * 90)), due=due[-90:]), rules=Rules(0.01))
    assert early.rule == "schedule" and early.sentence.startswith(
        "Too little for going back so far: v2 failed 0"
    )


def test_what_the_cache_may_have_answered_holds_and_says_where_to_look() -> None:
    some = blocks(*[(190, 0, 8, 2)] * 181)
    verdict = judged(replace(evidence(blocks(*[GOOD] * 181)), cacheable=some))
    assert (verdict.action, verdict.rule) == ("hold", "unclear")
    assert (
        "the origin of v2 has answered 1,448 of 1,810, that of v1 34,390 of 34,390, and no record says"
        in verdict.sentence
    )
    assert "see whether v2 was down at times, or lets more be cached" in verdict.sentence


def test_records_that_are_still_coming_in_are_no_answers_that_were_not_given() -> None:
    """The table counts them already."""
    new = evidence(())
    new = replace(new, new=replace(new.new, asked=9, answers=9, last_asked=new.end), old=Total(5, 5, 3))
    assert judged(new).sentence == (
        "Nothing is known so far, as the newest records are still coming in; the step of 5 % has 30 min more."
    )
    old = evidence(blocks(*[(190, 1, 0, 0)] * 3))
    one = replace(old, new=replace(old.new, asked=9, answers=9, last_asked=old.end))
    assert "the records of v2 are still coming in, v1 failed 3 of 573 requests" in judged(one).sentence


def test_draining_ends_when_its_time_is_over() -> None:
    release = replace(RELEASE, state="draining", drain_until=STARTED + 100 * BLOCK)
    assert judged(evidence(blocks(*[GOOD] * 90)), release).action == "hold"
    assert judged(evidence(blocks(*[GOOD] * 110)), release).action == "finish"


@pytest.mark.parametrize("state", ["done", "rolled-back"])
def test_there_is_nothing_to_judge(state: str) -> None:
    assert judged(evidence(blocks(*[BAD] * 99)), replace(RELEASE, state=state)).rule == "nothing"
    assert judged(evidence(blocks(*[BAD] * 99)), replace(RELEASE, off=True)).rule == "nothing"


def test_doubt_is_no_reason_to_go_on() -> None:
    counts = [*[GOOD] * 180, *[(190, 0, 9, 1)] * 3]
    verdict = judged(evidence(blocks(*counts)))
    assert verdict.action == "promote"
    high = judged(evidence(blocks(*[GOOD] * 180)), rules=replace(RULES, most_error_percent=0.1))
    assert high.action == "promote", "no error at all is not too many"
    verdict = judged(evidence(blocks(*[(95, 0, 5, 0)] * 178, *[(95, 0, 4, 1)] * 4)), rules=Rules(0.01))
    assert (verdict.action, verdict.rule) == ("hold", "doubt"), verdict


def test_rules_are_read_strictly() -> None:
    assert rules_from({"least_requests": 10, "latency_factor": 0}) == Rules(
        least_requests=10, latency_factor=0.0
    )
    for wrong in (
        {"least_request": 1},
        {"least_visitors": 0},
        {"fresh_minutes": "1"},
        {"latency_factor": 0.5},
    ):
        with pytest.raises(RulesError):
            rules_from(wrong)
