"""What `edgewise rollout watch` does: one look after the other, until the release has ended."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

import typer

from edgewise.cli.query import microseconds
from edgewise.cli.rollingout.desk import Desk, Found, now, open_desk
from edgewise.cli.rollingout.picture import moment, printable_block, wrapped
from edgewise.rollout import ChangedError, Look, PlaceError, act, leave_record

_SECOND: Final = 1_000_000
# From one record of a judge who holds for the same reason to the next, however often he looks.
_BETWEEN: Final = 30 * _SECOND


def watch(
    directory: Path, local: bool | None, store: str | None, every: str, once: bool, as_json: bool
) -> None:
    pause = microseconds(every, "--every")
    if pause < _SECOND:
        raise typer.BadParameter("the judge looks once a second at most", param_hint="--every")
    desk = open_desk(directory, local, changes=True)
    records = desk.records(store)
    print(desk.address, file=sys.stderr if as_json else sys.stdout, flush=True)
    judge = _Judge(desk, records, once, as_json)
    try:
        while judge.goes_on() and not once:
            time.sleep(pause / _SECOND)
    except KeyboardInterrupt:
        return
    finally:
        records.close()


class _Judge:
    def __init__(self, desk: Desk, records: Found, once: bool, as_json: bool) -> None:
        self._desk = desk
        self._records = records
        self._once = once
        self._as_json = as_json
        self._recorded = ("", 0)  # why the last record says that he holds, and when

    def goes_on(self) -> bool:
        """One look, and what it says done. Whether there is anything more to watch: trouble with AWS may pass."""
        try:
            found = act(self._desk.place, self._desk.look(self._desk.release(), self._records), now())
        except PlaceError as error:
            if self._once and not isinstance(error, ChangedError):
                raise
            print(f"note: {error.message}", file=sys.stderr)
            return True
        self._record(found)
        if self._as_json:
            print(json.dumps(found.record(now())), flush=True)
        else:
            line = f"{moment(found.release, now())}  {found.verdict.sentence}"
            print(printable_block(wrapped(line)), flush=True)
        return found.release.state not in ("done", "rolled-back")

    def _record(self, found: Look) -> None:
        reason, before = self._recorded
        if not found.acted and found.verdict.rule == reason and now() - before < _BETWEEN:
            return
        trouble = leave_record(found.record(now()), self._records.keep)
        if trouble:
            print(f"note: {trouble}", file=sys.stderr)
        else:
            self._recorded = (found.verdict.rule, now())
