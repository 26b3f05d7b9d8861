"""About how many bytes a value takes, so that a memory of a few megabytes can be held to them.

A visitor waits while this counts. So it goes down level by level, and of a level with too many objects it counts some
of each container, which stand for the others: exact for a few hundred objects, beyond that an estimate.
"""

from __future__ import annotations

import sys
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_LEAVES = frozenset((str, bytes, int, float, bool, type(None)))
# Code is there anyway, and through it everything else could be reached.
_CODE = (type, type(sys), type(lambda: 0), type(len))
_ROUNDING = 8  # bytes: what the allocator adds to an object on average, since it gives out multiples of 16
_MOST_COUNTED = 256  # objects of a level; one takes about a microsecond
_MOST_LEVELS = 32  # of a chain that is longer the rest is not counted
_MOST_SEEN = 4096  # of a dictionary or set, which have to be walked; the others are taken to be like them
_GOLDEN = 0.618033988749895  # its multiples are spread evenly, and in step with nothing that repeats


def weigh(value: object, most: int) -> int:
    """Bytes of `value` with all that it holds, each object once; of functions nothing is counted.

    More than `most` need not be counted to the end.
    """
    if type(value) in _LEAVES:
        return sys.getsizeof(value) + _ROUNDING
    total = 0.0
    counted: set[int] = set()
    level: list[tuple[Any, float]] = [(value, 1.0)]  # objects, and how many each stands for
    for _ in range(_MOST_LEVELS):
        containers = []
        for one, share in level:
            if id(one) in counted or isinstance(one, _CODE):
                continue
            counted.add(id(one))
            total += share * (sys.getsizeof(one) + _ROUNDING)
            if total > most:
                return int(total)
            if type(one) not in _LEAVES:
                containers.append((*_inside(one), share))
        level = _below(containers)
    return int(total)


def _inside(one: Any) -> tuple[Sequence[Any], int]:
    """Objects that another one refers to, and how many there are; of large ones not all."""
    kind = type(one)
    if kind is list or kind is tuple:
        return one, len(one)
    if kind is dict:
        return [*islice(one, _MOST_SEEN), *islice(one.values(), _MOST_SEEN)], 2 * len(one)
    if kind is set or kind is frozenset:
        return [*islice(one, _MOST_SEEN)], len(one)
    from gc import get_referents  # here, for a bundle that keeps no such values never needs it

    inside = get_referents(one)
    if isinstance(one, dict):
        inside += one  # the interpreter does not count keys that are text among the referents
    return inside, len(inside)


def _below(containers: list[tuple[Sequence[Any], int, float]]) -> list[tuple[Any, float]]:
    """The next level: all that is in the containers, or some of each."""
    each = sys.maxsize
    if sum(count for _, count, _ in containers) > _MOST_COUNTED:
        each = max(1, _MOST_COUNTED // len(containers))
    level: list[tuple[Any, float]] = []
    for inside, count, share in containers:
        if count <= each:
            level += [(one, share) for one in inside]
            continue
        places = [number * _GOLDEN % 1 for number in range(len(level), len(level) + each)]
        level += [(inside[int(place * len(inside))], share * count / each) for place in places]
    return level
