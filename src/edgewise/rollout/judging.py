"""The judge: a release, what is known of its two versions, the rules and the time; out comes what to do, and why.

Nothing is asked for or changed here. The rules that roll back share the false alarms that a site allows: each has
a part of them, and each is a test that may be looked at as often as one likes (`sequential.py`). Without data: hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import log
from typing import Final

from edgewise.rollout import sentences
from edgewise.rollout.evidence import (
    BEGINNING,
    BLOCK,
    MINUTE,
    Block,
    Counts,
    Evidence,
    Minute,
    summed,
)
from edgewise.rollout.release import Release
from edgewise.rollout.rules import Rules
from edgewise.rollout.sequential import Mixture, comparison, limit

# How the tests share the false alarms that a site allows. That an origin is silent by chance hardly counts (see below).
SHARES: Final = {"errors": 0.8, "unanswered": 0.05, "limit": 0.05, "slow": 0.1}
# What is said of a version that is worse than the old one by comparison.
_COMPARED: Final = {"errors": sentences.more_errors, "unanswered": sentences.unanswered}
# Evidence from which on nothing is promoted: not enough to go back, too much to go on.
_DOUBTFUL: Final = 20.0
# Least of what must be known before a version is called silent, and how unlikely that must be for one that answers.
_LEAST_ASKED: Final = 20
_SILENT_BY_CHANCE: Final = 1e-6
# A visitor's requests are alike, as for a file that the cache has: so many of them tell anything at most.
_MOST_OF_ONE: Final = 7


@dataclass(frozen=True, slots=True)
class Verdict:
    """`action` is hold, promote, finish or rollback; `rule` says by which rule, `sentence` why, with the numbers.

    `evidence` is against the new version: a version that is no worse gets there once in so many releases at most.
    """

    action: str
    rule: str
    sentence: str
    evidence: float = 0.0


def judge(release: Release, evidence: Evidence, rules: Rules, now: int) -> Verdict:
    """What to do with the release now (microseconds)."""
    if release.off or release.state in ("done", "rolled-back"):
        return Verdict("hold", "nothing", sentences.nothing_to_judge(release))
    due = replace(evidence, blocks=evidence.due)
    errors, unanswered = _comparison(release, evidence), _comparison(release, due)
    bad = (
        _worse(release, evidence, rules, "errors", errors)
        or _worse(release, due, rules, "unanswered", unanswered)
        or _limit(release, evidence, rules)
        or _slow(release, evidence, rules)
        or _silent(release, evidence, rules)
    )
    return bad or _schedule(release, evidence, rules, max(errors, unanswered), now)


def _schedule(release: Release, evidence: Evidence, rules: Rules, found: float, now: int) -> Verdict:
    """What to do with a release that nothing is wrong with, as far as `found` says."""
    if release.state == "draining":
        action = "finish" if now >= (release.drain_until or 0) else "hold"
        return Verdict(action, "draining", sentences.draining(release, now))
    if release.state == "ramping" and not release.weight:
        return Verdict("hold", "nobody", sentences.nobody(release), found)
    missing = _missing(release, evidence, rules, now)
    if missing is not None:
        return missing
    if release.state != "ramping":
        return Verdict("hold", release.state, sentences.waiting(release, evidence, found), found)
    left = release.since + round(release.steps[release.step].minutes * MINUTE) - now
    if left > 0:
        return Verdict("hold", "schedule", sentences.step_goes_on(release, evidence, found, left), found)
    if found >= _DOUBTFUL:
        return Verdict("hold", "doubt", sentences.doubt(release, evidence, found), found)
    unclear = _comparison(release, replace(evidence, blocks=evidence.cacheable))
    if unclear >= _DOUBTFUL:
        return Verdict("hold", "unclear", sentences.unclear(release, evidence), unclear)
    return _enough(release, evidence, rules, found, now)


def _missing(release: Release, evidence: Evidence, rules: Rules, now: int) -> Verdict | None:
    """Without records nothing is known, and nothing changes."""
    last = evidence.new.last_asked
    if not last:
        return Verdict("hold", "no-data", sentences.no_data(release))
    if now - last > rules.fresh_minutes * MINUTE:
        return Verdict("hold", "no-data", sentences.old_data(release, now - last))
    return None


def _enough(release: Release, evidence: Evidence, rules: Rules, found: float, now: int) -> Verdict:
    """A step is over when each version has answered often enough in it, and the new one not too badly."""
    step = summed(each for each in evidence.blocks if each.at >= release.since)
    wanted = [(release.new, step[1].tried)]
    if release.weight < 100:
        wanted.append((release.stable, step[0].tried))
    for version, count in wanted:
        if count < rules.least_requests:
            return Verdict("hold", "few", sentences.too_few(release, version, count, rules), found)
    old, new = step
    if new.rate * 100 > rules.most_error_percent:
        if new.rate < 2 * old.rate:
            return Verdict("hold", "both-bad", sentences.both_bad(release, step), found)
        return Verdict("hold", "doubt", sentences.doubt(release, evidence, found), found)
    return Verdict("promote", "schedule", sentences.next_step(release, step, now), found)


def _comparison(release: Release, evidence: Evidence) -> float:
    """The evidence that visitors of the new version fail more often than the old one's at the same time."""

    def factors(block: Block) -> list[float]:
        old, new = block.old, block.new
        return comparison(new.failed, new.visitors, old.failed, old.visitors)

    return _mixture(release, evidence, ((each.at, factors(each)) for each in evidence.blocks))


