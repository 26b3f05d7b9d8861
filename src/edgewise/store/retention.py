"""Which files are too old, or too much. Facts in, files out; nothing is removed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from edgewise.store.partitions import HOUR, Part


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept: hours that ended less than `micros` ago, and the newest of them up to `size` bytes of Parquet."""

    micros: int | None = None
    size: int | None = None


EVERYTHING: Final = Keep()


def expired(parts: Iterable[Part], keep: Keep, now: int, size_of: Callable[[Part], int]) -> list[Part]:
    """The files to remove, by whole hours of `_timestamp`; `now` in microseconds.

    By size the oldest hours of all streams go first. The newest hour stays, however large it is: what has only just
    been stored can be found.
    """
    found = list(parts)
    limit = None if keep.micros is None else now - keep.micros
    gone = [one for one in found if limit is not None and (one.hour + 1) * HOUR <= limit]
    if keep.size is None:
        return gone
    kept = sorted(
        (one for one in found if limit is None or (one.hour + 1) * HOUR > limit), key=lambda one: one.hour
    )
    hours = [list(members) for _, members in groupby(kept, key=lambda one: one.hour)]
    total = sum(size_of(one) for one in kept)
    for members in hours[:-1]:
        if total <= keep.size:
            break
        total -= sum(size_of(one) for one in members)
        gone += members
    return gone
