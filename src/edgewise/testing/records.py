"""Records of a test's requests, and questions about them that fail with what was there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__tracebackhide__ = True  # pytest shows the line of the test, not ours

Record = dict[str, Any]

_WHO = "only functions that use edgewise.edge make records; site.records('access') has one of every request"


class Records(list[Record]):
    """A list of records, in the order in which they were made."""

    def where(self, **fields: object) -> Records:
        """Those in which every named field has the given value."""
        return Records(record for record in self if _matches(record, fields))

    def one(self, **fields: object) -> Record:
        """The only record with these values. Raises `AssertionError` that shows what there is instead."""
        found = self.where(**fields)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} records have {fields}; there are:\n{_table(self, fields)}")
        return found[0]


def _matches(record: Record, fields: dict[str, object]) -> bool:
    return all(name in record and record[name] == value for name, value in fields.items())


def _table(records: Iterable[Record], fields: Iterable[str]) -> str:
    names = [
        "trigger",
        "path",
        "status",
        *(name for name in fields if name not in ("trigger", "path", "status")),
    ]
    rows = (
        "  " + ", ".join(f"{name}={record[name]!r}" for name in names if name in record) for record in records
    )
    return "\n".join(rows) or f"  none at all: {_WHO}"
