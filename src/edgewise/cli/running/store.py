"""The store's process: started with `edgewise up`, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.cli.errors import StartError
from edgewise.cli.running.child import Watched
from edgewise.cli.running.ports import free_port
from edgewise.cli.running.ready import start_until_ready

_PATIENCE = 30.0  # seconds until it must be ready, with the recovery of what an earlier one left
_PAUSE = 0.5  # seconds before a dead one is started again


class StoreProcess(Watched):
    """Serves `directory`; `url` is set once it is ready and stays the same over restarts."""

    def __init__(self, directory: Path, on_line: Callable[[str, str], None]) -> None:
        super().__init__()
        self.directory = directory
        self.url = ""
        self._on_line = on_line

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
        self._begin_watching(self._watch())

    async def _started(self) -> None:
        command = [sys.executable, "-m", "edgewise", "store", "--dir", str(self.directory)]
        self._child, self.url = await start_until_ready(
            "store",
            [*command, "--port", str(self._port), "--json", "--lifeline"],
            self._on_line,
            patience=_PATIENCE,
        )

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
