"""A hello-world origin and a load client, each small enough not to be what is measured; both run as processes."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import httptools
import uvloop

_BODY = b"x" * 1024
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + _BODY


class _Origin(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(_ANSWER)


def serve_origin(ready: Connection) -> None:
    """Answer every request with a kilobyte; sends the port through `ready` and runs until it is ended."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Origin, "127.0.0.1", 0, backlog=1024)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


@dataclass(frozen=True)
class Load:
    """What one round gave: answers, how many a second, and milliseconds. `failed` were not 200."""

    answers: int
    rate: float
    p50: float
    p99: float
    failed: int


class _Client(asyncio.Protocol):
    """Sends a request, waits for its answer, and sends the next, until the deadline."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self._request = request
        self._until = until
        self._done = done
        self.times: list[float] = []
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpResponseParser(self)
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.times.append(now - self._began)
        self.failed += self._parser.get_status_code() != 200
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


def load(port: int, path: str, connections: int, seconds: float, answer: Connection) -> None:
    """Keep `connections` requests under way for some seconds; sends a `Load` through `answer`."""

    async def run() -> Load:
        loop = asyncio.get_running_loop()
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: load\r\n\r\n".encode()
        until = time.perf_counter() + seconds
        waiting = [loop.create_future() for _ in range(connections)]
        clients = [_Client(request, until, done) for done in waiting]
        began = time.perf_counter()
        next_client = iter(clients).__next__
        for _ in clients:
            await loop.create_connection(next_client, "127.0.0.1", port)
        await asyncio.wait_for(asyncio.gather(*waiting), seconds + 30)
        times = sorted(each for client in clients for each in client.times)
        rate = len(times) / (time.perf_counter() - began)
        failed = sum(client.failed for client in clients)
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
        return Load(len(times), rate, p50, p99, failed)

    answer.send(uvloop.run(run()))
