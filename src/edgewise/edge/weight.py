"""How many bytes a value takes, so that a memory of a few megabytes can be held to them.

Counting takes some five times as long as `json.loads` of the same value, and ends where the bound is passed.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LEAVES = frozenset((str, bytes, int, float, bool, type(None)))
# Code is there anyway, and through it everything else could be reached.
_CODE = (type, type(sys), type(lambda: 0), type(len))
_ROUNDING = 8  # bytes: what the allocator adds to an object on average, since it gives out multiples of 16


def weigh(value: object, most: int) -> int:
    """Bytes of `value` with all that it holds, each object once. More than `most` need not be counted to the end."""
    if type(value) in _LEAVES:
        return sys.getsizeof(value) + _ROUNDING
    from gc import get_referents  # here, for a bundle that keeps no such values never needs it

    total = 0
    counted: set[int] = set()
    found: list[Any] = [value]
    while found and total <= most:
        one = found.pop()
        if id(one) in counted or isinstance(one, _CODE):
            continue
        counted.add(id(one))
        total += sys.getsizeof(one) + _ROUNDING
        if type(one) not in _LEAVES:
            found += get_referents(one)
            if isinstance(one, dict):
                found += one  # the interpreter does not count keys that are text among the referents
    return total
