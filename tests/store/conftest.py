"""A running `edgewise store`, and a small client for it that uses the standard library only."""

from __future__ import annotations

import base64
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

EDGEWISE = [sys.executable, "-m", "edgewise"]
WAIT = 60.0  # a process starts in half a second, or in ten where others are at work


@dataclass
class Server:
    """A store's process; `post` and `search` speak to it."""

    directory: Path
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    connections: list[http.client.HTTPConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def authorization(self) -> str:
        known = json.loads((self.directory / "credentials.json").read_bytes())
        return "Basic " + base64.b64encode(f"{known['user']}:{known['password']}".encode()).decode()

    def connect(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=WAIT)
        self.connections.append(connection)
        return connection

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self.connect()
        connection.request(method, path, body, {"Authorization": self.authorization, **(headers or {})})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def post(self, stream: str, records: object, kind: str = "_json") -> dict[str, Any]:
        body = records if isinstance(records, bytes) else json.dumps(records).encode()
        response, content = self.request("POST", f"/api/default/{stream}/{kind}", body)
        assert response.status == 200, content
        return dict(json.loads(content)["status"][0])

    def search(self, sql: str, **query: Any) -> dict[str, Any]:
        query = {"sql": sql, "start_time": 0, "end_time": 2**55, **query}
        response, content = self.request(
            "POST", "/api/default/_search?type=logs", json.dumps({"query": query}).encode()
        )
        return {"status": response.status, **json.loads(content)}

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self.search(sql, size=-1)["hits"])

    def stop(self, number: int = signal.SIGTERM) -> int:
        for connection in self.connections:
            connection.close()
        self.process.send_signal(number)
        return self.finish()

    def finish(self) -> int:
        """Wait for the process to end; its standard streams are closed."""
        try:
            return self.process.wait(WAIT)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], WAIT)
    return process.stdout.readline() if ready else b""


def start(directory: Path, *options: str, port: int = 0, program: list[str] | None = None) -> Server:
    """The store of this directory; `program` is a command that runs it otherwise than `edgewise store` does."""
    command = [*EDGEWISE, "store", "--dir", str(directory), "--port", str(port), "--json", *options]
    process = subprocess.Popen(
        program or command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    events = []
    while not events or events[-1]["event"] != "ready":
        line = first_line(process)
        if not line:
            process.kill()
            _, errors = process.communicate()
            raise AssertionError(f"the store did not start: {errors.decode()}")
        events.append(json.loads(line))
    return Server(directory, process, {**events[-1], "messages": events[:-1]})


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[Server]:
    server = start(directory, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        else:
            server.finish()


@pytest.fixture
def serve() -> Callable[..., Any]:
    """`with serve(directory) as server:`"""
    return serving


@pytest.fixture
def start_store() -> Callable[..., Server]:
    return start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running store for the tests of a module, each with streams of its own."""
    with serving(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def run_cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
        return subprocess.run(
            [*EDGEWISE, *arguments],
            capture_output=True,
            text=True,
            timeout=WAIT,
            env=environment,
            check=False,
        )

    return run


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Ask until the answer is true, for a bounded time, and less and less often; gives the answer."""

    def ask(question: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + WAIT
        pause = 0.02
        while not (answer := question()):
            assert time.monotonic() < deadline, "it did not become true in time"
            time.sleep(pause)
            pause = min(1.5 * pause, 0.3)
        return answer

    return ask
