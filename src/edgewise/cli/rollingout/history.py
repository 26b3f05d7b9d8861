"""What became of the releases of a site: who changed what, when, and why, from the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewise.cli.rollingout.picture import clock, printable_block, state_of, wrapped

Row = Mapping[str, Any]


def history_picture(rows: Sequence[Row]) -> str:
    """The changes as lines of plain text, those of each release below its name; the oldest first."""
    return printable_block("\n".join(_lines(rows)))


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    release = None
    for row in rows:
        if row.get("release") != release:
            release = row.get("release")
            yield f"\n{release}   {row.get('stable')} → {row.get('new')}"
        yield f"\n  {clock(int(row['_timestamp']))}   {row.get('action')}, by {row.get('who') or 'somebody'}"
        yield f"    {_move(row)}"
        yield wrapped(str(row.get("sentence") or "no reason given"), "    ")


def _move(row: Row) -> str:
    after = _state(row, "")
    return f"{_state(row, '_before')} → {after}" if row.get("state_before") else after


def _state(row: Row, when: str) -> str:
    return state_of(
        str(row.get(f"state{when}")), float(row.get(f"weight{when}") or 0), bool(row.get(f"off{when}"))
    )
