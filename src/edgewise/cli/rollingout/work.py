"""What the commands of `edgewise rollout` do, once their options are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from edgewise.cli.errors import RolloutCommandError
from edgewise.cli.query import microseconds
from edgewise.cli.rollingout.desk import Desk, now, open_desk, user
from edgewise.cli.rollingout.history import history_picture
from edgewise.cli.rollingout.picture import moment, picture, plan, printable_block, wrapped
from edgewise.cli.rollingout.plan import percent, steps_of
from edgewise.errors import EdgewiseError
from edgewise.rollout import (
    HISTORY,
    Release,
    change_record,
    leave_record,
)
from edgewise.rollout import transitions as may
from edgewise.rollout.links import make_token, with_token
from edgewise.site.rollout_notes import rollout_notes

_MINUTE = 60_000_000
_MOST_REASON = 200  # characters: it is in a document that every function reads


def start(directory: Path, local: bool | None, steps: str, reason: str, unjudged: bool) -> None:
    wanted = steps_of(steps)
    desk = open_desk(directory, local, changes=True)
    if desk.site.log is None and not unjudged:
        raise RolloutCommandError(
            "this site has no [log], so nothing would see that the new version is bad",
            file=desk.site.file,
            hint="Add [log] and deploy, or begin without a judge: --unjudged.",
        )
    print(printable_block(f"{desk.address}\n"))
    before = desk.place.read()
    versions = (desk.rollout.stable, desk.rollout.new)
    release = desk.place.write(may.started(before, versions, wanted, now(), _why(reason, ""), user()))
    print(f"{release.release}: {release.stable} → {release.new}\n\n{plan(release, now())}")
    _leave(desk, change_record(before, release, "start", now()))
    _print_notes(desk)


def status(directory: Path, local: bool | None, store: str | None, as_json: bool) -> None:
    desk = open_desk(directory, local)
    release = desk.release()
    records = desk.records(store)
    try:
        found = desk.look(release, records)
    finally:
        records.close()
    if as_json:
        document = json.loads(release.to_json())
        print(json.dumps({"where": desk.where, "document": document, **found.record(now())}))
    else:
        print(f"{printable_block(desk.address)}\n\n{picture(found, now())}")
        _print_notes(desk)


def history(directory: Path, local: bool | None, store: str | None, since: str, as_json: bool) -> None:
    until = now() + 1_000_000
    begin = until - microseconds(since)
    desk = open_desk(directory, local)
    records = desk.records(store)
    try:
        rows = records.ask(HISTORY, begin, until)
    finally:
        records.close()
    if as_json:
        for row in rows:
            print(json.dumps(row))
    elif rows:
        print(f"{printable_block(desk.address)}\n{history_picture(rows)}")
    else:
        print(f"{printable_block(desk.address)}\n\nThere is no record of a change of the last {since}.")


def set_share(directory: Path, local: bool | None, share: str, evict: bool, reason: str) -> None:
    wanted = percent(share, "PERCENT")
    why = _why(reason, f"set to {wanted:g} %{', sessions on the new version decided anew' if evict else ''}")
    desk = open_desk(directory, local, changes=True)
    _change(desk, "set", lambda one: may.weighed(one, wanted, now(), why, user(), evict=evict))


def freeze(directory: Path, local: bool | None, reason: str) -> None:
    why = _why(reason, "frozen")
    desk = open_desk(directory, local, changes=True)
    _change(desk, "freeze", lambda one: may.frozen(one, now(), why, user()))


def resume(directory: Path, local: bool | None, reason: str) -> None:
    why = _why(reason, "resumed")
    desk = open_desk(directory, local, changes=True)
    _change(desk, "resume", lambda one: may.resumed(one, now(), why, user()))


def rollback(directory: Path, local: bool | None, keep_sessions: bool, reason: str) -> None:
    why = _why(reason, f"rolled back by hand{', sessions kept' if keep_sessions else ''}")
    desk = open_desk(directory, local, changes=True)
    _change(
        desk,
        "rollback",
        lambda one: may.rolled_back(one, now(), why, user(), keep_sessions=keep_sessions),
    )


def finish(directory: Path, local: bool | None, drain: str | None, reason: str) -> None:
    given = None if drain is None else microseconds(drain, "--drain")
    desk = open_desk(directory, local, changes=True)
    span = round(desk.rollout.session_minutes * _MINUTE) if given is None else given
    why = _why(reason, "finished by hand")
    _change(desk, "finish", lambda one: may.finished(one, span, now(), why, user()))


def switch(directory: Path, local: bool | None, off: bool, reason: str) -> None:
    why = _why(reason, "switched off" if off else "switched on again")
    desk = open_desk(directory, local, changes=True)
    _change(desk, "off" if off else "on", lambda one: may.switched(one, off, now(), why, user()))


def link(directory: Path, local: bool | None, version: str, lasts: str, url: str) -> None:
    span = microseconds(lasts, "--for")
    if span < 1_000_000:
        raise typer.BadParameter("a link that is over at once is of no use", param_hint="--for")
    desk = open_desk(directory, local)
    versions = (desk.rollout.stable, desk.rollout.new)
    if version not in versions:
        raise RolloutCommandError(
            f"there is no version {version!r}", hint=f"Versions are {' and '.join(versions)}."
        )
    page = _page(url or (desk.run.url if desk.run else ""))
    # What is printed is taken over by whoever sends it on.
    print(f"a key {desk.address}", file=sys.stderr)
    print(with_token(page, make_token(desk.key(), version, (now() + span) // 1_000_000)))


def _page(url: str) -> str:
    """The address of a page of the site."""
    hint = "Name it: --url https://shop.example/"
    if not url:
        raise RolloutCommandError("the link needs a page", hint=hint)
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole:
        raise RolloutCommandError(f"{url!r} is not the address of a page", hint=hint)
    return url


def _why(given: str, otherwise: str) -> str:
    """The reason that is kept."""
    if len(given) <= _MOST_REASON:
        return given or otherwise
    print(f"note: of the reason the first {_MOST_REASON} characters are kept", file=sys.stderr)
    return given[: _MOST_REASON - 1] + "…"


def _change(desk: Desk, action: str, change: Callable[[Release], Release]) -> None:
    """Read the release, change it, keep it, say what it is now, and leave a record."""
    print(printable_block(desk.address), flush=True)
    before = desk.release()
    release = desk.place.write(change(before))
    seconds = f"{desk.rollout.ttl_seconds:g}"
    print(printable_block(f"{moment(release, now())}; everywhere within {seconds} s"))
    _leave(desk, change_record(before, release, action, now()))


def _leave(desk: Desk, record: dict[str, Any]) -> None:
    """Leave a record of what was done. It is done whether or not that can be."""
    try:
        records = desk.records()
    except EdgewiseError as error:
        trouble = error.message
    else:
        trouble = leave_record(record, records.keep)
        records.close()
    if trouble:
        print(wrapped(f"note: the history will not have this change: {trouble}"), file=sys.stderr)


def _print_notes(desk: Desk) -> None:
    """What keeps a release from going well. A browser on this machine keeps the cookie over plain http as well."""
    for note in rollout_notes(desk.site, on_aws=desk.run is None):
        if desk.run is None or note.key.startswith("log"):
            print("\n" + wrapped(f"note: {note.message}. {note.hint}"))
