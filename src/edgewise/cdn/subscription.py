"""Carries records to a store, as a log subscription does on AWS: off the request's path, in batches, with retries.

It takes what functions print (lines that are records of theirs) and the local CDN's own access records, and
posts them to OpenObserve's `_json` endpoint.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson

from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.functions.logs import LogEvent
from edgewise.cdn.http.upstream import Address, ConnectionPool, Timeouts
from edgewise.cdn.message import Headers, Request

_BATCH = 500
_LINGER = 0.05  # seconds that a record waits for company
_RETRY = 0.3
_MAX_WAITING = 200_000


def is_record(message: str) -> bool:
    """Whether a line that a function printed is a whole record of its; a torn one is left in the log."""
    if not message.startswith("{") or '"edge/' not in message:
        return False
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and str(value.get("schema")).startswith("edge/")


class Subscription:
    """Accepts records at once, delivers them soon. What cannot be delivered waits, up to a bound."""

    def __init__(self, url: str, user: str, password: str, on_trouble: Callable[[str], None]) -> None:
        """`url` may hold a path; `on_trouble` is told when the store fails, and when it is back."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        host = parts.hostname or "127.0.0.1"
        self._address = Address(host, parts.port or (443 if tls else 80), tls, host)
        self._path = parts.path.rstrip("/")
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._on_trouble = on_trouble
        self._waiting: dict[str, deque[bytes]] = {}
        self._pool = ConnectionPool()
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._deliver())
        self._failing = False
        self._closing = False
        self.dropped = 0

    def log_event(self, line: LogEvent) -> None:
        """A line of a function's log; only records are forwarded, as by the filter `{ $.schema = "edge/*" }`."""
        if is_record(line.message):
            self.add("edge", line.message.encode("utf-8"))

    def access(self, record: dict[str, Any]) -> None:
        """A record of the local CDN itself."""
        self.add("access", orjson.dumps(record))

    def add(self, stream: str, record: bytes) -> None:
        """A record, as JSON, for any stream of the store."""
        waiting = self._waiting.setdefault(stream, deque())
        waiting.append(record)
        if len(waiting) > _MAX_WAITING:
            waiting.popleft()
            self.dropped += 1
        self._arrived.set()

    async def _deliver(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(_LINGER)
            self._arrived.clear()
            while not await self._send_waiting():
                await asyncio.sleep(_RETRY)
            if self._closing:
                return

    async def _send_waiting(self) -> bool:
        """Send everything that waits; False when the store failed and something is left."""
        # A copy: the first record of another stream may come while this one's are sent.
        for stream, waiting in list(self._waiting.items()):
            while waiting:
                batch = [waiting[index] for index in range(min(_BATCH, len(waiting)))]
                if not await self._post(stream, batch):
                    return False
                for record in batch:
                    # The oldest may have been dropped meanwhile to make room.
                    if waiting and waiting[0] is record:
                        waiting.popleft()
        return True

    async def _post(self, stream: str, batch: list[bytes]) -> bool:
        request = Request(
            method="POST",
            uri=f"{self._path}/api/default/{stream}/_json",
            headers=Headers(
                [
                    ("Host", f"{self._address.host}:{self._address.port}"),
                    ("Content-Type", "application/json"),
                    ("Authorization", self._authorization),
                ]
            ),
            body=b"[" + b",".join(batch) + b"]",
        )
        try:
            # The store counts a record once, however often it comes.
            response = await self._pool.send(self._address, request, Timeouts(1.0, 1, 10.0), repeatable=True)
            answer = await response.read()
        except RequestFailure as error:
            return self._trouble(str(error))
        if response.status == 200:
            return self._accepted(answer, len(batch))
        if response.status in (408, 429) or response.status >= 500 or response.status in (401, 403):
            return self._trouble(
                f"the store answered {response.status}: {answer[:200].decode('utf-8', 'replace')}"
            )
        # The store will never take this batch: say so, and go on with the next.
        self._on_trouble(f"the store refused {len(batch)} records ({response.status}): {answer[:200]!r}")
        self.dropped += len(batch)
        return True

    def _accepted(self, answer: bytes, sent: int) -> bool:
        try:
            status = orjson.loads(answer)["status"][0]
            taken, failed, why = status["successful"], status["failed"], status.get("error", "")
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
            return self._trouble("the store's answer is not OpenObserve's")
        if taken + failed != sent:
            return self._trouble(f"the store took {taken} of {sent} records")
        if failed:
            self.dropped += failed
            self._on_trouble(f"the store refused {failed} of {sent} records: {why}")
        if self._failing:
            self._failing = False
            self._on_trouble("the store is back")
        return True

    def _trouble(self, message: str) -> bool:
        if not self._failing:
            self._failing = True
            self._on_trouble(f"records wait, the store does not take them: {message}")
        return False

    async def close(self, timeout: float = 2.0) -> int:
        """Deliver what waits, within `timeout` seconds. Returns how many records were left undelivered."""
        self._closing = True
        self._arrived.set()
        # A batch that is under way is waited for and not sent again by somebody else.
        await asyncio.wait([self._task], timeout=timeout)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._pool.close()
        return sum(len(waiting) for waiting in self._waiting.values())
