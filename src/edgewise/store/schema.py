"""The columns of one stream: which there are, of which kind, and how a record is made to fit them.

A column's kind never changes except that an integer column of ours to grow becomes `float` when a fraction
arrives. A value that does not fit is null in its column and kept as it came in the JSON text column
`_conflicts`; keys beyond `MAX_COLUMNS`, and names that cannot be columns, are kept in `_overflow`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from edgewise.store.known import ANY_STREAM, CONFLICTS, KNOWN_STREAMS, OVERFLOW, Kind
from edgewise.store.normalize import RecordError, flatten, json_text
from edgewise.store.timestamps import MICROSECONDS_ABOVE, NANOSECONDS_ABOVE, TimestampError, to_micros

MAX_COLUMNS: Final = 200
MAX_NAME: Final = 128
MAX_SHAPES: Final = 1000
_INT64 = range(-(2**63), 2**63)
_EXACT_IN_A_FLOAT: Final = 2**53
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?([eE][+-]?\d{1,3})?\Z", re.ASCII)
_KIND_OF: Final[dict[type, Kind]] = {bool: "bool", int: "int", float: "float", str: "text"}
_MISFIT: Final = object()
_TIMESTAMP: Final = itemgetter("_timestamp")

# A record's keys and then the types of its values, both in its own order.
Shape = tuple[object, ...]


class Schema:
    """A stream's columns, growing with what arrives. Not thread-safe: one writer at a time.

    `kinds` maps column to kind, in order. `changed` is true when the journal does not yet hold this state.
    """

    def __init__(self, stream: str, kinds: Mapping[str, Kind] | None = None) -> None:
        known = KNOWN_STREAMS.get(stream, ANY_STREAM)
        self.kinds: dict[str, Kind] = {**known, **(kinds or {})}
        self.changed = True
        self._fixed = frozenset(known)
        self._plain: set[Shape] = set()

    def add(self, kinds: Mapping[str, Kind]) -> None:
        """Columns of files from elsewhere; one that is there already keeps its kind."""
        for name, kind in kinds.items():
            if name not in self.kinds:
                self.kinds[name] = kind
                self.changed = True

    def are_plain(self, values: list[Any]) -> bool:
        """Are they all records that are known, by their keys and types, to fit as they are? Nearly all are."""
        if set(map(type, values)) != {dict}:
            return False
        shapes: set[Shape] = {(*value, *map(type, value.values())) for value in values}
        if not shapes <= self._plain:
            return False
        times: list[int] = list(map(_TIMESTAMP, values))
        return min(times) > MICROSECONDS_ABOVE and max(times) <= NANOSECONDS_ABOVE

    def fit_all(self, values: list[Any], now: int) -> tuple[list[dict[str, Any]], dict[int, str]]:
        """The records as they will be stored, and the reasons for the places of values that cannot be one.

        `values` hold integers with all their digits; `now` (microseconds) is for those without a time.
        """
        fitted: list[dict[str, Any]] = []
        failures: dict[int, str] = {}
        for place, value in enumerate(values):
            try:
                fitted.append(self._fit(value, now))
            except (RecordError, TimestampError) as error:
                failures[place] = str(error)
        return fitted, failures

    def _fit(self, value: object, now: int) -> dict[str, Any]:
        flat = flatten(value)
        flat["_timestamp"] = to_micros(flat["_timestamp"], now) if "_timestamp" in flat else now
        row: dict[str, Any] = {}
        conflicts: dict[str, Any] = {}
        overflow: dict[str, Any] = {}
        for name, item in flat.items():
            if item is None:
                continue
            if not self._has_column(name, item):
                overflow[name] = item
                continue
            fitting = self._cast(name, item)
            if fitting is _MISFIT:
                conflicts[name] = item
            else:
                row[name] = fitting
        if conflicts:
            row[CONFLICTS] = json_text(conflicts)
        if overflow:
            row[OVERFLOW] = json_text(overflow)
        if row == value:
            self._remember_shape(row)
        return row

    def _has_column(self, name: str, item: object) -> bool:
        if name in self.kinds:
            return name not in (CONFLICTS, OVERFLOW)
        if not name or len(name) > MAX_NAME or len(self.kinds) >= MAX_COLUMNS:
            return False
        kind = _KIND_OF[type(item)]
        self.kinds[name] = "text" if kind == "int" and item not in _INT64 else kind
        self.changed = True
        return True

    def _cast(self, name: str, item: Any) -> Any:
        fitting = cast(self.kinds[name], item)
        if fitting is _MISFIT and self.kinds[name] == "int" and name not in self._fixed:
            fitting = cast("float", item)
            if fitting is not _MISFIT:
                self.kinds[name] = "float"
                self.changed = True
                self._plain.clear()
        return fitting

    def _remember_shape(self, row: dict[str, Any]) -> None:
        types = tuple(map(type, row.values()))
        if all(self.kinds.get(name) == _KIND_OF[kind] for name, kind in zip(row, types, strict=True)):
            if len(self._plain) >= MAX_SHAPES:
                self._plain.clear()
            self._plain.add((*row, *types))


def cast(kind: Kind, item: Any) -> Any:
    """The value in a column of this kind, or the mark for "does not fit"; never a value that lost something."""
    if kind == "text":
        return item if isinstance(item, str) else json_text(item)
    if kind == "bool":
        return (
            {"true": True, "false": False}.get(item, _MISFIT) if isinstance(item, str) else _only(bool, item)
        )
    if isinstance(item, bool):
        return _MISFIT
    if isinstance(item, str):
        item = _number(item)
        if item is None:
            return _MISFIT
    return _as_int(item) if kind == "int" else _as_float(item)


def _only(kind: type, item: Any) -> Any:
    return item if type(item) is kind else _MISFIT


def _number(text: str) -> int | float | None:
    if not _NUMBER.match(text):
        return None
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _as_int(item: int | float) -> Any:
    if isinstance(item, float):
        return int(item) if item.is_integer() and abs(item) <= _EXACT_IN_A_FLOAT else _MISFIT
    return item if item in _INT64 else _MISFIT


def _as_float(item: int | float) -> Any:
    number = float(item) if isinstance(item, float) or abs(item) <= _EXACT_IN_A_FLOAT else None
    return _MISFIT if number is None or number - number != 0 else number
