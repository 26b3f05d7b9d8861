"""One edge location's cache: whole responses in memory, the least recently used leave first.

It only keeps and finds. What may be kept and used is decided by `freshness.py` and `caching.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from edgewise.cdn.cachekey import CacheKey
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.freshness import Lifetime
from edgewise.cdn.message import Headers, Response
from edgewise.cdn.policies import CachePolicy

MAX_BYTES = 256 * 1024 * 1024
MAX_OBJECT_BYTES = 32 * 1024 * 1024

# Where these parts are in a key (`cachekey.cache_key`).
_URI, _QUERY = 2, 3


@dataclass(slots=True)
class Entry:
    """A stored response; `policy` made its key. Times are seconds since the epoch.

    `born` is when the origin made it (its own `Age` counted in), `expires` when it ceases to be fresh. Until `rests`
    it is used without asking the origin: that is later while the origin is known to fail. An error of CloudFront's own
    is kept as `failure`, so that each viewer gets a page with his own request id.
    """

    key: CacheKey
    policy: CachePolicy
    status: int
    reason: str
    headers: Headers
    body: bytes
    born: float
    expires: float
    lifetime: Lifetime
    failure: RequestFailure | None = None
    size: int = 0
    rests: float = field(init=False)

    def __post_init__(self) -> None:
        self.rests = self.expires

    def response(self, now: float) -> Response:
        """The answer for a viewer, with its `Age` in whole seconds."""
        headers = self.headers.copy()
        headers.set("Age", str(max(0, int(now - self.born))))
        return Response(self.status, headers, self.body, self.reason)

    @property
    def path(self) -> str:
        """The path with as much of the query string as is in the key."""
        query = self.key[_QUERY]
        return f"{self.key[_URI]}?{query}" if query else self.key[_URI]

    @property
    def validators(self) -> tuple[str, str]:
        """`ETag` and `Last-Modified`, by which the origin can say that nothing has changed."""
        return self.headers.get("etag"), self.headers.get("last-modified")


class Cache:
    """Bounded in bytes. All times are passed in."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._by_uri: dict[str, set[CacheKey]] = {}
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> Iterable[Entry]:
        """All that is kept, the least recently used first."""
        return list(self._entries.values())

    def find(self, key: CacheKey) -> Entry | None:
        """The entry of a key, fresh or not."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def like(self, key: CacheKey) -> Collection[CacheKey]:
        """The keys of other objects with the same path: they may say why this one was not found."""
        return self._by_uri.get(key[_URI], ())

    def store(self, entry: Entry) -> bool:
        """Keep an entry in the place of the one with the same key; False when it is larger than the cache takes."""
        self.discard(entry.key)
        # An estimate of what the entry takes in memory, with what Python adds to each string.
        entry.size = len(entry.body) + sum(len(part) + 50 for part in entry.key) + 500
        entry.size += sum(len(name) + len(value) + 200 for name, value in entry.headers)
        if entry.size > self._max_bytes or len(entry.body) > MAX_OBJECT_BYTES:
            return False
        self._entries[entry.key] = entry
        self._by_uri.setdefault(entry.key[_URI], set()).add(entry.key)
        self._bytes += entry.size
        while self._bytes > self._max_bytes:
            self.discard(next(iter(self._entries)))
        return True

    def discard(self, key: CacheKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        same = self._by_uri[key[_URI]]
        same.discard(key)
        if not same:
            del self._by_uri[key[_URI]]

    def invalidate(self, matches: Callable[[str], bool]) -> int:
        """Drop every object whose path (with the query string that is in its key) matches; returns how many."""
        keys = [entry.key for entry in self._entries.values() if matches(entry.path)]
        for key in keys:
            self.discard(key)
        return len(keys)
