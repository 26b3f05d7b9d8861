"""How much memory a process and its children use, as Linux tells it. macOS does not, and no limit is enforced there."""

from __future__ import annotations

import os

from edgewise.cdn.functions.process import descendants, text_of

# Seconds between two looks at a function that is running. Asking takes a tenth of the time of a whole invocation.
MEASURE_EVERY = 0.1

# Megabytes a second: more than any process can fill. What was measured holds for as long as that leaves room.
_FASTEST = 20_000
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1024 * 1024


class MemoryGauge:
    """Measures one process against its limit. `used_mb` is what it was last, None where that is not known."""

    def __init__(self, limit_mb: int) -> None:
        self._limit_mb = limit_mb
        self._sound_until = 0.0
        self._exceeded = False
        self.used_mb: int | None = None

    def exceeded(self, pid: int, now: float) -> bool:
        """Whether it has had more than it may, on the way to this moment. Once it has, that stays so.

        Of a process that was ended for this, Lambda reports the limit as what it used.
        """
        if self._exceeded or now < self._sound_until:
            return self._exceeded
        self.used_mb = used_memory_mb(pid)
        room = self._limit_mb - (self.used_mb or 0)
        self._sound_until = now + room / _FASTEST
        if room < 0:
            self._exceeded, self.used_mb = True, self._limit_mb
        return self._exceeded


def used_memory_mb(pid: int) -> int | None:
    """The most that the process has had, with what its children have now; None where that is not told."""
    try:
        peak = _peak_mb(text_of(f"/proc/{pid}/status"))
    except OSError:
        return None
    return peak + sum(map(_resident, descendants(pid))) // _MEGABYTE


def _peak_mb(status: bytes) -> int:
    """`VmHWM` of the text of `/proc/PID/status`; a process that has just ended has none."""
    _, _, rest = status.partition(b"\nVmHWM:")
    return int(rest.split(None, 1)[0]) // 1024 if rest else 0


def _resident(pid: int) -> int:
    try:
        return int(text_of(f"/proc/{pid}/statm").split()[1]) * _PAGE
    except OSError:
        return 0
