"""An HTTP server that a test writes: fixed replies by path, or a function; it remembers what it was asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TIMEOUT = 30.0  # seconds for a connection that says nothing


@dataclass(frozen=True)
class Received:
    """A request as it came to the origin. `headers` are by lower-case name, several values joined by commas."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer. `fails` closes the connection instead; `waits` is an event that it waits for, 30 seconds at most."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fails: bool = False
    waits: threading.Event | None = None


def echo(request: Received) -> Reply:
    """What came, as JSON: the reply to every path that has none of its own."""
    shown = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "body": request.body.decode("latin-1"),
    }
    return Reply(json.dumps(shown), headers={"Content-Type": "application/json"})


class FakeOrigin:
    """An origin on loopback, on a port of its own, until `close`.

    `replies` are by path; everything else is answered by `otherwise`. `received` is every request, in order.
    """

    def __init__(self, otherwise: Callable[[Received], Reply] = echo) -> None:
        self.replies: dict[str, Reply] = {}
        self.received: list[Received] = []
        self._otherwise = otherwise
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="origin", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_TIMEOUT)

    def __enter__(self) -> FakeOrigin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reply(self, request: Received) -> Reply:
        self.received.append(request)
        return self.replies.get(request.path) or self._otherwise(request)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # head and body in one packet
            timeout = _TIMEOUT

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                names = dict.fromkeys(name.lower() for name in self.headers)
                headers = {name: ", ".join(self.headers.get_all(name) or ()) for name in names}
                _send(self, origin._reply(Received(self.command, path, query, headers, body)))

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

            def log_message(self, format: str, *args: Any) -> None:
                """What came is in `received`."""

        return Handler


def _send(handler: http.server.BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.waits is not None:
        reply.waits.wait(_TIMEOUT)
    if reply.fails:
        handler.close_connection = True
        return
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.status not in (204, 304):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD" and reply.status not in (204, 304):
        handler.wfile.write(body)
