"""Who is judged: a local CDN that is started here through the command line, as a user would, or an address."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.client import Client
from conformance.origin import listen

TEMPLATE = Path(__file__).with_name("template.yaml")
_START = 60.0  # seconds until `edgewise up` must be ready
_ORIGINS = ("main", "second", "slow")


@dataclass(frozen=True)
class Target:
    """An address under judgement. `local` says that a request may choose its viewer's country and device."""

    address: str
    client: Client
    reports: Client
    local: bool


class CannotStart(Exception):
    """The local CDN did not come up; the message is what it said."""


def remote(address: str) -> Target:
    """A distribution (or another emulator) made from the kit's template, with the kit's origin behind it."""
    client = Client(address)
    return Target(address, client, client, local=False)


@contextmanager
def local() -> Iterator[Target]:
    """`edgewise up` with the kit's template, and the kit's origin on a port of its own; both end afterwards."""
    with running_origin() as origin, tempfile.TemporaryDirectory() as name, _closed_port() as closed:
        folder = Path(name)
        (folder / "bucket").mkdir()
        places = [f"{origin_id}={origin}" for origin_id in _ORIGINS]
        places += [f"closed=http://127.0.0.1:{closed}", f"bucket={folder / 'bucket'}"]
        with _up(folder, places) as address:
            yield Target(address, Client(address), Client(origin), local=True)


@contextmanager
def running_origin() -> Iterator[str]:
    """The kit's origin in a thread; yields its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(listen("127.0.0.1", 0), loop).result(10)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Close the server, and end what still serves a connection."""
    server.close()
    serving = asyncio.all_tasks() - {asyncio.current_task()}
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


@contextmanager
def _closed_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, so that nobody else takes it, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def _up(folder: Path, places: list[str]) -> Iterator[str]:
    command = [sys.executable, "-m", "edgewise", "up", "--template", str(TEMPLATE), "--port", "0", "--json"]
    for place in places:
        command += ["--origin", place]
    said, complained = folder / "said", folder / "complained"
    with said.open("w") as out, complained.open("w") as err:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=os.environ.copy())
        try:
            yield _address(process, said, complained)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def _address(process: subprocess.Popen[bytes], said: Path, complained: Path) -> str:
    """The address in the first line that it says."""
    pause = threading.Event()
    for _ in range(int(_START / 0.05)):
        line, newline, _ = said.read_text().partition("\n")
        if newline:
            return str(json.loads(line)["url"])
        if process.poll() is not None:
            break
        pause.wait(0.05)
    raise CannotStart(f"edgewise up did not start (exit status {process.poll()}):\n{complained.read_text()}")
