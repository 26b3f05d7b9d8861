"""One edge location's cache: whole responses in memory, the least recently used leave first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from edgewise.cdn.cachekey import CacheKey
from edgewise.cdn.message import Headers, Response

MAX_BYTES = 256 * 1024 * 1024
MAX_OBJECT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored response; times are seconds since the epoch."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    stored: float
    expires: float
    size: int

    def response(self, now: float) -> Response:
        """The answer for a viewer, with its `Age` in whole seconds."""
        headers = self.headers.copy()
        headers.set("Age", str(max(0, int(now - self.stored))))
        return Response(self.status, headers, self.body, self.reason)


class Cache:
    """Bounded in bytes. All times are passed in."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def fresh(self, key: CacheKey, now: float) -> Entry | None:
        """The entry that may be served without asking the origin, if there is one."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires <= now:
            self.discard(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def store(self, key: CacheKey, response: Response, body: bytes, now: float, ttl: float) -> None:
        """Keep a response for `ttl` seconds, unless it is larger than the cache takes."""
        self.discard(key)
        headers = response.headers.copy()
        headers.set("Content-Length", str(len(body)))
        # An estimate of what the entry takes in memory, with what Python adds to each string.
        size = len(body) + sum(len(part) + 50 for part in key)
        size += sum(len(name) + len(value) + 200 for name, value in headers) + 500
        entry = Entry(response.status, response.reason, headers, body, now, now + ttl, size)
        if entry.size > self._max_bytes or len(body) > MAX_OBJECT_BYTES:
            return
        self._entries[key] = entry
        self._bytes += entry.size
        while self._bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size

    def discard(self, key: CacheKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
