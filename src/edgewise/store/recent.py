"""A bounded memory of record ids, which tells a retry from a new record. Counts and forgets; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable


class RecentIds:
    """At least the last `capacity / 2` ids of one stream, and not many more than `capacity`.

    Two generations: when the younger is full the elder is dropped whole, so that remembering an id costs
    one set insertion and nothing has to be kept in order.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[str] = set()
        self._old: set[str] = set()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, record_id: str) -> bool:
        """Remember the id; false when it was known already."""
        if record_id in self._young or record_id in self._old:
            return False
        self._make_room()
        self._young.add(record_id)
        return True

    def add_all(self, record_ids: list[str]) -> bool:
        """Remember all of them if none was known and none is there twice; else none of them, and false."""
        fresh = set(record_ids)
        if len(fresh) < len(record_ids) or not (
            fresh.isdisjoint(self._young) and fresh.isdisjoint(self._old)
        ):
            return False
        self._make_room()
        self._young |= fresh
        return True

    def _make_room(self) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()

    def forget(self, record_ids: Iterable[str]) -> None:
        """These were not stored after all."""
        for record_id in record_ids:
            self._young.discard(record_id)
            self._old.discard(record_id)
