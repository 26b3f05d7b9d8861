"""How often the judge is wrong, and how soon it is right, over simulated releases.

    .venv/bin/python -m benchmarks.judge [--releases 200]

The judge's own code decides over blocks of ten seconds. A release without a fault goes through three steps in two
hours, and is looked at after every block. A bad one is as bad as is said from its first request on, or after a good
hour; what counts is how many requests its visitors had made when it was rolled back. Each request is another visitor's,
but for those who are stuck: they fail every ten seconds on either version. The floor is a test that knows
both rates beforehand, which no judge can: none decides sooner with as few false alarms (Wald's sequential test).
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgewise.rollout import Evidence, Release, Rules, Step, Verdict, judge
from edgewise.rollout.evidence import BEGINNING, BLOCK, Block, Counts, Total
from edgewise.rollout.judging import SHARES
from edgewise.rollout.sequential import Mixture, comparison, limit

STARTED = 1_795_224_000_000_000
PLAN = ((5.0, 180), (25.0, 180), (50.0, 360))  # per cent, blocks
MOST = 3000  # requests to the new version, after which a bad one counts as not found


@dataclass
class Site:
    """Requests in a block, and the shares that fail: of the old version, and of the new one before and after `turn`."""

    requests: int
    old: float
    good: float
    bad: float
    turn: int = 0
    share: float = 5.0
    surge: float = 1.0  # an incident behind both versions, in the last third: as many times the errors
    stuck: int = 0  # visitors who fail every ten seconds, whatever the version
    lost: float = 0.0  # the share of answers whose record is lost, of either version: they look unanswered
    dead: float = 0.0  # the share of its requests that the new version leaves unanswered


def drawn(rng: random.Random, count: int, chance: float) -> int:
    """How many of `count` happen: from one to the next, since few do."""
    if chance <= 0:
        return 0
    found, place = 0, int(math.log(1 - rng.random()) / math.log(1 - chance))
    while place < count:
        found, place = found + 1, place + 1 + int(math.log(1 - rng.random()) / math.log(1 - chance))
    return found


def block(rng: random.Random, site: Site, place: int, share: float, surge: float = 1.0) -> Block:
    asked = round(site.requests * share / 100)
    counts = []
    for many, chance in (
        (site.requests - asked, site.old),
        (asked, site.bad if place >= site.turn else site.good),
    ):
        failed = drawn(rng, many, chance * surge)
        counts.append(Counts(many, many, many - failed, failed, many, many))
    return Block(STARTED + place * BLOCK, counts[0], counts[1])


def due(rng: random.Random, site: Site, each: Block) -> Block:
    """The same visitors once more, as those who were left without an answer are counted."""
    sides = []
    for counts, unanswered in ((each.old, 0.0), (each.new, site.dead)):
        missed = drawn(rng, counts.asked, site.lost + unanswered)
        sides.append(Counts(good=counts.asked - missed, failed=missed, visitors=counts.asked))
    return Block(each.at, sides[0], sides[1])


class Stuck:
    """Visitors who come in the first two thirds, get a version by the share of that time, and then fail in every block.

    They are counted as `blocks.sql` does, at their first failure; or `again` and again, as one might.
    """

    def __init__(self, rng: random.Random, count: int, blocks: int, again: bool = False) -> None:
        self._rng, self._again = rng, again
        self._comes = sorted(rng.randrange(1 + blocks * 2 // 3) for _ in range(count))
        self._failing = [0, 0]

    def join(self, each: Block, place: int, share: float) -> Block:
        """The block with those who fail in it."""
        if not self._again:
            self._failing = [0, 0]
        while self._comes and self._comes[0] <= place:
            self._comes.pop(0)
            self._failing[self._rng.random() * 100 < share] += 1
        old, new = (Counts(many, many, 0, many, many, many) for many in self._failing)
        return Block(each.at, each.old + old, each.new + new)


class Watch:
    """Looks after every block. The judge itself is asked when the evidence of one of its tests has come far enough:
    before that it cannot roll back for errors, and going through the same blocks again and again takes too long."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._blocks: list[Block] = []
        self._due: list[Block] = []
        self._tests = Mixture(), Mixture(), Mixture()
        alarms = rules.false_rollback_percent / 100
        self._needed = tuple(1 / (alarms * SHARES[rule]) for rule in ("errors", "limit", "unanswered"))

    def look(self, each: Block, asked: Block, weight: float) -> Verdict | None:
        """The verdict that rolls back, or None; `asked` is the block of requests that were due."""
        self._blocks.append(each)
        self._due.append(asked)
        old, new = each.old, each.new
        factors = (
            comparison(new.failed, new.visitors, old.failed, old.visitors),
            limit(new.failed, new.tried, self._rules.most_error_percent / 100),
            comparison(asked.new.failed, asked.new.visitors, asked.old.failed, asked.old.visitors),
        )
        for test, factor in zip(self._tests, factors, strict=True):
            test.reach((each.at - STARTED) // BEGINNING)
            test.multiply(factor)
        if all(test.value < needed for test, needed in zip(self._tests, self._needed, strict=True)):
            return None
        verdict = judge(*_case(self._blocks, self._due, weight), self._rules, each.at + BLOCK)
        return verdict if verdict.action == "rollback" else None


def _case(blocks: list[Block], due: list[Block], weight: float) -> tuple[Release, Evidence]:
    steps = tuple(Step(share, count / 6) for share, count in PLAN)
    release = Release("r", "v1", "v2", "ramping", weight, steps, 0, STARTED, STARTED)
    end = blocks[-1].at + BLOCK
    return release, Evidence(STARTED, end, tuple(blocks), (), Total(), Total(last_asked=end), due=tuple(due))


def false_rollbacks(site: Site, rules: Rules, releases: int, again: bool = False) -> float:
    """The share of releases without a fault that went back, in per cent."""
    rng, wrong = random.Random(1), 0
    plan = [*_planned(site)]
    for _ in range(releases):
        watch, stuck = Watch(rules), Stuck(rng, site.stuck, len(plan), again)
        for place, share, surge in plan:
            each = block(rng, site, place, share, surge)
            if watch.look(stuck.join(each, place, share), due(rng, site, each), share):
                wrong += 1
                break
    return 100 * wrong / releases


def _planned(site: Site) -> Iterator[tuple[int, float, float]]:
    shares = [share for share, count in PLAN for _ in range(count)]
    for place, share in enumerate(shares):
        yield place, share, site.surge if place > len(shares) * 2 // 3 else 1.0


def found_after(site: Site, rules: Rules, releases: int) -> list[int]:
    """For each bad release, how many requests its visitors had made since it was bad; `MOST` if it was not found."""
    rng, found = random.Random(2), []
    for _ in range(releases):
        watch, asked, place = Watch(rules), 0, 0
        while asked < MOST:
            each = block(rng, site, place, site.share)
            asked += each.new.asked if place >= site.turn else 0
            if watch.look(each, due(rng, site, each), site.share) and place >= site.turn:
                break
            place += 1
        found.append(asked)
    return found


def slow_after(times: float, share: float, requests: int, releases: int, minutes: int) -> list[int]:
    """For each release whose answers take so many times as long, after how many minutes it was found too slow.

    Times are log-normal, with a long tail; `requests` are of a minute, a `share` of them to the new version.
    """
    rng, found, rules = random.Random(4), [], Rules()
    needed = 1 / (rules.false_rollback_percent / 100 * SHARES["slow"])
    for _ in range(releases):
        test, passed = Mixture(), 0
        while passed < minutes and test.value < needed:
            new = [
                rng.lognormvariate(4, 1) * times / rules.latency_factor
                for _ in range(round(requests * share))
            ]
            old = [rng.lognormvariate(4, 1) for _ in range(requests - len(new))]
            bound = sorted(new + old)[-(requests // 20)]
            test.reach(passed // 10)
            slow_new, slow_old = (sum(each >= bound for each in side) for side in (new, old))
            test.multiply(comparison(slow_new, len(new), slow_old, len(old)))
            passed += 1
        found.append(passed if test.value >= needed else minutes)
    return found


def floor(old: float, bad: float, alarms: float, releases: int) -> list[int]:
    """Wald's test of one rate against the other, request by request."""
    rng, found = random.Random(3), []
    for_failed, for_good, needed = math.log(bad / old), math.log((1 - bad) / (1 - old)), -math.log(alarms)
    for _ in range(releases):
        evidence, asked = 0.0, 0
        while evidence < needed and asked < MOST:
            evidence += for_failed if rng.random() < bad else for_good
            asked += 1
        found.append(asked)
    return found


NO_WORSE = (
    ("0.5 % errors, 2 requests/s", Site(20, 0.005, 0.005, 0.005), 1.0),
    ("0.5 % errors, 20 requests/s", Site(200, 0.005, 0.005, 0.005), 1.0),
    ("2 % errors, 20 requests/s", Site(200, 0.02, 0.02, 0.02), 1.0),
    ("0.5 %, and 5 % for both in the last third", Site(200, 0.005, 0.005, 0.005, surge=10.0), 1.0),
    ("0.5 %, if 3 % of rollbacks may be false", Site(200, 0.005, 0.005, 0.005), 3.0),
    ("0.5 %, and 2 % of answers lose their record", Site(200, 0.005, 0.005, 0.005, lost=0.02), 1.0),
    ("0.5 %, and 30 % of them do", Site(200, 0.005, 0.005, 0.005, lost=0.3), 1.0),
    ("0.5 %, and 1 visitor who fails all the time", Site(200, 0.005, 0.005, 0.005, stuck=1), 1.0),
    ("0.5 %, and 5 of them", Site(200, 0.005, 0.005, 0.005, stuck=5), 1.0),
    ("0.5 %, and 20 of them", Site(200, 0.005, 0.005, 0.005, stuck=20), 1.0),
)
BAD = (
    ("0.5 % to 5 %, share 5 %", Site(200, 0.005, 0.005, 0.05), 1.0),
    ("0.5 % to 5 %, share 10 %", Site(100, 0.005, 0.005, 0.05, share=10.0), 1.0),
    ("0.5 % to 5 %, share 25 %", Site(40, 0.005, 0.005, 0.05, share=25.0), 1.0),
    ("0.5 % to 5 %, share 50 %", Site(20, 0.005, 0.005, 0.05, share=50.0), 1.0),
    ("the same, share 5 %, after a good hour", Site(200, 0.005, 0.005, 0.05, turn=360), 1.0),
    ("the same, share 5 %, 3 % may be false", Site(200, 0.005, 0.005, 0.05), 3.0),
    ("0.5 % to 2 %, share 5 %", Site(200, 0.005, 0.005, 0.02), 1.0),
    ("0.5 % to 50 %, share 5 %", Site(200, 0.005, 0.005, 0.5), 1.0),
    ("70 % unanswered, share 5 %", Site(200, 0.005, 0.005, 0.005, dead=0.7), 1.0),
    ("50 % unanswered, and 30 % of records lost", Site(200, 0.005, 0.005, 0.005, lost=0.3, dead=0.5), 1.0),
)


SLOW = (("as fast", 1.0), ("1.5 times as long, which is allowed", 1.5), ("2.5 times", 2.5), ("4 times", 4.0))
MINUTES = 60


def run(releases: int = 200) -> list[dict[str, Any]]:
    """Print three tables; returns their rows."""
    rows: list[dict[str, Any]] = []
    print(f"  releases that are no worse ({releases} each)                false rollbacks")
    for name, site, percent in NO_WORSE:
        wrong = false_rollbacks(site, Rules(false_rollback_percent=percent), releases)
        print(f"    {name:<50} {wrong:>8.2f} %")
        rows.append({"site": name, "false_rollback_percent": wrong})
    wrong = false_rollbacks(NO_WORSE[-1][1], Rules(), max(20, releases // 4), again=True)
    print(f"    {'the same 20, if each failure counted':<50} {wrong:>8.2f} %")
    rows.append({"site": "each failure counted", "false_rollback_percent": wrong})
    print(f"\n  bad releases ({releases} each), in requests to the new one    median     p95  within 200")
    for name, site, percent in BAD:
        found = found_after(site, Rules(false_rollback_percent=percent), releases)
        rows.append({"site": name, **_told(name, found)})
    rows.append(
        {"site": "floor", **_told("floor: both rates known before", floor(0.005, 0.05, 0.01, releases))}
    )
    few = max(20, releases // 4)
    print(f"\n  answers that take longer ({few} each; 300 a minute, share 10 %)   too slow    median minutes")
    for name, times in SLOW:
        passed = slow_after(times, 0.1, 300, few, MINUTES)
        back = 100 * sum(each < MINUTES for each in passed) / few
        print(f"    {name:<50} {back:>14.1f} % {statistics.median(passed):>14.0f}")
        rows.append({"site": name, "slow_percent": back, "minutes": statistics.median(passed)})
    return rows


def _told(name: str, found: list[int]) -> dict[str, Any]:
    median, p95 = statistics.median(found), statistics.quantiles(found, n=20)[-1]
    within = 100 * sum(each <= 200 for each in found) / len(found)
    print(f"    {name:<50} {median:>8.0f} {p95:>7.0f} {within:>8.1f} %")
    return {"median": median, "p95": p95, "within_200_percent": within}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=200)
    run(**vars(parser.parse_args()))
