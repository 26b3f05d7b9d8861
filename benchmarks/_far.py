"""A record collector that is a round trip away: a process of its own, behind a proxy that holds every byte back."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from contextlib import suppress
from multiprocessing.connection import Connection

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def serve_far_collector(ready: Connection, round_trip: float, certificate: str) -> None:
    """Listen with TLS, answer as OpenObserve does; sends the port through `ready` and runs until it is ended.

    A connection whose first request is for the organization `closing` ends after one answer.

    A proxy on one machine cannot delay the greeting of TCP, so the first byte of a connection waits for two round
    trips instead of one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve() -> None:
        collector = await asyncio.start_server(_collect, "127.0.0.1", 0, ssl=context)
        near = collector.sockets[0].getsockname()[1]

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _carry((reader, writer), near, round_trip)

        proxy = await asyncio.start_server(carry, "127.0.0.1", 0)
        ready.send(proxy.sockets[0].getsockname()[1])
        await proxy.serve_forever()

    asyncio.run(serve())


async def _collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length:")[2].split("\r\n")[0])
            body = await reader.readexactly(size)
            records = json.loads(gzip.decompress(body) if "content-encoding: gzip" in head else body)
            counts = {"name": "edge", "successful": len(records), "failed": 0}
            answer = json.dumps({"code": 200, "status": [counts]}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
            if "/closing/" in head:
                break
    writer.close()


async def _carry(client: Streams, port: int, round_trip: float) -> None:
    server = await asyncio.open_connection("127.0.0.1", port)
    opened = asyncio.get_running_loop().time() + round_trip
    await asyncio.gather(
        _pump(client[0], server[1], round_trip / 2, opened),
        _pump(server[0], client[1], round_trip / 2, opened),
    )


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, opened: float
) -> None:
    """Pass every piece on when its time has come; pieces do not wait for one another."""
    loop = asyncio.get_running_loop()
    while piece := await reader.read(65536):
        loop.call_at(max(loop.time(), opened) + delay, writer.write, piece)
    loop.call_at(max(loop.time(), opened) + delay, writer.close)
