"""How a release changes: one table of what may be done in which state, and a function for each thing that is done.

Plain functions from a release to the next one; the time is passed in (microseconds). Whoever writes the result raises
the revision (`places.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from edgewise.rollout.errors import StepError
from edgewise.rollout.release import MOST_STEPS, Eviction, Release, Step

MINUTE: Final = 60_000_000
# The states in which each thing may be done. The kill switch works in all of them.
ALLOWED: Final = MappingProxyType(
    {
        "start": ("done", "rolled-back"),
        "set": ("ramping", "frozen", "full"),
        "promote": ("ramping",),
        "freeze": ("ramping",),
        "resume": ("frozen",),
        # Once more after its sessions were kept: to move them.
        "rollback": ("ramping", "frozen", "full", "draining", "rolled-back"),
        "finish": ("full", "draining"),
    }
)
_HINTS: Final = {
    ("start", "ramping"): "End the one that goes on first: `edgewise rollout rollback`, or `finish`.",
    ("rollback", "done"): "Start a release the other way round: change stable and new in the site file.",
    ("finish", "frozen"): "First `edgewise rollout resume`, and `set 100` if there is a share.",
    ("finish", "ramping"): "First `edgewise rollout set 100`, so that nobody new meets the old version.",
    ("set", "rolled-back"): "Start a new release.",
}
# A function goes on with the state it has for this long at most: until then it may issue sessions that are to go.
_LONGEST_TTL: Final = 300_000_000


def started(
    before: Release | None,
    versions: tuple[str, str],
    steps: Sequence[Step],
    now: int,
    reason: str,
    by: str,
) -> Release:
    """A new release of `versions`, the old one and the new one, at its first step.

    Sessions that the release before has kept on the new version go on; other cookies that name it are left from before.
    Raises `StepError` while another goes on or is switched off, for one that is done already, or for a plan that
    is none.
    """
    if before is not None:
        _check("start", before)
        _check_versions(before, versions)
        if before.off:
            raise StepError(
                f"the release {before.release} is switched off, and so would this one be",
                hint="First `edgewise rollout on`.",
            )
    check_steps(steps)
    stable, new = versions
    day = datetime.fromtimestamp(now // 1_000_000, UTC).date()
    return Release(
        release=f"{day}-{secrets.token_hex(2)}",
        stable=stable,
        new=new,
        state="ramping",
        weight=steps[0].weight,
        steps=tuple(steps),
        step=0,
        since=now,
        started=now,
        evict=_left_behind(before, new, now),
        revision=1 if before is None else before.revision,
        reason=reason or "the release begins",
        by=by,
    )


def promoted(release: Release, now: int, reason: str, by: str) -> Release:
    """The next step; after the last one, everybody who is new."""
    _check("promote", release)
    step = release.following
    if step is None:
        return replace(release, state="full", weight=100.0, since=now, reason=reason, by=by)
    return replace(release, step=step, weight=release.steps[step].weight, since=now, reason=reason, by=by)


def weighed(
    release: Release, weight: float, now: int, reason: str, by: str, *, evict: bool = False
) -> Release:
    """Another share; the plan goes on with the first of its steps that is above. 100 is for everybody who is new.

    What is frozen stays frozen. A smaller share moves nobody, unless sessions of the new version are evicted: then they
    are decided anew.
    """
    _check("set", release)
    if not 0 <= weight <= 100:
        raise StepError(f"{weight:g} is no share: it is from 0 to 100 per cent")
    state = "frozen" if release.state == "frozen" else _moving(weight)
    if (weight, state) == (release.weight, release.state) and not evict:
        raise StepError(
            f"the share of the release {release.release} is {weight:g} % already",
            hint=f"`--evict` has sessions on {release.new} decided anew.",
        )
    step = max([0, *(place for place, each in enumerate(release.steps) if each.weight <= weight)])
    eviction = Eviction(release.new, now) if evict else release.evict
    return replace(
        release, state=state, weight=float(weight), step=step, since=now, evict=eviction, reason=reason, by=by
    )


def frozen(release: Release, now: int, reason: str, by: str) -> Release:
    _check("freeze", release)
    return replace(release, state="frozen", since=now, reason=reason, by=by)


def resumed(release: Release, now: int, reason: str, by: str) -> Release:
    """The step that was frozen begins anew."""
    _check("resume", release)
    return replace(release, state=_moving(release.weight), since=now, reason=reason, by=by)


def rolled_back(release: Release, now: int, reason: str, by: str, *, keep_sessions: bool = False) -> Release:
    """Everybody new meets the old version again, and so do sessions of the new one unless they are kept.

    Once more to move the sessions that were kept.
    """
    _check("rollback", release)
    if release.state == "rolled-back" and (keep_sessions or not release.keeps_sessions):
        raise StepError(f"the release {release.release} is rolled-back already")
    evict = release.evict if keep_sessions else Eviction(release.new, now + _LONGEST_TTL)
    return replace(
        release,
        state="rolled-back",
        weight=0.0,
        since=now,
        drain_until=None,
        evict=evict,
        reached=release.reached if release.state == "rolled-back" else release.weight,
        reason=reason,
        by=by,
    )


def finished(release: Release, drain: int, now: int, reason: str, by: str) -> Release:
    """From full to draining for `drain` microseconds; from draining, when that is over or `drain` is 0, to done."""
    _check("finish", release)
    if release.state == "full" and drain > 0:
        return replace(release, state="draining", since=now, drain_until=now + drain, reason=reason, by=by)
    if release.state == "draining" and drain > 0 and now < (release.drain_until or 0):
        raise StepError(
            f"sessions on {release.stable} have {_more((release.drain_until or 0) - now)}",
            hint="`edgewise rollout finish --drain 0s` ends them now.",
        )
    return replace(release, state="done", since=now, drain_until=None, reason=reason, by=by)


def switched(release: Release, off: bool, now: int, reason: str, by: str) -> Release:
    """The kill switch; underneath the release stays what it is.

    Nobody met the new version while it was off, so the step begins anew.
    """
    if release.off == off:
        raise StepError(
            f"the release {release.release} is {'' if off else 'not '}switched off{' already' if off else ''}"
        )
    since = release.since if release.state in ("done", "rolled-back") else now
    return replace(release, off=off, since=since, switched=now, reason=reason, by=by)


def check_steps(steps: Sequence[Step]) -> None:
    """Raises `StepError` for a plan that is none; it names the step."""
    if not 0 < len(steps) <= MOST_STEPS:
        raise StepError(f"a plan has 1 to {MOST_STEPS} steps, not {len(steps)}")
    before = 0.0
    for number, step in enumerate(steps, 1):
        if not before < step.weight <= 100:
            than = f"the {before:g} % of the one before" if number > 1 else "0 %"
            raise StepError(
                f"step {number} of the plan has {step.weight:g} %, which is not above {than}"
                if step.weight <= before
                else f"step {number} of the plan has {step.weight:g} %, which is more than everybody",
                hint="The shares of a plan rise from step to step, from above 0 to 100 per cent.",
            )
        before = step.weight


def _left_behind(before: Release | None, new: str, now: int) -> Eviction | None:
    """What a new release evicts: cookies that name its new version, and that the release before has not kept."""
    if before is None:
        return None
    if before.new != new:
        return Eviction(new, now)
    return before.evict and Eviction(new, min(before.evict.before, now))


def _more(microseconds: int) -> str:
    seconds = -(-microseconds // 1_000_000)
    return (
        f"{-(-seconds // 60)} more minutes" if seconds > 120 else f"{seconds} more second{'s'[: seconds > 1]}"
    )


def _moving(weight: float) -> str:
    return "full" if weight == 100 else "ramping"


def _check(action: str, release: Release) -> None:
    if release.state not in ALLOWED[action]:
        raise StepError(
            f"the release {release.release} is {release.state}, so there is nothing to {action}",
            hint=_HINTS.get((action, release.state)),
        )


def _check_versions(before: Release, versions: tuple[str, str]) -> None:
    """Once more the same after it is done would bring most visitors back to the old version."""
    if before.state == "done" and versions == (before.stable, before.new):
        raise StepError(
            f"everybody meets {before.new} already",
            hint=f"In the site file make {before.new} the stable version, and name the next one as new.",
        )
