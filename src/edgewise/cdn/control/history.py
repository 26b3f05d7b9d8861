"""The last requests of a running CDN, for the inspector: bounded in number and bytes, the oldest leave first.

It keeps the traces themselves; nothing is copied or rendered here, because every request passes through `add`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

from edgewise.cdn.control.errors import NotFound
from edgewise.cdn.trace import Trace

MAX_REQUESTS = 1_000
MAX_BYTES = 64 * 1024 * 1024
# An estimate of a trace with its headers and objects, without bodies and events.
_TRACE_BYTES = 8_192
# Characters of an id that are enough to look for it.
_SHORTEST = 6


class History:
    """`add` takes each finished request. `total` counts those that came, `dropped` those that had to leave again."""

    def __init__(self, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES) -> None:
        self._traces: OrderedDict[str, tuple[Trace, int]] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[Trace]] = {}
        self.max_requests = max_requests
        self.max_bytes = max_bytes
        self.bytes = 0
        self.total = 0

    def __len__(self) -> int:
        return len(self._traces)

    @property
    def dropped(self) -> int:
        return self.total - len(self._traces)

    def add(self, trace: Trace) -> None:
        """Keep a finished request, and let the oldest go where there is no room for all."""
        size = _size(trace)
        self._traces[trace.request_id] = (trace, size)
        self.bytes += size
        self.total += 1
        while len(self._traces) > self.max_requests or self.bytes > self.max_bytes:
            _, (_, freed) = self._traces.popitem(last=False)
            self.bytes -= freed
        if self._waiting:
            waiting = self._waiting.pop(trace.request_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(trace)

    def latest_first(self) -> Iterator[Trace]:
        return (trace for trace, _ in reversed(self._traces.values()))

    def find(self, request_id: str) -> Trace:
        """A past request by its id or by a beginning that only one has, or the `last` one. Raises `NotFound`."""
        trace = self.get(request_id)
        if trace is None:
            what = "no request has come yet" if not self.total else f"no request {request_id!r} is kept here"
            raise NotFound(what, hint=self.bounds())
        return trace

    def get(self, request_id: str) -> Trace | None:
        """The same, None for what is not there."""
        if request_id == "last":
            return next(self.latest_first(), None)
        kept = self._traces.get(request_id)
        return kept[0] if kept is not None else self._beginning_with(request_id)

    def _beginning_with(self, start: str) -> Trace | None:
        if len(start) < _SHORTEST:
            return None
        found = [kept for request_id, (kept, _) in self._traces.items() if request_id.startswith(start)]
        return found[0] if len(found) == 1 else None

    def bounds(self) -> str:
        """One sentence on what is kept and what had to go."""
        return (
            f"the last {self.max_requests:,} requests are kept, within {self.max_bytes >> 20} MB: "
            f"{len(self):,} are here, {self.dropped:,} older ones were dropped"
        )

    async def arrival(self, request_id: str, timeout: float) -> Trace:
        """A request whose answer is out already but which may not be told of yet. Raises `TimeoutError`."""
        if request_id in self._traces:
            return self._traces[request_id][0]
        waiting: asyncio.Future[Trace] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = waiting
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        finally:
            self._waiting.pop(request_id, None)


def _size(trace: Trace) -> int:
    size = _TRACE_BYTES + len(trace.request.body)
    for run in trace.functions:
        size += len(run.event) + len(run.result)
    for exchange in trace.exchanges:
        # The viewer's own body is passed on as it is, and counted once.
        if exchange.request.body is not trace.request.body:
            size += len(exchange.request.body)
    return size
