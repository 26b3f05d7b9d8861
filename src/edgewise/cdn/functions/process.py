"""The operating system's side of an execution environment: one process and its group.

Not asyncio's subprocess: uvloop's knows no process groups, and nothing but the end has to be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


class Process:
    """A started process; `frozen` says whether it and its children are stopped."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path, output: int) -> None:
        """Starts it in `folder`; what it prints goes to the descriptor `output`. Raises `OSError`."""
        self._popen = subprocess.Popen(
            command,
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A group of its own: Ctrl-C in the terminal must not reach it before us, and the kernel ends a
            # frozen group when the process that started it is gone.
            process_group=0,
        )
        self.pid = self._popen.pid
        self.frozen = False

    def freeze(self) -> None:
        """Stop every thread of it and of its children."""
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stopped."""
        self.frozen = False
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it and its children, frozen or not."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # It may have ended a moment ago (macOS then refuses).
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def ended(self) -> str:
        """Wait for the end; returns how it came, as Lambda's log says it (empty for exit status 0)."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        descriptor = _descriptor_of(self.pid)
        if descriptor is None:
            threading.Thread(target=self._wait, args=(loop, done), daemon=True).start()
            await done.wait()
        else:
            loop.add_reader(descriptor, done.set)
            try:
                await done.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        return _how(self._popen.wait())

    def _wait(self, loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
        self._popen.wait()
        loop.call_soon_threadsafe(done.set)


def _descriptor_of(pid: int) -> int | None:
    """A descriptor that can be read when the process has ended, where the system has such."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _how(status: int) -> str:
    if status < 0:
        return f"signal: {(signal.strsignal(-status) or str(-status)).lower()}"
    return f"exit status {status}" if status else ""