def _worse(release: Release, evidence: Evidence, rules: Rules, rule: str, found: float) -> Verdict | None:
    """The new version fails more often than the old one at the same time.

    So it is with requests that were due and have no answer: their records get lost too, but those of both versions
    alike, since the same functions make them. No share of these is too many by itself.
    """
    if found < 1 / _alarms(rules, rule):
        return None
    span, (old, new) = _telling(release, evidence, _difference)
    if (new.rate - old.rate) * 100 < rules.least_difference_percent or not _material(new, rules):
        return None
    return Verdict("rollback", rule, _COMPARED[rule](release, (old, new), span, found), found)


def _limit(release: Release, evidence: Evidence, rules: Rules) -> Verdict | None:
    """More errors than any version may have, while the old one has fewer than half as many."""
    share = rules.most_error_percent / 100
    found = _mixture(
        release,
        evidence,
        ((each.at, limit(each.new.failed, each.new.tried, share)) for each in evidence.blocks),
    )
    if found < 1 / _alarms(rules, "limit"):
        return None
    span, (old, new) = _telling(release, evidence, lambda old, new: new.failed - share * new.tried)
    if new.rate < 2 * old.rate or not _material(new, rules):
        return None
    return Verdict("rollback", "limit", sentences.too_many_errors(release, (old, new), span, rules), found)


def _material(new: Counts, rules: Rules) -> bool:
    """Enough visitors with an error: one who reloads a broken page proves little."""
    return new.failed >= rules.least_visitors


def _slow(release: Release, evidence: Evidence, rules: Rules) -> Verdict | None:
    """Answers take longer than the old version's, by more than the factor."""
    minutes = evidence.minutes

    def factors(minute: Minute) -> list[float]:
        return comparison(minute.slow_new, minute.timed_new, minute.slow_old, minute.timed_old)

    found = _mixture(release, evidence, ((each.at, factors(each)) for each in minutes))
    if found < 1 / _alarms(rules, "slow"):
        return None
    slow = sum(each.slow_new for each in minutes)
    if slow < rules.least_visitors:
        return None
    return Verdict("rollback", "slow", sentences.too_slow(release, evidence, rules, slow), found)


def _silent(release: Release, evidence: Evidence, rules: Rules) -> Verdict | None:
    """The new origin answers nothing at all: CloudFront then answers in its place, and no origin-response is recorded.

    Answers of the cache make none either, so the old version's share of answers, or the new one's before, says how
    many there should be; half of it is enough.
    """
    silence = _trailing(evidence.blocks)
    (old, new), before = summed(silence), summed(evidence.blocks[: len(evidence.blocks) - len(silence)])[1]
    known = old if old.asked >= _LEAST_ASKED else before
    if new.asked < _LEAST_ASKED or new.leaving < rules.least_visitors or not known.asked:
        return None
    answered = min(1.0, known.answered / known.asked) / 2
    if (1 - answered) ** min(new.asked, _MOST_OF_ONE * new.leaving) > _SILENT_BY_CHANCE:
        return None
    sentence = sentences.silent(release, (old, new), (silence[0].at, evidence.end))
    return Verdict("rollback", "silent", sentence, 1 / _SILENT_BY_CHANCE)


def _trailing(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The last blocks, in which the new version's origin answered nothing."""
    place = len(blocks)
    while place and not blocks[place - 1].new.answered:
        place -= 1
    return blocks[place:]


def _alarms(rules: Rules, rule: str) -> float:
    return rules.false_rollback_percent / 100 * SHARES[rule]


def _mixture(release: Release, evidence: Evidence, factors: Iterable[tuple[int, list[float]]]) -> float:
    """The evidence of a test whose factors come with their times, in order."""
    began = release.started // BLOCK * BLOCK
    mixture = Mixture((evidence.start - began) // BEGINNING)
    for at, each in factors:
        mixture.reach((at - began) // BEGINNING)
        mixture.multiply(each)
    return mixture.value


def _difference(old: Counts, new: Counts) -> float:
    """How much better two rates describe what happened than one does (logarithm of the likelihoods' ratio)."""
    if new.rate <= old.rate:
        return 0.0
    whole = old + new
    return _fit(old, old.rate) + _fit(new, new.rate) - _fit(whole, whole.rate)


def _fit(counts: Counts, rate: float) -> float:
    good = counts.good * log(1 - rate) if rate < 1 else 0.0
    return good + (counts.failed * log(rate) if rate else 0.0)


def _telling(
    release: Release, evidence: Evidence, score: Callable[[Counts, Counts], float]
) -> tuple[tuple[int, int], tuple[Counts, Counts]]:
    """From when until when, and with which counts, things look worst: the last 10 minutes, 20, 40, …, or all of it."""
    since, worst, span = evidence.start, summed(evidence.blocks), BEGINNING
    while evidence.end - span > evidence.start:
        recent = summed(each for each in evidence.blocks if each.at >= evidence.end - span)
        if score(*recent) > score(*worst):
            since, worst = evidence.end - span, recent
        span *= 2
    return (max(since, release.started), evidence.end), worst
