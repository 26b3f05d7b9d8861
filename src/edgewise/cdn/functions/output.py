"""What a function prints: read from a pipe without ever waiting, and cut into lines for its log."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_PIECE = 65_536  # bytes; what a pipe holds
# Read when a function answers; one that prints for ever must not keep everybody waiting.
_DRAIN_READS = 16
_MAX_LINE = 262_144  # bytes; CloudWatch Logs quotas, event size


class Output:
    """The reading end. `descriptor` is the writing end, to be given to the process and then closed.

    `last_line` is the last one that was not blank.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        """`write` gets each line. Needs a running loop."""
        self._write = write
        self._partial = bytearray()
        self.last_line = ""
        self._pipe, self.descriptor = os.pipe()
        os.set_blocking(self._pipe, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe, self._read)

    def close_descriptor(self) -> None:
        os.close(self.descriptor)

    def close(self) -> None:
        """Stop reading. What comes after this is lost."""
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def drain(self) -> None:
        """Pass on what has been printed by now, within reason."""
        for _ in range(_DRAIN_READS):
            if self._read() < _PIECE:
                return

    def _read(self) -> int:
        """Read one piece (others want to be served too); returns its size, 0 when there is nothing now."""
        if self._pipe < 0:
            return 0
        try:
            data = os.read(self._pipe, _PIECE)
        except BlockingIOError:
            return 0
        if not data:
            self._loop.remove_reader(self._pipe)
            self.flush()
            return 0
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._partial += line
            self._pass_on()
        self._partial += rest
        if len(self._partial) > _MAX_LINE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Pass on a line that has no end yet."""
        if self._partial:
            self._pass_on()

    def _pass_on(self) -> None:
        line = self._partial.decode("utf-8", "replace")
        self._partial.clear()
        self.last_line = line.strip() or self.last_line
        self._write(line)
