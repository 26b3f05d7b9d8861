"""The kit's origin: every answer is written in the request's path, and every request can be asked for afterwards.

    python -m conformance.origin --port 8000

A path holds a key (`k.RUN.RULE`) and, after it, steps such as `status=404`, each percent-encoded where it must be:

    status=N reason=TEXT        the status line                 header=NAME:VALUE    one more header
    cc=VALUE                    Cache-Control                   type=TYPE            Content-Type
    long-headers=N              headers of N bytes
    body=TEXT, size=N, empty    the body; by default an account of the request as JSON
    etag=V, modified            a validator, with 304 for a request that has it
    ranges                      Range is obeyed                 chunked              no Content-Length
    delay=SECONDS               before the head                 cut=N                close after N bytes of the body
    close                       close without an answer
    then                        the steps after it are for the next request with the same key
    second                      the steps after it are for requests that come with the path /second before the key

Steps with other names are for functions and ignored. `X-Fetch` counts the requests for the key; `/report/KEY` tells
them. It is HTTP/1.1 over asyncio's streams, and no more than the kit needs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Pairs = list[tuple[str, str]]
MODIFIED = "Sat, 01 Jun 2024 12:00:00 GMT"
_KEYS = 20_000  # remembered at most, so that a public origin stays small
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    version: str
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def told(self) -> dict[str, Any]:
        """As the kit reads it."""
        return {
            "method": self.method,
            "target": self.target,
            "version": self.version,
            "headers": self.headers,
            "body": self.body.decode("latin-1"),
        }


@dataclass
class Plan:
    """What one answer shall be."""

    status: int = 200
    reason: str = "OK"
    headers: Pairs = field(default_factory=list)
    body: bytes | None = None
    type: str = "application/json"
    etag: str = ""
    delay: float = 0.0
    cut: int | None = None
    flags: set[str] = field(default_factory=set)


_FLAGS = ("modified", "ranges", "chunked", "close")
_SETTERS: dict[str, Callable[[Plan, str], None]] = {
    "status": lambda plan, value: setattr(plan, "status", int(value)),
    "reason": lambda plan, value: setattr(plan, "reason", value),
    "header": lambda plan, value: plan.headers.append(_pair(value)),
    "long-headers": lambda plan, value: plan.headers.extend(_long(int(value))),
    "cc": lambda plan, value: plan.headers.append(("Cache-Control", value)),
    "type": lambda plan, value: setattr(plan, "type", value),
    "body": lambda plan, value: setattr(plan, "body", value.encode()),
    "size": lambda plan, value: setattr(plan, "body", filler(int(value))),
    "empty": lambda plan, value: setattr(plan, "body", b""),
    "etag": lambda plan, value: setattr(plan, "etag", value),
    "delay": lambda plan, value: setattr(plan, "delay", min(float(value), 20.0)),
    "cut": lambda plan, value: setattr(plan, "cut", int(value)),
}


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name, value


def _long(size: int) -> Pairs:
    """Headers of about so many bytes."""
    return [(f"X-Long-{place:03}", "x" * 986) for place in range(size // 1000)]


def filler(size: int) -> bytes:
    """A body of that size in which every place looks different from its neighbours."""
    return b"".join(b"%07d " % place for place in range(0, size, 8))[:size]


def key_of(path: str) -> str:
    """The key in a path: its first part that starts with `k.`."""
    return next((part for part in path.split("/") if part.startswith("k.")), "")


def steps_of(path: str, origin: str, fetch: int) -> list[str]:
    """The steps for the request number `fetch` (from 1) that came to `origin`."""
    parts = [unquote(part) for part in path.split("/")]
    places = [place for place, part in enumerate(parts) if part.startswith("k.")]
    steps = parts[places[0] + 1 :] if places else []
    if "second" in steps:
        middle = steps.index("second")
        steps = steps[middle + 1 :] if origin == "second" else steps[:middle]
    elif origin == "second":
        # Steps without a mark are for whoever is asked, unless they are another origin's.
        steps = steps if not path.startswith("/second/failover") else []
    stages: list[list[str]] = [[]]
    for step in steps:
        if step == "then":
            stages.append([])
        else:
            stages[-1].append(step)
    return stages[min(fetch, len(stages)) - 1]


def plan_of(steps: list[str]) -> Plan:
    plan = Plan()
    for step in steps:
        name, _, value = step.partition("=")
        if name in _FLAGS:
            plan.flags.add(name)
        elif name in _SETTERS:
            _SETTERS[name](plan, value)
    return plan


def answer(plan: Plan, asked: Asked, origin: str, fetch: int) -> tuple[int, Pairs, bytes]:
    """Status, headers and body of the answer to a request."""
    body = plan.body
    if body is None:
        body = json.dumps({**asked.told(), "origin": origin, "fetch": fetch}).encode()
    status = plan.status
    headers: Pairs = [("Server", "kit"), ("X-Fetch", str(fetch)), ("X-Origin", origin), *plan.headers]
    if "modified" in plan.flags:
        headers.append(("Last-Modified", MODIFIED))
    if plan.etag:
        headers.append(("ETag", f'"{plan.etag}"'))
    if _unchanged(plan, asked):
        return 304, headers, b""
    headers.append(("Content-Type", plan.type))
    if "ranges" in plan.flags:
        headers.append(("Accept-Ranges", "bytes"))
        status, headers, body = _ranged(asked.header("range"), status, headers, body)
    return status, headers, body


def _unchanged(plan: Plan, asked: Asked) -> bool:
    if plan.etag and (given := asked.header("if-none-match")) is not None:
        return f'"{plan.etag}"' in given
    return "modified" in plan.flags and asked.header("if-modified-since") == MODIFIED


def _ranged(wanted: str | None, status: int, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
    unit, _, span = (wanted or "").partition("=")
    first, dash, last = span.partition("-")
    if unit != "bytes" or not dash or "," in span or status != 200:
        return status, headers, body
    size = len(body)
    start, end = (int(first), int(last or size - 1)) if first else (max(0, size - int(last)), size - 1)
    end = min(end, size - 1)
    if start > end:
        return 416, [*headers, ("Content-Range", f"bytes */{size}")], b""
    return 206, [*headers, ("Content-Range", f"bytes {start}-{end}/{size}")], body[start : end + 1]


class Origin:
    """Serves one connection after the other, and remembers what it was asked."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await _read(reader)) is not None and await self._reply(asked, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ValueError):
            # The peer left or does not speak HTTP; the next connection is another matter.
            return
        except asyncio.CancelledError:
            # The kit ends; a server of streams would print it as an error.
            return
        finally:
            writer.close()

    async def _reply(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection goes on."""
        path = asked.target.partition("?")[0]
        key = key_of(path)
        if path.startswith("/report/"):
            report = json.dumps(self._seen.get(key, [])).encode()
            return await _write(writer, asked, Plan(), (200, [("Content-Type", "application/json")], report))
        origin = path.split("/")[1] if path.startswith(("/second/", "/slow/")) else "main"
        fetch = self._remember(key, origin, asked)
        plan = plan_of(steps_of(path, origin, fetch))
        await asyncio.sleep(plan.delay)
        if "close" in plan.flags:
            return False
        return await _write(writer, asked, plan, answer(plan, asked, origin, fetch))

    def _remember(self, key: str, origin: str, asked: Asked) -> int:
        """Keep the request; how many there were for this key at this origin."""
        requests = self._seen.setdefault(key, [])
        requests.append({**asked.told(), "origin": origin})
        while len(self._seen) > _KEYS:
            self._seen.popitem(last=False)
        return sum(request["origin"] == origin for request in requests)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, version = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    asked = Asked(method, target, version, headers, b"")
    if "chunked" in (asked.header("transfer-encoding") or ""):
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(asked.header("content-length") or 0))
    return Asked(method, target, version, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return bytes(body)


async def _write(
    writer: asyncio.StreamWriter, asked: Asked, plan: Plan, reply: tuple[int, Pairs, bytes]
) -> bool:
    status, headers, body = reply
    if status not in _BODILESS:
        chunked = "chunked" in plan.flags
        headers = [
            *headers,
            ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body))),
        ]
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"HTTP/1.1 {status} {plan.reason}\r\n{lines}\r\n".encode())
    if asked.method != "HEAD" and status not in _BODILESS:
        writer.write(body if plan.cut is None else body[: plan.cut])
    await writer.drain()
    return plan.cut is None


async def listen(host: str, port: int) -> asyncio.Server:
    """Start to serve; the caller keeps the server."""
    return await asyncio.start_server(Origin().serve, host, port, limit=131_072)


async def _main(host: str, port: int) -> None:
    server = await listen(host, port)
    print(f"the origin listens on {host}:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m conformance.origin")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    asyncio.run(_main(options.host, options.port))
