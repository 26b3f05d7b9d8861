"""The origins' commands of a run that was killed go on without it: the next run of the site ends them.

Each is known by its process number and when it began, for the number alone may be anybody's by then. Where the
kernel does not tell when a process began (macOS), nothing is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

from edgewise.cli.runs import began


class Processes:
    """Those of the run that goes on, in a file beside its state."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._began: dict[str, tuple[int, str]] = {}

    def end_leftovers(self) -> list[str]:
        """End those that an earlier run has left, each with what it started itself; the names of their origins."""
        try:
            left = dict(json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return []
        return [name for name, process in left.items() if _ended(process)]

    def add(self, name: str, pid: int) -> None:
        self._began[name] = pid, began(pid)
        self._write()

    def remove(self, name: str) -> None:
        self._began.pop(name, None)
        self._write()

    def _write(self) -> None:
        # Without the file nothing is ended later: no reason not to run.
        with contextlib.suppress(OSError):
            if self._began:
                self._file.write_text(json.dumps(self._began), encoding="utf-8")
            else:
                self._file.unlink(missing_ok=True)


def _ended(process: object) -> bool:
    match process:
        case [int(pid), str(then)] if pid > 1 and then and began(pid) == then:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
                return True
    return False
