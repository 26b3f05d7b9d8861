"""A process that `edgewise up` starts, watches and ends: an origin's command, the store, or the AWS of the run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.cli.errors import StartError

_GRACE = 3.0  # seconds between asking a process to end and ending it


class Child:
    """Runs in a process group of its own, so that it ends whole and never by the terminal's Ctrl-C."""

    def __init__(self, name: str, on_line: Callable[[str, str], None]) -> None:
        """`on_line(name, line)` is given what the process prints, line by line."""
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=10)
        self._on_line = on_line

    async def start(
        self,
        command: Sequence[str],
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Raises `StartError` when the program cannot be run at all."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=directory,
                env=environment,
                # Held open while we live: a child that watches it knows when we are gone.
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                # Not `process_group=0`: uvloop does not know it.
                preexec_fn=os.setpgrp,
            )
        except OSError as error:
            shown = " ".join(command)
            raise StartError(
                f"cannot start {self.name}: {error.strerror}: {shown}", hint="is it installed?"
            ) from None
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            try:
                data = await stream.readline()
            except ValueError:
                continue  # a line beyond the stream's limit: it is skipped, the next one is read
            if not data:
                return
            line = data.decode("utf-8", "replace").rstrip("\r\n")
            self.last_lines.append(line)
            self._on_line(self.name, line)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it ends by itself and everything it printed was read."""
        status = await self._process.wait()
        await self._reader
        return status

    async def stop(self) -> None:
        """Ask it to end, and after a grace period end it, with whatever it started itself."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self._process.wait()
        self.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        # A grandchild that left the group may hold the pipe open; nobody waits for it.
        await asyncio.wait([self._reader], timeout=_GRACE)
        self._reader.cancel()

    def kill(self) -> None:
        """End the whole group at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Watched:
    """What has a child and a task that watches it: they end together, the watching first."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._watcher: asyncio.Task[None] | None = None

    def _begin_watching(self, watching: Coroutine[Any, Any, None]) -> None:
        self._watcher = asyncio.get_running_loop().create_task(watching)

    async def stop(self) -> None:
        """End both, or what there is of them."""
        if self._watcher is not None:
            await given_up(self._watcher)
        if self._child is not None:
            await self._child.stop()


async def given_up(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over; whatever it comes to is nobody's concern any more."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
