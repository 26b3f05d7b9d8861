"""Changes of a release as records, whoever makes them: the judge's have his judgement too (`looking.py`).

    record = change_record(before, after, "freeze", now)

In the stream `rollout` those with `acted` are what became of a release; the others are what the judge thought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewise.rollout.release import Release

STREAM: Final = "rollout"
Keep = Callable[[str, Mapping[str, Any]], None]
# What was done, in the order in which it was.
HISTORY: Final = f'SELECT * FROM "{STREAM}" WHERE acted = true ORDER BY _timestamp, revision'


def change_record(before: Release | None, after: Release, action: str, now: int) -> dict[str, Any]:
    """What a person did to a release, as a record. `before` is None for the first one in its place."""
    return {
        **described(after, now),
        **was(before if before and before.release == after.release else None),
        "schema": "change/1",
        "action": action,
        "acted": True,
        "rule": "hand",
        "sentence": after.reason,
        "who": after.by,  # not `by`, which is a word of SQL
    }


def described(release: Release, now: int) -> dict[str, Any]:
    """A release in a record of the stream."""
    return {
        "_timestamp": now,
        "record_id": f"{release.release}:{release.revision}:{now}",
        "release": release.release,
        "stable": release.stable,
        "new": release.new,
        "state": release.state,
        "weight": release.weight,
        "off": release.off,
        "revision": release.revision,
    }


def was(before: Release | None) -> dict[str, Any]:
    """What it was before; nothing of a release that begins."""
    if before is None:
        return {}
    return {"state_before": before.state, "weight_before": before.weight, "off_before": before.off}
