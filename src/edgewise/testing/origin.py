"""An HTTP server that a test writes: fixed replies by path, or a function; it remembers what it was asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewise.testing.lines import FRAMING, Lines, check_headers, pairs

__tracebackhide__ = True  # pytest shows the line of the test, not ours

_TIMEOUT = 30.0  # seconds for a connection that says nothing


@dataclass(frozen=True)
class Received:
    """A request as it came to the origin. `headers` are by lower-case name, several values joined by commas.

    `body` is what was sent, also of a request in chunks.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str, default: str = "") -> str:
        """All values of a header, joined by commas; its name in any capitals."""
        return self.headers.get(name.lower(), default)


@dataclass(frozen=True)
class Reply:
    """An answer. `fails` closes the connection instead; `waits` is an event that it waits for, 30 seconds at most.

    `headers` are by name, or pairs where a name has several lines. `Content-Length` is the body's unless they have one
    or say `Transfer-Encoding`: then the body goes out as it is.
    """

    body: bytes | str = b""
    status: int = 200
    headers: Lines = field(default_factory=dict)
    fails: bool = False
    waits: threading.Event | None = None

    def __post_init__(self) -> None:
        # Here, where the test is at fault, and not in the origin's thread when somebody asks.
        if not isinstance(self.body, bytes | str):
            raise TypeError(
                f"a reply's body is bytes or text, not {type(self.body).__name__}: use json.dumps"
            )
        if not isinstance(self.headers, Mapping):
            object.__setattr__(self, "headers", tuple(self.headers))  # it is read once for every request
        check_headers(pairs(self.headers))


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
                body = _body(self)
                if body is None:
                    self.close_connection = True
                    return
                path, _, query = self.path.partition("?")
                names = dict.fromkeys(name.lower() for name in self.headers)
                headers = {name: ", ".join(self.headers.get_all(name) or ()) for name in names}
                _send(self, origin._reply(Received(self.command, path, query, headers, body)))

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

            def log_message(self, format: str, *args: Any) -> None:
                """What came is in `received`."""

        return Handler


def _body(handler: http.server.BaseHTTPRequestHandler) -> bytes | None:
    """The body of a request, in chunks or not; None when the connection ends before it does."""
    if "chunked" not in handler.headers.get("Transfer-Encoding", "").lower():
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    try:
        while size := int(handler.rfile.readline().partition(b";")[0], 16):
            body += handler.rfile.read(size)
            handler.rfile.readline()
    except ValueError:
        return None  # what should be the size of a chunk is none: nothing more came
    while handler.rfile.readline().strip():
        """A trailer: it is not kept."""
    return body


def _send(handler: http.server.BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.waits is not None:
        reply.waits.wait(_TIMEOUT)
    if reply.fails:
        handler.close_connection = True
        return
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    has_body = reply.status not in (204, 304)
    headers = pairs(reply.headers)
    handler.send_response(reply.status)
    for name, value in headers:
        handler.send_header(name, value)
    if has_body and not any(name.lower() in FRAMING for name, _ in headers):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if has_body and handler.command != "HEAD":
        handler.wfile.write(body)
