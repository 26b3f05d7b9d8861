"""A bounded memory of record ids, which tells a retry from a new record. Counts and forgets; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

# Characters of an id that is kept as it is, as those of our own records are (some 80). A digest of each
# would cost more than all else that is done here.
_LONGEST: Final = 96
_Key = str | bytes


class RecentIds:
    """At least the last `capacity / 2` ids of one stream, and not many more than `capacity`.

    Two generations: when the younger is full the elder is dropped whole, so that remembering an id costs
    one set insertion and nothing has to be kept in order.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[_Key] = set()
        self._old: set[_Key] = set()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, record_id: str) -> bool:
        """Remember the id; false when it was known already."""
        key = _key(record_id)
        if key in self._young or key in self._old:
            return False
        self._make_room()
        self._young.add(key)
        return True

    def add_all(self, record_ids: list[str]) -> bool:
        """Remember all of them if none was known and none is there twice; else none of them, and false."""
        fresh = set(map(_key, record_ids))
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
        for key in map(_key, record_ids):
            self._young.discard(key)
            self._old.discard(key)


def _key(record_id: str) -> _Key:
    """What is kept of an id: of a long one its digest, so that not only the number of them is bounded."""
    if len(record_id) <= _LONGEST:
        return record_id
    return blake2b(record_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
