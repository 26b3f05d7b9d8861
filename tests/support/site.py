"""`edgewise up` as a process, as a user runs it: what it prints, what it serves, what it leaves behind."""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from edgewise.store import open_reader

PATIENCE = 60.0


class Up:
    """A running `edgewise up --json`. `events` is everything it said so far."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self._arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            self._arrived.put(event)

    def ready(self) -> dict[str, Any]:
        """Wait for the first line."""
        try:
            self.addresses = self._arrived.get(timeout=PATIENCE)  # moto takes its time
        except queue.Empty:
            raise AssertionError(f"not ready; exit status {self.process.poll()}") from None
        assert self.addresses["event"] == "ready"
        return self.addresses

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event, past or coming, that is wanted."""
        return eventually(lambda: next((event for event in self.events if wanted(event)), None))

    def request(
        self,
        path: str,
        method: str = "GET",
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        address = urlsplit(self.addresses["url"])
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask the running store."""
        reader = open_reader(self.folder / ".edgewise" / "store")
        try:
            return reader.query(sql).rows
        finally:
            reader.close()

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator[Up]:
    """Run `edgewise up ARGUMENTS --json` in `folder`, on a free port, and end it afterwards."""
    command = [sys.executable, "-m", "edgewise", "up", *arguments, "--port", "0", "--json"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=None, text=True)
    up = Up(process, folder)
    try:
        up.ready()
        yield up
    finally:
        up.close()


T = TypeVar("T")


def eventually(value: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Wait until `value` gives something true, and return it. Asks less and less often: a store's answer costs."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while not (found := value()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(pause)
        pause = min(1.5 * pause, 0.3)
    return found


def alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie (Linux); elsewhere whether it exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def command_of(pid: int) -> str:
    """The words of a process (Linux); none if it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(pid: int) -> list[int]:
    """Every process below one (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [below for child in found for below in descendants(child)]
