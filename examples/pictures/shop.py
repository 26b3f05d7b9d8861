"""A store of its own for the pictures: started, filled, ended."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EDGEWISE = [sys.executable, "-m", "edgewise"]
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Store:
    """A running store: its folder, its address, and who may do all."""

    directory: Path
    url: str
    user: str
    password: str

    def take(self, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Put records in, as any client does."""
        waiting: dict[str, list[dict[str, Any]]] = {}
        for stream, record in records:
            waiting.setdefault(stream, []).append(record)
            if len(waiting[stream]) == _BATCH:
                self._post(stream, waiting.pop(stream))
        for stream, rest in waiting.items():
            self._post(stream, rest)

    def _post(self, stream: str, records: list[dict[str, Any]]) -> None:
        key = b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = urllib.request.Request(
            f"{self.url}/api/default/{stream}/_json",
            json.dumps(records).encode(),
            {"Authorization": f"Basic {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            status = json.load(response)["status"][0]
        if status["failed"]:
            raise SystemExit(f"the store refused records: {status}")


@contextmanager
def running_store(directory: Path) -> Iterator[Store]:
    """A store's process for as long as the block runs."""
    command = [*EDGEWISE, "store", "--dir", str(directory), "--port", "0", "--json", "--lifeline"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        known = json.loads((directory / "credentials.json").read_bytes())
        yield Store(directory, ready["url"], known["user"], known["password"])
    finally:
        process.communicate(timeout=30)
