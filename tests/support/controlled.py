"""A local CDN in a thread of the test, with its control port beside it."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.cdn import CdnOptions, LocalCdn, LogFolder, Trace, parse_template
from edgewise.cdn.clock import MovableClock
from edgewise.cdn.control import ControlServer, History
from support.running import BUCKET_ID, PASS_ON, Answer


@dataclass
class Controlled:
    """The CDN's port and its control port; `history` is what the control port knows."""

    port: int
    control_port: int
    folder: Path
    cdn: LocalCdn
    clock: MovableClock
    history: History

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.control_port}"

    def visit(
        self,
        path: str,
        method: str = "GET",
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A viewer's request."""
        return send(self.port, method, path, body, headers)

    def control(
        self, method: str, path: str, value: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """A request to the control port; `value` is sent as JSON, bytes as they are."""
        body = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        return send(self.control_port, method, path, body, headers)

    def inspect(self, request_id: str = "last", query: str = "") -> dict[str, Any]:
        answer = self.control("GET", f"/requests/{request_id}{query}")
        assert answer.status == 200, answer.body
        report: dict[str, Any] = answer.json()
        return report

    def page(self, path: str) -> str:
        answer = self.control("GET", path, headers={"Accept": "text/html"})
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return answer.body.decode()


def send(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@contextmanager
def controlled(
    folder: Path,
    text: str,
    code: str = PASS_ON,
    origins: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Controlled]:
    """Run a template's text from `folder`, with one function's code."""
    (folder / "code").mkdir(exist_ok=True)
    (folder / "bucket").mkdir(exist_ok=True)
    (folder / "code" / "app.py").write_text(code, encoding="utf-8")
    clock, history = MovableClock(), History()
    troubles: list[str] = []
    logs = LogFolder(folder / "logs", troubles.append)
    cdn = LocalCdn(
        parse_template(text, folder / "template.json"),
        CdnOptions(
            origins={BUCKET_ID: str(folder / "bucket"), **(origins or {})},
            tls=tls,
            clock=clock,
            on_request=history.add,
            on_log=logs,
        ),
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[ControlServer] = []

    async def start() -> tuple[int, int]:
        port = await cdn.start("127.0.0.1", 0)
        servers.append(ControlServer(cdn, history, clock, viewer_port=port, logs=logs.folder))
        return port, servers[0].start("127.0.0.1", 0)

    async def stop() -> None:
        for server in servers:
            await server.close()
        await cdn.close()

    try:
        port, control_port = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
        try:
            yield Controlled(port, control_port, folder, cdn, clock, history)
        finally:
            asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
        logs.close()
        assert troubles == []


def wait_until_told(history: History, request_id: str) -> Trace:
    """The viewer has its answer a moment before the CDN tells of it."""
    for _ in range(10_000):
        if any(trace.request_id == request_id for trace in history.latest_first()):
            break
        threading.Event().wait(0.001)
    return history.find(request_id)
