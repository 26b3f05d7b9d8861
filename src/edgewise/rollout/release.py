"""The release document: what the functions at the edge read to know who meets which version.

Values and text only; where it is kept is `places.py`, how it changes `transitions.py`. Times are microseconds since
1970 (UTC), weights are per cent of new sessions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from edgewise.rollout.errors import DocumentError

SCHEMA: Final = "release/1"
MOST_STEPS: Final = 50
# What a state means for a visitor without a session.
STATES: Final = MappingProxyType(
    {
        "ramping": "a share of new sessions meets the new version, more at every step",
        "frozen": "the share stays as it is until somebody resumes",
        "full": "every new session meets the new version, old ones stay",
        "draining": "as in full, and sessions on the old version end soon",
        "done": "everybody meets the new version",
        "rolled-back": "every new session meets the old version",
    }
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_LATEST: Final = 253_402_300_800_000_000  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Step:
    """A share of new sessions, and how long it lasts at least."""

    weight: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Eviction:
    """Sessions of `version` that were issued before this time are decided anew."""

    version: str
    before: int


@dataclass(frozen=True, slots=True)
class Release:
    """One release from `stable` to `new`. `step` is the place in `steps`; `since` is when it, or the state, began.

    `weight` is the step's, unless somebody set another share: then it lasts as long as that step, the last one that is
    not above it or the first.

    `off` is the kill switch: everybody meets the old version, whatever else is said here. `reached` is the share that a
    release had when it went back. `switched` is when the kill switch was used last.
    """

    release: str
    stable: str
    new: str
    state: str
    weight: float
    steps: tuple[Step, ...]
    step: int
    since: int
    started: int
    drain_until: int | None = None
    evict: Eviction | None = None
    reached: float | None = None
    switched: int | None = None
    off: bool = False
    revision: int = 1
    reason: str = ""
    by: str = ""

    @property
    def keeps_sessions(self) -> bool:
        """Whether sessions on the new version end where they are, after a rollback too: no eviction is of all."""
        return self.evict is None or self.evict.before <= self.since

    @property
    def following(self) -> int | None:
        """The place of the plan's next step: the first whose share is above the one now; None after the last."""
        return next((place for place, each in enumerate(self.steps) if each.weight > self.weight), None)

    def to_json(self) -> str:
        """One line; `parse` reads it back."""
        whole: dict[str, Any] = {"schema": SCHEMA}
        for name in ("release", "stable", "new", "state", "weight"):
            whole[name] = getattr(self, name)
        whole["steps"] = [{"weight": each.weight, "minutes": each.minutes} for each in self.steps]
        for name in ("step", "since", "started", "drain_until"):
            whole[name] = getattr(self, name)
        evict = self.evict
        whole["evict"] = None if evict is None else {"version": evict.version, "before": evict.before}
        for name in ("reached", "switched"):
            if getattr(self, name) is not None:
                whole[name] = getattr(self, name)
        for name in ("off", "revision", "reason", "by"):
            whole[name] = getattr(self, name)
        return json.dumps(whole, ensure_ascii=False)


def parse(text: str) -> Release:
    """The release that a text describes. Raises `DocumentError`, which names the field at fault.

    Fields that are not known are left to those who know them.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise DocumentError("the release's state is no JSON") from None
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        raise DocumentError(
            f"the release's state is not of the schema {SCHEMA}",
            hint="Another version of Edgewise wrote it, or something else. Delete it, and start the release again.",
        )
    fields = _Fields(whole)
    release = Release(
        release=fields.name("release"),
        stable=fields.name("stable"),
        new=fields.name("new"),
        state=fields.text("state"),
        weight=fields.number("weight", 0, 100),
        steps=_steps(whole.get("steps")),
        step=fields.integer("step", 0, MOST_STEPS),
        since=fields.integer("since"),
        started=fields.integer("started"),
        drain_until=None if whole.get("drain_until") is None else fields.integer("drain_until"),
        evict=_eviction(whole.get("evict")),
        reached=None if whole.get("reached") is None else fields.number("reached", 0, 100),
        switched=None if whole.get("switched") is None else fields.integer("switched"),
        off=fields.flag("off"),
        revision=fields.integer("revision", 1),
        reason=fields.text("reason", ""),
        by=fields.text("by", ""),
    )
    if release.state not in STATES:
        raise DocumentError(f"there is no state {release.state!r}", key="state")
    if release.stable == release.new:
        raise DocumentError("the two versions are one", key="new")
    return release


class _Fields:
    """Reads fields of one object, each with its kind."""

    def __init__(self, whole: dict[str, Any], within: str = "") -> None:
        self._whole = whole
        self._within = within

    def text(self, key: str, default: str | None = None) -> str:
        value = self._whole.get(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def name(self, key: str) -> str:
        value = self.text(key)
        if not _NAME.match(value):
            raise self._wrong(key, "a name of letters, digits, hyphens and underscores")
        return value

    def flag(self, key: str) -> bool:
        value = self._whole.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def integer(self, key: str, least: int = 0, most: int = _LATEST) -> int:
        value = self._whole.get(key)
        if type(value) is not int or not least <= value <= most:
            raise self._wrong(key, f"an integer from {least} to {most}")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        value = self._whole.get(key)
        # Written this way round, NaN is refused too.
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self._wrong(key, f"a number from {least} to {most}")
        return float(value)

    def _wrong(self, key: str, expected: str) -> DocumentError:
        return DocumentError(f"expected {expected}", key=self._within + key)


def _steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_STEPS:
        raise DocumentError(f"expected a list of 1 to {MOST_STEPS} steps", key="steps")
    steps = []
    for place, each in enumerate(value):
        fields = _Fields(_object(each, f"steps[{place}]"), f"steps[{place}].")
        steps.append(Step(fields.number("weight", 0, 100), fields.number("minutes", 0, 10_000_000)))
    return tuple(steps)


def _eviction(value: object) -> Eviction | None:
    if value is None:
        return None
    fields = _Fields(_object(value, "evict"), "evict.")
    return Eviction(fields.name("version"), fields.integer("before"))


def _object(value: object, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError("expected an object", key=key)
    return value
