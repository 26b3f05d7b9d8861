"""Records as lines on standard output: nothing to wait for, and nothing in memory that could be lost."""

from __future__ import annotations

from edgewise.edge.record import to_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgewise.edge.output import Write
    from edgewise.edge.record import Record


class Stdout:
    """One line of ASCII JSON per record, at once: none waits, and none is sent again."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.sent = 0
        self.dropped = 0
        self.retried = 0
        self.waited_ms = 0.0
        self.batch_age_ms = 0
        self.drop_reason = ""

    def deliver(self, record: Record, remaining_ms: float) -> None:
        """Write the record. What the write raises is passed on, the record counted as dropped."""
        try:
            self._write(to_line(record))
        except Exception:
            self.dropped += 1
            raise
        self.sent += 1
