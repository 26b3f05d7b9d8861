"""What the commands of `edgewise rollout` do, once their options are read."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer

from edgewise.cli.errors import RolloutCommandError
from edgewise.cli.query import microseconds
from edgewise.cli.rollingout.desk import Desk, Stored, now, open_desk, user
from edgewise.cli.rollingout.picture import moment, picture, plan, printable_block
from edgewise.cli.rollingout.plan import percent, steps_of
from edgewise.rollout import ChangedError, Look, PlaceError, Release, act, leave_record, look
from edgewise.rollout import transitions as may
from edgewise.rollout.links import make_token, with_token
from edgewise.rollout.openobserve import OpenObserve

_MINUTE = 60_000_000


def start(directory: Path, steps: str, reason: str) -> None:
    wanted = steps_of(steps)
    desk = open_desk(directory)
    versions = (desk.rollout.stable, desk.rollout.new)
    release = desk.place.write(may.started(desk.place.read(), versions, wanted, now(), reason, user()))
    print(f"{release.release}: {release.stable} → {release.new}, {desk.where}\n\n{plan(release, now())}")
    for note in _notes(desk):
        print(f"\nnote: {note}")


def status(directory: Path, store: str | None, as_json: bool) -> None:
    desk = open_desk(directory)
    release = desk.release()
    records = desk.records(store)
    try:
        found = _look(desk, release, records)
    finally:
        records.close()
    if as_json:
        document = json.loads(release.to_json())
        print(json.dumps({"where": desk.where, "document": document, **found.record(now())}))
    else:
        print(picture(found, desk.where, now()))


def set_share(directory: Path, share: str, evict: bool, reason: str) -> None:
    wanted = percent(share, "PERCENT")
    why = reason or f"set to {wanted:g} %"
    _change(open_desk(directory), lambda one: may.weighed(one, wanted, now(), why, user(), evict=evict))


def freeze(directory: Path, reason: str) -> None:
    _change(open_desk(directory), lambda one: may.frozen(one, now(), reason or "frozen", user()))


def resume(directory: Path, reason: str) -> None:
    _change(open_desk(directory), lambda one: may.resumed(one, now(), reason or "resumed", user()))


def rollback(directory: Path, keep_sessions: bool, reason: str) -> None:
    why = reason or "rolled back by hand"
    _change(
        open_desk(directory),
        lambda one: may.rolled_back(one, now(), why, user(), keep_sessions=keep_sessions),
    )


def finish(directory: Path, drain: str | None, reason: str) -> None:
    desk = open_desk(directory)
    lasts = round(desk.rollout.session_minutes * _MINUTE)
    span = lasts if drain is None else microseconds(drain, "--drain")
    _change(desk, lambda one: may.finished(one, span, now(), reason or "finished by hand", user()))


def switch(directory: Path, off: bool, reason: str) -> None:
    why = reason or ("switched off" if off else "switched on again")
    _change(open_desk(directory), lambda one: may.switched(one, off, now(), why, user()))


def watch(directory: Path, store: str | None, every: str, once: bool, as_json: bool) -> None:
    pause = microseconds(every, "--every") / 1_000_000
    desk = open_desk(directory)
    records = desk.records(store)
    try:
        while _watched(desk, records, once, as_json) and not once:
            time.sleep(pause)
    except KeyboardInterrupt:
        return
    finally:
        records.close()


def link(directory: Path, version: str, lasts: str, url: str) -> None:
    span = microseconds(lasts, "--for")
    if span < 1_000_000:
        raise typer.BadParameter("a link that is over at once is of no use", param_hint="--for")
    desk = open_desk(directory)
    versions = (desk.rollout.stable, desk.rollout.new)
    if version not in versions:
        raise RolloutCommandError(
            f"there is no version {version!r}", hint=f"Versions are {' and '.join(versions)}."
        )
    page = url or (desk.run.url if desk.run else "")
    if not page:
        raise RolloutCommandError("the link needs a page", hint="Name it: --url https://shop.example/")
    print(with_token(page, make_token(desk.key(), version, (now() + span) // 1_000_000)))


def _change(desk: Desk, change: Callable[[Release], Release]) -> None:
    """Read the release, change it, keep it, and say what it is now."""
    release = desk.place.write(change(desk.release()))
    seconds = f"{desk.rollout.ttl_seconds:g}"
    print(printable_block(f"{moment(release, now())}, {desk.where}; everywhere within {seconds} s"))


def _look(desk: Desk, release: Release, records: Stored | OpenObserve) -> Look:
    return look(release, records, desk.rules, now(), desk.stream)


def _watched(desk: Desk, records: Stored | OpenObserve, once: bool, as_json: bool) -> bool:
    """One look, and what it says done. Whether there is anything more to watch: trouble with AWS may pass."""
    try:
        found = act(desk.place, _look(desk, desk.release(), records), now())
    except PlaceError as error:
        if once and not isinstance(error, ChangedError):
            raise
        print(f"note: {error.message}", file=sys.stderr)
        return True
    trouble = leave_record(found, records.keep, now())
    if trouble:
        print(f"note: {trouble}", file=sys.stderr)
    if as_json:
        print(json.dumps(found.record(now())), flush=True)
    else:
        line = f"{moment(found.release, now())}  {found.verdict.sentence}"
        print(printable_block(line), flush=True)
    return found.release.state not in ("done", "rolled-back")


def _notes(desk: Desk) -> list[str]:
    """What keeps a release from being judged."""
    log = desk.site.log
    if log is None:
        return ["the site has no [log]: without records the judge always holds"]
    if log.sample < 1:
        return [f"{log.sample:.0%} of the requests are recorded: the judge needs as many more of them"]
    return []
