"""How late this machine is. A bound on time in a test is the budget that the code promises, and what the machine itself
takes: it may be busy with something else just when somebody wants to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SCHEDULING_MS = 100.0  # that nobody is blamed for
_NAP = 0.005


class Witness:
    """Naps beside the test, and notes by how much a nap was too long."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._due = time.monotonic() + _NAP
        self._ended = threading.Event()

    def late_ms(self) -> float:
        """The worst that was seen. The present nap counts: when all go on after a standstill, the witness is not
        always the first."""
        return 1000 * max(self._worst, time.monotonic() - self._due)

    def allowance_ms(self) -> float:
        """What may come on top of a budget."""
        return SCHEDULING_MS + 2 * self.late_ms()

    def watch(self) -> None:
        while not self._ended.is_set():
            self._due = time.monotonic() + _NAP
            time.sleep(_NAP)
            self._worst = max(self._worst, time.monotonic() - self._due)

    def end(self) -> None:
        self._ended.set()


@contextmanager
def witnessing() -> Iterator[Witness]:
    witness = Witness()
    thread = threading.Thread(target=witness.watch)
    thread.start()
    try:
        yield witness
    finally:
        witness.end()
        thread.join(5)
