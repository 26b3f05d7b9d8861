"""A record store on loopback that answers as it is told: well, badly, late, or not at all."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 5.0  # seconds for a connection on which nothing comes any more
_HANGING = 60.0  # seconds after which a hanging answer gives up, should a test forget to end it

_SENT_BEFORE_CLOSING = {
    "hang up": b"",
    "close half-way": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "babble": b"\x00\xff not HTTP \r\n\r\n",
}


# How many of so many records are taken, and how many refused.
_TAKEN: dict[str, Callable[[int], tuple[int, int]]] = {
    "lie": lambda count: (0, 0),
    "refuse one": lambda count: (count - 1, 1),
    "refuse all": lambda count: (0, count),
}


class Collector:
    """`behaviour` says how the next requests are answered: a name from `_Handler.answer`, or a status line."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.behaviour = "store"
        self.records: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.connections = 0
        self.tokens: set[str] | None = None  # passwords that are valid; None: all
        self.released = threading.Event()
        self.awaited = threading.Event()
        self.context = context
        self.server = _Server(self)
        self.port: int = self.server.server_address[1]
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{self.port}"

    def keep(self, records: list[dict[str, Any]]) -> None:
        self.records |= {record["record_id"]: record for record in records}

    def close(self) -> None:
        self.released.set()
        self.awaited.set()
        self.server.shutdown()
        self.server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what these tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        self.collector = self.server.collector
        self.collector.connections += 1
        if self.collector.context:
            self.request = self.collector.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self.request.settimeout(_PATIENCE)
        while line := self.rfile.readline():
            path = line.decode().split()[1]
            headers = dict(self._headers())
            body = self.rfile.read(int(headers["content-length"]))
            packed = headers.get("content-encoding") == "gzip"
            records = json.loads(gzip.decompress(body) if packed else body)
            self.collector.requests.append((path, headers, len(records)))
            behaviour = self.collector.behaviour
            if not self._is_known(headers.get("authorization", "")):
                behaviour = "401 Unauthorized"
            if not self.answer(behaviour, records):
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the server knows only the socket without TLS

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            yield name.lower(), value.strip()

    def _is_known(self, authorization: str) -> bool:
        tokens = self.collector.tokens
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        return tokens is None or given.partition(":")[2] in tokens

    def answer(self, behaviour: str, records: list[dict[str, Any]]) -> bool:
        """Answer one batch; False ends the connection."""
        count = len(records)
        if behaviour.startswith("store"):
            self.collector.keep(records)
            return self._stored(behaviour, _counts(count, 0))
        if behaviour == "hang up once":
            self.collector.behaviour = "store"
            return False
        if behaviour.endswith("poison"):
            return self._refuse_poison(behaviour, records)
        if behaviour == "repeat the head":
            return self._send("401 Who", repr(self.collector.requests[-1][1]).encode())
        if behaviour in _TAKEN:
            taken, refused = _TAKEN[behaviour](count)
            self.collector.keep(records[count - taken :])
            return self._send("200 OK", _counts(taken, refused))
        if behaviour == "drown":
            return self._send("200 OK", b"[" * 5_000_000)
        if behaviour == "say nothing":
            self.collector.released.wait(_HANGING)
        elif behaviour == "drip":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000)
        elif behaviour in _SENT_BEFORE_CLOSING:
            self.wfile.write(_SENT_BEFORE_CLOSING[behaviour])
        else:
            return self._send(behaviour, b'{"code":0,"message":"told to"}')
        return False

    def _refuse_poison(self, behaviour: str, records: list[dict[str, Any]]) -> bool:
        """One record with this path, and nothing of the batch is stored."""
        if all(record["path"] != "poison" for record in records):
            return self.answer("store", records)
        if behaviour == "hang up on poison":
            return False
        status = "403 Forbidden" if behaviour == "forbid poison" else "400 Bad"
        return self._send(status, b'{"code":400,"message":"poison"}')

    def _drip(self, data: bytes) -> None:
        for byte in data:
            self.wfile.write(bytes([byte]))
            if self.collector.released.wait(0.005):
                return

    def _stored(self, behaviour: str, body: bytes) -> bool:
        if behaviour == "store, then say nothing":
            self.collector.released.wait(_HANGING)
            return False
        if behaviour == "store, chunked":
            chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            return True
        if behaviour == "store, answer when awaited":
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
            self.wfile.write(head)
            self.collector.awaited.wait(_HANGING)
            self.wfile.write(b"\r\n" + body)
            return True
        self._send("200 OK\r\nConnection: close" if behaviour == "store, then close" else "200 OK", body)
        return behaviour == "store"

    def _send(self, status: str, body: bytes) -> bool:
        self.wfile.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))
        return True


def _counts(successful: int, failed: int) -> bytes:
    """OpenObserve's answer (its `_json` route, v0.92)."""
    status = {"name": "edge", "successful": successful, "failed": failed}
    return json.dumps({"code": 200, "status": [status]}).encode()


@contextmanager
def collecting(context: ssl.SSLContext | None = None) -> Iterator[Collector]:
    collector = Collector(context)
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.close()
        thread.join(_PATIENCE)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, nor can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port
