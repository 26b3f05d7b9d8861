"""What the judge says, in one sentence with the numbers, as a colleague would."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil, log10
from typing import Final

from edgewise.rollout.evidence import MINUTE, SECOND, Counts, Evidence, Total, summed
from edgewise.rollout.release import Release
from edgewise.rollout.rules import Rules

# Evidence from which on a version is no longer said to be well.
_SUSPICIOUS: Final = 3.0


def nothing_to_judge(release: Release) -> str:
    if release.off:
        return (
            f"The release is switched off, so everybody meets {release.stable} and there is nothing to judge."
        )
    if release.state == "done":
        return f"The release is done: everybody meets {release.new}."
    return f"{release.new} was rolled back at {_time(release.since, 0)}, so everybody new meets {release.stable}."


def no_data(release: Release) -> str:
    return f"There is no record of a visitor of {release.new} yet, so nothing changes."


def old_data(release: Release, age: int) -> str:
    return f"The last record of {release.new} is {_span(age)} old, so nothing changes until there are newer ones."


def draining(release: Release, now: int) -> str:
    left = (release.drain_until or 0) - now
    if left > 0:
        return f"Sessions on {release.stable} have {_span(left)} more; everybody new meets {release.new}."
    return f"The time for sessions on {release.stable} is over, so the release is done."


def nobody(release: Release) -> str:
    return f"Nobody new meets {release.new}, and at 0 % it stays until somebody sets another share."


def waiting(release: Release, evidence: Evidence, found: float) -> str:
    well = _well(release, evidence, found)
    if release.state == "frozen":
        return f"{well}; the release is frozen at {release.weight:g} % until somebody resumes it."
    return f"{well}; everybody new meets {release.new}, `edgewise rollout finish` ends sessions on {release.stable}."


def step_goes_on(release: Release, evidence: Evidence, found: float, left: int) -> str:
    return f"{_well(release, evidence, found)}; the step of {release.weight:g} % has {_span(left)} more."


def doubt(release: Release, evidence: Evidence, found: float) -> str:
    return (
        f"{_total(release, evidence)}: too much for going on and too little for going back (up to 1 in "
        f"{_rounded(found)} releases that are no worse gets this far), so it stays at {release.weight:g} %."
    )


def too_few(release: Release, version: str, count: int, rules: Rules) -> str:
    return (
        f"The step of {release.weight:g} % is over, but {version} has answered {_times(count)} in it and "
        f"{rules.least_requests:,} are wanted, so it stays there."
    )


def both_bad(release: Release, step: tuple[Counts, Counts]) -> str:
    old, new = step
    return (
        f"In this step {_failed(release.new, new)} and {_failed(release.stable, old)}: "
        f"going back would not help, and going on would not either, so it stays at {release.weight:g} %."
    )


def unclear(release: Release, evidence: Evidence) -> str:
    old, new = summed(evidence.cacheable)
    return (
        f"Of requests for what may be cached the origin of {release.new} has answered {new.good:,} of {new.tried:,}, "
        f"that of {release.stable} {old.good:,} of {old.tried:,}, and no record says whether the cache answered the "
        f"others or they failed on the way, so it stays at {release.weight:g} %: see whether {release.new} was down at "
        "times, or lets more be cached by its Cache-Control; then `edgewise rollout set` goes on."
    )


def next_step(release: Release, step: tuple[Counts, Counts], now: int) -> str:
    old, new = step
    place = release.following
    target = "everybody new" if place is None else f"{release.steps[place].weight:g} %"
    against = f" and {_failed(release.stable, old)}" if old.tried else ""
    return (
        f"{_failed(release.new, new)}{against} in {_passed(now - release.since)}, "
        f"so it goes from {release.weight:g} % to {target}."
    )


def more_errors(release: Release, counts: tuple[Counts, Counts], span: tuple[int, int], found: float) -> str:
    old, new = counts
    return (
        f"Since {_time(*span)} {_failed(release.new, new)} where {_failed(release.stable, old)}; of releases that are "
        f"no worse at most 1 in {_rounded(found)} gets this far, so it goes back."
    )


def unanswered(release: Release, counts: tuple[Counts, Counts], span: tuple[int, int], found: float) -> str:
    old, new = counts
    return (
        f"Since {_time(*span)}, of what no cache answers, {_missed(release.new, new)} where "
        f"{_missed(release.stable, old)}; of releases that are no worse at most 1 in {_rounded(found)} gets this far, "
        "so it goes back."
    )


def too_many_errors(
    release: Release, counts: tuple[Counts, Counts], span: tuple[int, int], rules: Rules
) -> str:
    old, new = counts
    against = f", {_failed(release.stable, old)}" if old.tried else ""
    return (
        f"Since {_time(*span)} {_failed(release.new, new)}{against}; more than {rules.most_error_percent:g} % is too "
        "many for any version, so it goes back."
    )


def too_slow(release: Release, evidence: Evidence, rules: Rules, slow: int) -> str:
    return (
        f"{release.new} is too slow: 95 of 100 answers take up to {_ms(evidence.new.p95_ms)}, of {release.stable} "
        f"{_ms(evidence.old.p95_ms)}, and {slow:,} of its visitors met the slowest 5 % of both even when its times are "
        f"divided by {rules.latency_factor:g}, so it goes back."
    )


def silent(release: Release, counts: tuple[Counts, Counts], span: tuple[int, int]) -> str:
    old, new = counts
    return (
        f"Since {_time(*span)} the origin of {release.new} has answered none of {new.asked:,} requests (that of "
        f"{release.stable}: {old.answered:,} of {old.asked:,}), so it goes back."
    )


def _well(release: Release, evidence: Evidence, found: float) -> str:
    """As the tests see it: what is settled, and how sure that makes them."""
    old, new = summed(evidence.blocks)
    if (evidence.old.answers or evidence.new.answers) and not (old.answered or new.answered):
        return "Nothing is known so far, as the newest records are still coming in"
    verdict = "Nothing is wrong so far" if found < _SUSPICIOUS else "Too little for going back so far"
    return f"{verdict}: {_total(release, evidence)}"


def _total(release: Release, evidence: Evidence) -> str:
    old, new = summed(evidence.blocks)
    told = f"{_settled(release.new, new, evidence.new)}, {_settled(release.stable, old, evidence.old)}"
    old, new = summed(evidence.due)
    if not new.failed:
        return told
    return f"{told}; of what no cache answers {_missed(release.new, new)}, {_missed(release.stable, old)}"


def _settled(version: str, counts: Counts, total: Total) -> str:
    """People see answers that are too new to be judged."""
    if total.answers and not counts.answered:
        return f"the records of {version} are still coming in"
    return _failed(version, counts)


def _failed(version: str, counts: Counts) -> str:
    if not counts.tried:
        return f"{version} answered nothing"
    return f"{version} failed {counts.failed:,} of {counts.tried:,} requests ({_percent(counts.rate)})"


def _missed(version: str, counts: Counts) -> str:
    if not counts.tried:
        return f"{version} was asked nothing"
    return (
        f"{version} left {counts.failed:,} of {counts.tried:,} requests unanswered ({_percent(counts.rate)})"
    )


def _percent(rate: float) -> str:
    return f"{rate * 100:.1f} %" if rate == 0 or rate >= 0.0005 else f"{rate * 100:.3f} %"


def _times(count: int) -> str:
    return "nothing" if not count else "once" if count == 1 else f"{count:,} times"


def _rounded(found: float) -> str:
    """Two digits of a large number: more would say more than is known."""
    if found >= 1e6:
        return "a million"
    found = max(1.0, found)
    step = 10 ** max(0, int(log10(found)) - 1)
    return f"{int(found) // step * step:,}"


def _ms(value: float | None) -> str:
    return "an unknown time" if value is None else f"{value:,.0f} ms"


def _span(microseconds: int) -> str:
    minutes = ceil(microseconds / MINUTE)
    if microseconds < MINUTE:
        return f"{max(1, round(microseconds / SECOND))} s"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h" if minutes < 2880 else f"{minutes / 1440:.1f} days"


def _passed(microseconds: int) -> str:
    """What is over in whole minutes, and not one that has only begun."""
    if microseconds < 2 * MINUTE:
        return f"{microseconds // SECOND} s"
    return _span(microseconds // MINUTE * MINUTE)


def _time(moment: int, until: int) -> str:
    """With its day, unless it is that of `until`."""
    when, end = (datetime.fromtimestamp(each // SECOND, UTC) for each in (moment, until))
    return f"{when:%H:%M} UTC" if when.date() == end.date() else f"{when:%Y-%m-%d %H:%M} UTC"
