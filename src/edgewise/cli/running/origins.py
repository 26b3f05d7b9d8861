"""The site's origins on this machine: starts their commands, and says where each origin is."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

from edgewise.cli.errors import StartError
from edgewise.cli.running.child import Child
from edgewise.cli.running.ports import free_port, listening
from edgewise.site import BucketOrigin, CustomOrigin, LocalCommand, LocalUrl, Site

_PATIENCE = 30.0  # seconds for an origin to listen


async def start_origins(
    site: Site, skip: set[str], stack: AsyncExitStack, on_line: Callable[[str, str], None]
) -> dict[str, str]:
    """Origin name to URL or folder. Started processes are ended with `stack`. Raises `StartError`.

    `skip` names the origins that the user placed elsewhere; one without a place of its own is left out, and is
    then asked at its real address.
    """
    places: dict[str, str] = {}
    starting = []
    for origin in site.origins:
        if origin.name in skip:
            continue
        if isinstance(origin, BucketOrigin):
            places[origin.name] = str(origin.folder)
        elif isinstance(origin.local, LocalUrl):
            places[origin.name] = origin.local.url
        elif isinstance(origin.local, LocalCommand):
            port = free_port()
            places[origin.name] = f"http://127.0.0.1:{port}"
            start = _start(origin, origin.local, port, stack, on_line)
            starting.append(asyncio.get_running_loop().create_task(start))
    try:
        for started in asyncio.as_completed(starting):
            await started
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
    return places


async def _start(
    origin: CustomOrigin,
    local: LocalCommand,
    port: int,
    stack: AsyncExitStack,
    on_line: Callable[[str, str], None],
) -> None:
    child = Child(origin.name, on_line)
    # The port is also in PORT, where many programs look for it; output is wanted line by line.
    environment = {**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    await child.start(local.argv(port, sys.executable), directory=local.directory, environment=environment)
    stack.push_async_callback(child.stop)
    ready = asyncio.ensure_future(listening(port))
    ended = asyncio.ensure_future(child.wait())
    await asyncio.wait((ready, ended), timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    if ended.done():
        said = "\n  ".join(child.last_lines)
        raise StartError(
            f"the origin {origin.name!r} ended with status {ended.result()} before it listened", hint=said
        )
    ended.cancel()
    if ready.cancelled() or not ready.done():
        hint = "does its command use {port} (or the variable PORT)?"
        raise StartError(
            f"the origin {origin.name!r} does not listen on port {port} after {_PATIENCE:g} s", hint=hint
        )
