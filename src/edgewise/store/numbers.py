"""The numbers of journal segments and of what is written past the journal: each is used once, in order.

Files are put together only below the lowest number in use (`partitions.py`: a file whose range lies inside another's
does not count), so that nobody's later files fall into the range of what was put together before they came.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Numbers:
    """`first` is the next number; `in_use` are earlier ones whose files are not final yet. Thread-safe."""

    def __init__(self, first: int, in_use: Iterable[int] = ()) -> None:
        self._next = first
        self._in_use = set(in_use)
        self._lock = threading.Lock()

    def take(self) -> int:
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._in_use.add(number)
            return number

    def done(self, number: int) -> None:
        """No more files of this number will come."""
        with self._lock:
            self._in_use.discard(number)

    def lowest_in_use(self) -> int:
        """Every file that bears a lower number alone is final."""
        with self._lock:
            return min(self._in_use, default=self._next)
