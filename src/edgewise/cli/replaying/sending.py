"""Sends logged requests through a few connections, each at its moment, and keeps the tally.

Knows nothing of files, of the screen, or of the store. `schedule` and `encode` decide without I/O.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from edgewise.cli.accesslog import LoggedRequest
from edgewise.cli.errors import ReplayError
from edgewise.cli.replaying.connection import Answer, Connection, Target, connect

CONNECTIONS = 32
# Longer than the local CDN's own limits on functions and origins, so that its answer comes first.
ANSWER_TIMEOUT_S = 100.0


@dataclass(slots=True)
class Tally:
    """What happened so far; readable at any moment, also after an interruption.

    `refused` counts 4xx answers without a request id: the CDN could not read the request as one (a line that is
    too long, a method it does not know), so it made no record of it. CloudFront does not log those either.
    """

    sent: int = 0
    retried: int = 0
    rewritten: int = 0
    refused: int = 0
    seconds: float = 0.0
    milliseconds: array[float] = field(default_factory=lambda: array("d"))
    request_ids: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    # (recorded status, status now) → how often, and the first target it happened to.
    changed: Counter[tuple[int, int]] = field(default_factory=Counter)
    first_changed: dict[tuple[int, int], str] = field(default_factory=dict)
    # Host → how many 403s, and the id of the last.
    forbidden: Counter[str] = field(default_factory=Counter)
    last_forbidden: dict[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        return len(self.milliseconds)

    def add(self, request: LoggedRequest, answer: Answer, host: str) -> None:
        """Count an answer to a request that was sent for `host`."""
        self.milliseconds.append(answer.ms)
        self.statuses[answer.status] += 1
        if answer.request_id:
            self.request_ids.append(answer.request_id)
        elif 400 <= answer.status < 500:
            self.refused += 1
        if answer.status == 403 and answer.request_id:
            self.forbidden[host] += 1
            self.last_forbidden[host] = answer.request_id
        if request.status not in (0, answer.status):
            change = (request.status, answer.status)
            self.changed[change] += 1
            self.first_changed.setdefault(
                change, f"{request.method} {_escape(_NOT_IN_TARGET, request.target)}"
            )


def schedule(requests: Iterable[LoggedRequest], speed: float | None) -> list[tuple[float, LoggedRequest]]:
    """Each request with its moment in seconds after the start, in the order in which they were recorded.

    Servers log a request when it ends and CloudFront joins the files of many places, so lines are sorted by
    their time; equal times keep the order of the file. Without a speed every moment is 0.
    """
    ordered = sorted(requests, key=lambda request: request.timestamp)
    if speed is None:
        return [(0.0, request) for request in ordered]
    return [((request.timestamp - ordered[0].timestamp) / 1e6 / speed, request) for request in ordered]


_NOT_IN_TARGET = re.compile(rb"[^\x21-\x7e]")  # RFC 9112, section 3: a blank would end the target
_NOT_IN_VALUE = re.compile(
    rb"[\x00-\x08\x0a-\x1f\x7f]"
)  # RFC 9110, section 5.5: a line end would begin a header
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def encode(request: LoggedRequest, host: str) -> tuple[bytes, bool]:
    """The request for the wire, and whether something had to be percent-encoded to stand there.

    Logs hold no bodies, so a method that carries one is sent with an empty one.
    """
    headers = {
        "Host": host,
        "User-Agent": request.user_agent,
        "Referer": request.referrer,
        "Edgewise-Viewer-Address": request.client_ip,
        "Content-Length": "0" if request.method in _WITH_BODY else None,
    }
    target = _escape(_NOT_IN_TARGET, request.target)
    values = {name: _escape(_NOT_IN_VALUE, value) for name, value in headers.items() if value is not None}
    rewritten = target != request.target or any(values[name] != headers[name] for name in values)
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in values.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"), rewritten


def _escape(unwanted: re.Pattern[bytes], text: str) -> str:
    data = unwanted.sub(lambda match: b"%%%02X" % match[0][0], text.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")


async def send(
    requests: Sequence[tuple[float, LoggedRequest]],
    target: Target,
    tally: Tally,
    *,
    host: str | None,
    progress: Callable[[], None],
) -> None:
    """Send each request at its moment, with at most `CONNECTIONS` under way; later ones wait their turn.

    A target that speaks both gets each request over TLS or without, as it was recorded.
    `host` stands in for the recorded host name. `progress` is called after each answer. Raises `ReplayError`
    when nothing listens at the target at the start; what goes wrong later is counted in the tally.
    """
    try:
        connections = [await connect(target) for _ in range(min(CONNECTIONS, len(requests)))]
    except OSError as error:
        raise ReplayError(
            f"nothing answers at {target.authority}: {_cause(error)}",
            hint="Start the site with `edgewise up`, or give its address with --to.",
        ) from error
    senders = [_Sender(target, {target.tls: connection}, tally, host, progress) for connection in connections]
    queue, started = iter(requests), time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(sender.run(queue, started))
    finally:
        tally.seconds = time.perf_counter() - started
        for sender in senders:
            sender.close()


def _cause(error: OSError) -> str:
    # asyncio puts its own words and the address into a failed connect; the system's words can be counted.
    return os.strerror(error.errno) if error.errno else str(error)


@dataclass(slots=True)
class _Sender:
    """Takes the next request from the shared queue, waits for its moment and for its answer, and so on.

    `connections` has one with TLS, one without, or both.
    """

    target: Target
    connections: dict[bool, Connection]
    tally: Tally
    host: str | None
    progress: Callable[[], None]

    async def run(self, queue: Iterator[tuple[float, LoggedRequest]], started: float) -> None:
        for moment, request in queue:
            early = started + moment - time.perf_counter()
            if early > 0:
                await asyncio.sleep(early)
            await self._send(request)
            self.progress()

    async def _send(self, request: LoggedRequest) -> None:
        tls = request.tls if self.target.both and request.tls is not None else self.target.tls
        host = self.host or request.host or self.target.authority
        message, rewritten = encode(request, host)
        self.tally.sent += 1
        self.tally.rewritten += rewritten
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await self._exchange(message, request.method == "HEAD", tls)
        except TimeoutError:
            self.close()
            self.tally.unanswered[f"no answer within {ANSWER_TIMEOUT_S:g} s"] += 1
        except OSError as error:
            self.tally.unanswered[_cause(error)] += 1
        else:
            self.tally.add(request, answer, host)

    async def _exchange(self, message: bytes, is_head: bool, tls: bool) -> Answer:
        """The answer; a connection that dies on the way is replaced once."""
        try:
            return await self._once(message, is_head, tls)
        except TimeoutError:
            raise
        except OSError:
            self.tally.retried += 1
            return await self._once(message, is_head, tls)

    async def _once(self, message: bytes, is_head: bool, tls: bool) -> Answer:
        connection = self.connections.get(tls)
        if connection is None or not connection.is_open:
            connection = self.connections[tls] = await connect(replace(self.target, tls=tls))
        return await connection.exchange(message, is_head)

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()
