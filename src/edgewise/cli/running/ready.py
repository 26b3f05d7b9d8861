"""Starting a process that says when it is ready: with a line of JSON that has its address in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from edgewise.cli.errors import StartError
from edgewise.cli.running.child import Child


async def start_until_ready(
    name: str,
    command: Sequence[str],
    on_line: Callable[[str, str], None],
    *,
    patience: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[Child, str]:
    """The process and its address, once it has printed `{"event": "ready", "url": …}`; other lines go to `on_line`.

    What it says before that is told when it is ready, or in the `StartError` that is raised when it ends, or is not
    ready within `patience` seconds.
    """
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    early: list[str] = []

    def hear(source: str, line: str) -> None:
        url = _ready_url(line)
        if url and not ready.done():
            ready.set_result(url)
        elif ready.done():
            on_line(source, line)
        else:
            early.append(line)

    child = Child(name, hear)
    await child.start(command, environment=environment)
    ended = asyncio.ensure_future(child.wait())
    try:
        await asyncio.wait((ready, ended), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        if not ready.done():
            await child.stop()
    if not ready.done():
        raise StartError(f"{name} did not start", hint="\n  ".join(child.last_lines) or None)
    for line in early:
        on_line(name, line)
    return child, ready.result()


def _ready_url(line: str) -> str:
    try:
        event = json.loads(line)
    except ValueError:
        return ""
    ready = isinstance(event, dict) and event.get("event") == "ready"
    return str(event.get("url", "")) if ready else ""
