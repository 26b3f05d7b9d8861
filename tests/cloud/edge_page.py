"""A page behind something that answers as CloudFront does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """The requests that came are `asked`, and the n-th has the id `id{n}==`; the first `nameless` have none."""

    status = 200
    cache = "Miss from cloudfront"
    nameless = 0
    asked: list[str]
    header: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.header = self.headers.get("aws-cf-cd-try")
        self.send_response(self.server.status)
        if len(self.server.asked) > self.server.nameless:
            self.send_header("X-Amz-Cf-Id", f"id{len(self.server.asked)}==")
        self.send_header("X-Cache", self.server.cache)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def answering() -> Iterator[Site]:
    """One that answers inside the block."""
    server = Site(("127.0.0.1", 0), _Page)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
