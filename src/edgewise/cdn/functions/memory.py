"""How much memory a process and its children use, as Linux tells it. macOS does not, and no limit is enforced there."""

from __future__ import annotations

from edgewise.cdn.functions.process import descendants, text_of

# Seconds between two looks at a function that is running. Asking takes a tenth of the time of a whole invocation.
MEASURE_EVERY = 0.1

# Megabytes a second: more than any process can fill. What was measured holds for as long as that leaves room.
_FASTEST = 20_000


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
    """The most that the process has had, or what it has now with its children; None where that is not told."""
    try:
        peak = _kilobytes(text_of(f"/proc/{pid}/status"), b"\nVmHWM:")
    except OSError:
        return None
    children = descendants(pid)
    together = sum(map(_share, (pid, *children))) if children else 0
    return max(peak, together) // 1024


def _kilobytes(told: bytes, name: bytes) -> int:
    """A row of a file of `/proc`; a process that has just ended has none."""
    _, _, rest = told.partition(name)
    return int(rest.split(None, 1)[0]) if rest else 0


def _share(pid: int) -> int:
    """Kilobytes of a process, of those pages that it shares with others (a child's, with its parent) its part."""
    try:
        return _kilobytes(text_of(f"/proc/{pid}/smaps_rollup"), b"\nPss:")
    except OSError:
        return 0
