"""One timer of an environment, for all that may become due: a limit of time, a look at the memory, the freeze.

Most of what it is set for is past before it rings. It is not set anew for each invocation: it rings too early, and
whoever hears it sets it for what is due then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Alarm:
    """Calls `ring` at the earliest of the times that were asked for since it rang last, or earlier."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._when = 0.0

    def no_later_than(self, when: float) -> None:
        """`when` is on the monotonic clock, in seconds."""
        if self._timer is not None:
            if self._when <= when:
                return
            self._timer.cancel()
        self._when = when
        self._timer = asyncio.get_running_loop().call_later(when - time.monotonic(), self._rings)

    def _rings(self) -> None:
        self._timer = None
        self._ring()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
