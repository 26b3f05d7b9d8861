"""One look of the judge: read the release, ask for its evidence, judge, change it if need be, and leave a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.rollout.asking import Records, gather
from edgewise.rollout.errors import EvidenceError, RolloutError
from edgewise.rollout.evidence import SECOND, Evidence, Total
from edgewise.rollout.judging import Verdict, judge
from edgewise.rollout.places import Place
from edgewise.rollout.release import Release
from edgewise.rollout.rules import Rules
from edgewise.rollout.transitions import finished, promoted, rolled_back

# The stream that judgements are kept in, and who is said to have acted.
STREAM: Final = "rollout"
JUDGE: Final = "the judge"
Keep = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Look:
    """`release` is as it is after the look; without evidence the records could not be asked for."""

    release: Release
    verdict: Verdict
    evidence: Evidence | None
    acted: bool = False

    def record(self, now: int) -> dict[str, Any]:
        """The judgement as a record, for the stream `rollout`."""
        release, verdict = self.release, self.verdict
        record: dict[str, Any] = {
            "_timestamp": now,
            "record_id": f"{release.release}:{release.revision}:{now}",
            "schema": "judgement/1",
            "release": release.release,
            "stable": release.stable,
            "new": release.new,
            "state": release.state,
            "weight": release.weight,
            "revision": release.revision,
            "action": verdict.action,
            "acted": self.acted,
            "rule": verdict.rule,
            "sentence": verdict.sentence,
            "evidence": verdict.evidence,
        }
        for side, total in (("old", self._total("old")), ("new", self._total("new"))):
            record[f"requests_{side}"] = total.asked
            record[f"answers_{side}"] = total.answers
            record[f"errors_{side}"] = total.errors
            if total.p95_ms is not None:
                record[f"p95_ms_{side}"] = total.p95_ms
        return record

    def _total(self, side: str) -> Total:
        return Total() if self.evidence is None else getattr(self.evidence, side)


def look(release: Release, records: Records, rules: Rules, now: int, stream: str = "edge") -> Look:
    """What the judge would do; nothing is changed. Evidence that cannot be asked for holds."""
    try:
        settle = round(rules.settle_seconds * SECOND)
        evidence = gather(records, release, now, settle, rules.latency_factor, stream)
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
    return Look(place.write(changed), verdict, found.evidence, acted=True)


def leave_record(found: Look, keep: Keep, now: int) -> str:
    """Leave the judgement as a record; what went wrong with that, as text, for it must not stop a rollback."""
    try:
        keep(STREAM, found.record(now))
    except EvidenceError as error:
        return str(error)
    return ""
