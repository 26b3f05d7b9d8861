"""The operating system's side of an execution environment: one process, its group, and what left the group.

A child in a session of its own is found through its parents, on Linux alone. One whose parents have ended is not
found, and outlives its environment.

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
        self._strays: list[int] = []

    def freeze(self) -> None:
        """Stop every thread of it and of its children."""
        self.frozen = True
        self._signal(signal.SIGSTOP)
        # Asked after the group has stopped, which starts nothing more now. To wake them costs no second look.
        self._strays = self._outside()
        _each(self._strays, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stopped."""
        self.frozen = False
        _each(self._strays, signal.SIGCONT)
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it and its children, frozen or not."""
        # Asked first: nobody finds the children of what has ended.
        self._signal(signal.SIGSTOP)
        strays = self._outside()
        self._signal(signal.SIGKILL)
        _each(strays, signal.SIGKILL)

    def _outside(self) -> list[int]:
        """Its descendants that are not in its group."""
        return [pid for pid in descendants(self.pid) if _group(pid) not in (self.pid, None)]

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


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs, by their ids; empty where that is not told."""
    found: list[int] = []
    try:
        with os.scandir(f"/proc/{pid}/task") as threads:
            for thread in threads:
                found += map(int, text_of(f"{thread.path}/children").split())
    except OSError:
        return []  # it has ended since, or the system does not list children
    return found + [deeper for child in found for deeper in descendants(child)]


def text_of(path: str) -> bytes:
    """A small file of `/proc`, at once. Raises `OSError`. It takes a third of the time of `Path.read_bytes`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 65_536)
    finally:
        os.close(descriptor)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _each(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


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
