"""One look of the judge: read the release, ask for its evidence, judge, change it if need be, and leave a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from edgewise.rollout.asking import Behaviors, Records, gather
from edgewise.rollout.changes import STREAM, Keep, described, was
from edgewise.rollout.errors import EvidenceError, RolloutError
from edgewise.rollout.evidence import SECOND, Evidence, Total
from edgewise.rollout.judging import Verdict, judge
from edgewise.rollout.places import Place
from edgewise.rollout.release import Release
from edgewise.rollout.rules import Rules
from edgewise.rollout.transitions import finished, promoted, rolled_back

# Who is said to have acted.
JUDGE: Final = "the judge"


@dataclass(frozen=True, slots=True)
class Look:
    """`release` is as it is after the look, `before` as it was if that changed it; without evidence the records could
    not be asked for."""

    release: Release
    verdict: Verdict
    evidence: Evidence | None
    before: Release | None = None

    def record(self, now: int) -> dict[str, Any]:
        """The judgement as a record, for the stream `rollout`."""
        verdict = self.verdict
        record: dict[str, Any] = {
            **described(self.release, now),
            **was(self.before),
            "schema": "judgement/1",
            "action": verdict.action,
            "acted": self.acted,
            "rule": verdict.rule,
            "sentence": verdict.sentence,
            "who": JUDGE,
            "evidence": verdict.evidence,
        }
        for side, total in (("old", self._total("old")), ("new", self._total("new"))):
            record[f"requests_{side}"] = total.asked
            record[f"answers_{side}"] = total.answers
            record[f"errors_{side}"] = total.errors
            record[f"unanswered_{side}"] = total.unanswered
            if total.p95_ms is not None:
                record[f"p95_ms_{side}"] = total.p95_ms
        return record

    @property
    def acted(self) -> bool:
        """Whether what the judge says was done."""
        return self.before is not None

    def _total(self, side: str) -> Total:
        return Total() if self.evidence is None else getattr(self.evidence, side)


def look(
    release: Release, records: Records, rules: Rules, now: int, *, behaviors: Behaviors, stream: str = "edge"
) -> Look:
    """What the judge would do about a site with these behaviors; nothing is changed. Evidence that cannot be asked for
    holds."""
    try:
        settle = round(rules.settle_seconds * SECOND)
        evidence = gather(
            records,
            release,
            now,
            settle=settle,
            factor=rules.latency_factor,
            behaviors=behaviors,
            stream=stream,
        )
    except RolloutError as error:
        sentence = f"The records cannot be asked for, so nothing changes: {error.message}."
        return Look(release, Verdict("hold", "no-data", sentence), None)
    return Look(release, judge(release, evidence, rules, now), evidence)


def act(place: Place, found: Look, now: int) -> Look:
    """Do what the judge says. Raises `ChangedError` when somebody else did something meanwhile."""
    release, verdict = found.release, found.verdict
    if verdict.action == "hold":
        return found
    if verdict.action == "rollback":
        changed = rolled_back(release, now, verdict.sentence, JUDGE)
    elif verdict.action == "promote":
        changed = promoted(release, now, verdict.sentence, JUDGE)
    else:
        changed = finished(release, 0, now, verdict.sentence, JUDGE)
    return Look(place.write(changed), verdict, found.evidence, before=release)


def leave_record(record: dict[str, Any], keep: Keep) -> str:
    """Leave a judgement or a change as a record; what went wrong with that, as text: it must not stop one."""
    try:
        keep(STREAM, record)
    except EvidenceError as error:
        return str(error)
    return ""
