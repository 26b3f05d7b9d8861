"""The site's origins on this machine: starts their commands, and says where each origin is."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from edgewise.cli.errors import StartError
from edgewise.cli.running.awssettings import without_settings
from edgewise.cli.running.child import Child, Watched
from edgewise.cli.running.leftovers import Processes
from edgewise.cli.running.ports import free_port, listening
from edgewise.cli.runs import STATE_FOLDER
from edgewise.site import BucketOrigin, ImageOrigin, LocalCommand, LocalUrl, Site

_PATIENCE = 30.0  # seconds for an origin to listen
_PROCESSES = "origins.json"  # below the folder of a run
_PAUSE = 1.0  # seconds before one that died is started again


async def start_origins(
    site: Site,
    skip: set[str],
    stack: AsyncExitStack,
    on_line: Callable[[str, str], None],
    variables: Mapping[str, str],
) -> dict[str, str]:
    """Origin name to URL or folder. Started processes are ended with `stack`. Raises `StartError`.

    `skip` names the origins that the user placed elsewhere; one without a place of its own is left out, and is
    then asked at its real address. `variables` are for the environment of each command.
    """
    places: dict[str, str] = {}
    starting = []
    processes = Processes(site.file.parent / STATE_FOLDER / _PROCESSES)
    for name in processes.end_leftovers():
        on_line(name, "went on after a run that was killed; it is ended now")
    for origin in site.origins:
        if origin.name in skip:
            continue
        if isinstance(origin, BucketOrigin):
            places[origin.name] = str(origin.folder)
        elif isinstance(origin.local, LocalUrl):
            places[origin.name] = origin.local.url
        elif isinstance(origin.local, LocalCommand) and not isinstance(origin, ImageOrigin):
            port = free_port()
            places[origin.name] = f"http://127.0.0.1:{port}"
            process = OriginProcess(origin.name, origin.local, port, on_line, variables, processes)
            stack.push_async_callback(process.stop)
            starting.append(asyncio.get_running_loop().create_task(process.start()))
    try:
        for started in asyncio.as_completed(starting):
            await started
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
    return places


class OriginProcess(Watched):
    """An origin's command: started, waited for until it listens, and started again when it dies."""

    def __init__(
        self,
        name: str,
        local: LocalCommand,
        port: int,
        on_line: Callable[[str, str], None],
        variables: Mapping[str, str],
        processes: Processes,
    ) -> None:
        super().__init__()
        self._name = name
        self._local = local
        self._port = port
        self._on_line = on_line
        self._variables = variables
        self._processes = processes

    async def start(self) -> None:
        """Raises `StartError` with what the command said."""
        child = await self._spawned()
        ready = asyncio.ensure_future(listening(self._port))
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait((ready, ended), timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                message = f"the origin {self._name!r} ended with status {ended.result()} before it listened"
                raise StartError(message, hint="\n  ".join(child.last_lines) or None)
            if not ready.done():
                message = (
                    f"the origin {self._name!r} does not listen on port {self._port} after {_PATIENCE:g} s"
                )
                raise StartError(message, hint="does its command use {port} (or the variable PORT)?")
        finally:
            ready.cancel()
            ended.cancel()
        self._begin_watching(self._watch())

    async def _spawned(self) -> Child:
        child = Child(self._name, self._on_line)
        # The port is also in PORT, where many programs look for it; output is wanted line by line.
        own = {"PORT": str(self._port), "PYTHONUNBUFFERED": "1"}
        inherited = without_settings(os.environ) if self._variables else os.environ
        environment = {**inherited, **self._variables, **self._local.environment, **own}
        command = self._local.argv(self._port, sys.executable)
        await child.start(command, directory=self._local.directory, environment=environment)
        self._child = child
        self._processes.add(self._name, child.pid)
        return child

    async def _watch(self) -> None:
        while True:
            assert self._child is not None
            status = await self._child.wait()
            self._child.kill()  # what it started itself would hold the port
            self._on_line(self._name, f"ended with status {status}; starting it again")
            await asyncio.sleep(_PAUSE)
            try:
                await self._spawned()
            except StartError as error:
                self._on_line(self._name, str(error))
                return

    async def stop(self) -> None:
        await super().stop()
        if self._child is not None:
            self._processes.remove(self._name)
