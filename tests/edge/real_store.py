"""`edgewise store` as a process, as users run it: what the functions deliver to on this machine."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.store import ensure_credentials, open_reader

_PATIENCE = 30.0


class Store:
    """A running store; `log` is the part of the settings that says how to deliver to it."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        known = ensure_credentials(directory)
        self.log = {
            "delivery": "openobserve",
            "url": url,
            "organization": "default",
            "stream": "edge",
            "user": known.user,
            "password": known.password,
        }

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask it. No rows from a stream that has no record yet."""
        reader = open_reader(self.directory)
        try:
            return reader.query(sql).rows
        finally:
            reader.close()


@contextmanager
def running_store(directory: Path) -> Iterator[Store]:
    """A store on a free port, ended afterwards."""
    command = [sys.executable, "-m", "edgewise", "store", "--dir", str(directory), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
        assert ready, "the store does not start"
        yield Store(directory, json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_PATIENCE)
        process.stdout.close()
