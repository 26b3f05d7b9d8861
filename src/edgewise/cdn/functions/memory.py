"""How much memory a process and its children use, as Linux tells it. macOS does not, and no limit is enforced there."""

from __future__ import annotations

import os
from pathlib import Path

# Asking takes a tenth of the time of a whole invocation.
MEASURE_EVERY = 0.1  # seconds

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1024 * 1024


class MemoryGauge:
    """Measures one process against its limit. `used_mb` is what it was last, None where that is not known."""

    def __init__(self, limit_mb: int) -> None:
        self._limit_mb = limit_mb
        self._measured = 0.0
        self.used_mb: int | None = None

    def exceeded(self, pid: int, now: float) -> bool:
        """Whether it uses more than it may; between two measurements the answer is no.

        Of a process that was ended for this, Lambda reports the limit as what it used.
        """
        if now - self._measured < MEASURE_EVERY:
            return False
        self._measured = now
        used = used_memory_mb(pid)
        exceeded = used is not None and used > self._limit_mb
        self.used_mb = self._limit_mb if exceeded else used
        return exceeded


def used_memory_mb(pid: int) -> int | None:
    """The most that the process has had, with what its children have now; None where that is not told."""
    try:
        peak = _peak_mb(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return None
    return peak + sum(map(_resident, _descendants(pid))) // _MEGABYTE


def _peak_mb(status: bytes) -> int:
    """`VmHWM` of the text of `/proc/PID/status`; a process that has just ended has none."""
    _, _, rest = status.partition(b"\nVmHWM:")
    return int(rest.split(None, 1)[0]) // 1024 if rest else 0


def _descendants(pid: int) -> list[int]:
    try:
        found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()]
    except OSError:
        return []  # it has ended since, or the kernel does not list children
    return found + [deeper for child in found for deeper in _descendants(child)]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0
