"""One edge location's cache: whole responses in memory, the least recently used leave first.

It only keeps and finds. What may be kept and used is decided by `freshness.py` and `caching.py`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edgewise.cdn.cachekey import CacheKey
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.freshness import Lifetime
from edgewise.cdn.inflight import InFlight
from edgewise.cdn.limits import CACHE_BYTES, CACHED_OBJECT_BYTES
from edgewise.cdn.message import Headers, Response
from edgewise.cdn.policies import CachePolicy

# Where these parts are in a key (`cachekey.cache_key`).
_URI, _QUERY = 2, 3
# Invalidations that a fetch may have missed.
_REMEMBERED = 100


@dataclass(slots=True)
class Entry:
    """A stored response; `policy` made its key. Times are seconds since the epoch.

    `born` is when the origin made it: its own `Age` is counted in, and no longer in `headers`. It is fresh until
    `expires`. Until `rests` it is used without asking the origin: that is later while the origin is known to fail.
    `why` tells for how long it is kept. An error of CloudFront's own is kept as `failure`, so that each viewer gets a
    page with his own request id.
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
    why: str = field(init=False)

    def __post_init__(self) -> None:
        self.rests = self.expires
        self.why = f"stored for {self.lifetime.ttl:g} s: {self.lifetime.reason}"

    def response(self, now: float) -> Response:
        """The answer for a viewer, with its `Age` in whole seconds."""
        age = max(0, int(now - self.born))
        return Response(
            self.status, Headers([*self.headers.lines, ("Age", str(age))]), self.body, self.reason
        )

    @property
    def path(self) -> str:
        """The path with as much of the query string as is in the key."""
        return path_of(self.key)

    @property
    def validators(self) -> tuple[str, str]:
        """`ETag` and `Last-Modified`, by which the origin can say that nothing has changed."""
        return self.headers.get("etag"), self.headers.get("last-modified")


def path_of(key: CacheKey) -> str:
    """The path of an object, with as much of its query string as is in its key."""
    return f"{key[_URI]}?{key[_QUERY]}" if key[_QUERY] else key[_URI]


class Cache:
    """Bounded in bytes. All times are passed in.

    `in_flight` are the objects that are being fetched, `refreshing` the keys of those that are refreshed for later.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self.in_flight = InFlight()
        self.refreshing: set[CacheKey] = set()
        # Counts invalidations: what was asked for before one must not be stored after it.
        self.era = 0
        self._invalidated: deque[tuple[int, Callable[[str], bool]]] = deque(maxlen=_REMEMBERED)
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

    def like(self, key: CacheKey) -> CacheKey | None:
        """The key of another object with the same path: it may say why this one was not found."""
        return next((other for other in self._by_uri.get(key[_URI], ()) if other[1:] != key[1:]), None)

    def store(self, entry: Entry, era: int | None = None) -> bool:
        """Keep an entry in the place of the one with the same key.

        False when it is larger than the cache takes, or was invalidated since `era`, when it was asked for.
        """
        since = self.era if era is None else era
        if any(number > since and matches(entry.path) for number, matches in self._invalidated):
            return False
        self.discard(entry.key)
        # An estimate of what the entry takes in memory, with what Python adds to each string.
        entry.size = len(entry.body) + sum(len(part) + 50 for part in entry.key) + 500
        entry.size += sum(len(name) + len(value) + 200 for name, value in entry.headers)
        if entry.size > self._max_bytes or len(entry.body) > CACHED_OBJECT_BYTES:
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
        """Drop every object whose path (with the query string that is in its key) matches; returns how many.

        One that is being fetched is given to those who wait for it already, and not kept.
        """
        self.era += 1
        self._invalidated.append((self.era, matches))
        self.in_flight.forget(lambda key: matches(path_of(key)))
        keys = [key for key in self._entries if matches(path_of(key))]
        for key in keys:
            self.discard(key)
        return len(keys)
