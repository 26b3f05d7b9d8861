"""Starts web applications as processes of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edgewise.cli.running.ports import free_port
from edgewise.site import CustomOrigin, LocalCommand, Site


@contextmanager
def serving(site: Site) -> Iterator[int]:
    """Start a site's application by its own command; gives the port once it answers."""
    (command,) = (one.local for one in site.origins if isinstance(one, CustomOrigin))
    assert isinstance(command, LocalCommand)
    port = free_port()
    process = subprocess.Popen(
        command.argv(port, sys.executable),
        cwd=command.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield port
    finally:
        process.kill()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(1200):
        assert process.poll() is None, "the application ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("the application does not listen")
