"""Ports of this machine: a free one to give away, and waiting until somebody listens on one."""

from __future__ import annotations

import asyncio
import random
import socket

_LOOK_EVERY = 0.02
# The system gives away higher ones: what it chooses may be anybody's by the time that a program listens on it.
_OURS = range(20_000, 32_000)


def free_port(preferred: int = 0) -> int:
    """The preferred port if nobody listens on it, else one that the system gives to nobody who does not name it."""
    for port in (*([preferred] if preferred else []), *random.sample(_OURS, 100), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


async def listening(port: int) -> None:
    """Return once a connection to 127.0.0.1 on this port succeeds; the caller sets the limit."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_LOOK_EVERY)
        else:
            writer.close()
            await writer.wait_closed()
            return
