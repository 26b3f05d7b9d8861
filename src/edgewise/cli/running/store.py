"""The store's process: started with `edgewise up`, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.cli.errors import StartError
from edgewise.cli.running.child import Child
from edgewise.cli.running.ports import free_port

_PATIENCE = 30.0  # seconds until it must be ready, with the recovery of what an earlier one left
_PAUSE = 0.5  # seconds before a dead one is started again


class StoreProcess:
    """Serves `directory`; `url` is set once it is ready and stays the same over restarts."""

    def __init__(self, directory: Path, on_line: Callable[[str, str], None]) -> None:
        self.directory = directory
        self.url = ""
        self._on_line = on_line
        self._child: Child | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def start(self, preferred_port: int) -> None:
        """Listen on the preferred port, or on a free one if somebody has it. Raises `StartError`."""
        self._port = free_port(preferred_port)
        try:
            await self._started()
        except StartError:
            # Somebody else may have taken the port since it was looked at; any other fault comes again.
            self._port = 0
            await self._started()
        self._port = urlsplit(self.url).port or 0
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _started(self) -> None:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        early: list[str] = []

        def hear(name: str, line: str) -> None:
            url = _ready_url(line)
            if url and not ready.done():
                ready.set_result(url)
            elif ready.done():
                self._on_line(name, line)
            else:
                early.append(line)

        child = Child("store", hear)
        command = [sys.executable, "-m", "edgewise", "store", "--dir", str(self.directory)]
        await child.start([*command, "--port", str(self._port), "--json", "--lifeline"])
        self._child = child
        ended = asyncio.ensure_future(child.wait())
        await asyncio.wait((ready, ended), timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not ready.done():
            await child.stop()
            raise StartError("the store did not start", hint="\n  ".join(child.last_lines) or None)
        self.url = ready.result()
        for line in early:
            self._on_line("store", line)

    async def _watch(self) -> None:
        while True:
            assert self._child is not None
            status = await self._child.wait()
            self._on_line("store", f"ended with status {status}; starting it again")
            await asyncio.sleep(_PAUSE)
            try:
                await self._started()
            except StartError as error:
                self._on_line("store", str(error))
                continue
            self._on_line("store", f"is back at {self.url}; what it acknowledged is there")

    async def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()


def _ready_url(line: str) -> str:
    try:
        event = json.loads(line)
    except ValueError:
        return ""
    ready = isinstance(event, dict) and event.get("event") == "ready"
    return str(event.get("url", "")) if ready else ""
