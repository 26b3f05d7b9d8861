"""Values that an environment keeps from one request to the next: rules, secrets, deny lists, what is not there.

Nothing happens between invocations, since the environment is frozen then: what is expired is loaded anew by the
first request that asks for it, within a deadline, and not again for a while if that failed. Time in here is the
moment at which the present invocation began, so that a value does not change under a step's feet. One thread only.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from sys import getsizeof

from .errors import LoadError, UnderWayError, describe
from .weight import weigh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .environment import Environment

    T = TypeVar("T")

MOST_BYTES = 16 * 1024 * 1024  # of the 128 MB that a viewer function has, the interpreter takes some 40
MOST_ENTRIES = 10_000
MOST_NEGATIVE_SECONDS = 10.0
OWN = "edgewise "  # how the runtime's own keys begin, which no step makes it forget
_JITTER = 0.1  # environments that a deployment started together shall not all load together for ever
_RESERVE_MS = 100  # of the invocation's own time, left alone
_GRACE_MS = 10  # for what a load does after it has waited for as long as it may
_ENTRY_BYTES = 350  # of an entry and its place in the table, beside key and value
_SECOND = 1_000_000  # in microseconds, as time is counted here
_MOST_PAUSE = 32 * _SECOND  # between two tries of a load that fails; the first pause is of one second
_FOREVER = 1e9  # seconds
_SHOWN_CHARACTERS = 60


class _Entry:
    """What is known under one key: a value, or that a load failed, or both. Moments are microseconds."""

    __slots__ = (
        "failed_at",
        "failed_in",
        "loaded_in",
        "pause",
        "size",
        "start",
        "stop",
        "under_way",
        "value",
    )

    def __init__(self) -> None:
        self.value: Any = None
        self.start = self.stop = 0  # the value is fresh from the one to the other
        self.loaded_in: int | None = None  # the invocation; None if there is no value
        self.failed_in: int | None = None
        self.failed_at = 0
        self.pause = 0  # until the next try; twice as long after each failure
        self.under_way = False  # whether a load goes on by itself, so that nobody has to wait for it
        self.size = 0


class Memory:
    """Bounded by `max_bytes` and `max_entries`, both of which may be set; what was not used for longest goes first.

    Counters since the environment's start: `hits` + `misses` are the calls of `get`. A hit was answered from memory,
    and nobody waited; for a miss something was loaded or tried, or there was no answer. `stale` are the answers of
    either kind that had expired. `loads` were tried and `errors` of them failed. `bytes` is about what all entries
    take, and `evicted` counts those that had to go.
    """

    __slots__ = (
        "_deadline",
        "_entries",
        "_environment",
        "_forgotten",
        "_generation",
        "_loading",
        "_passing",
        "_random",
        "bytes",
        "errors",
        "evicted",
        "hits",
        "loads",
        "max_bytes",
        "max_entries",
        "misses",
        "stale",
    )

    def __init__(self, environment: Environment, random: Callable[[], float] | None = None) -> None:
        """`random` gives numbers from 0 to 1."""
        self._environment = environment
        self._random = random or _random
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._loading: set[str] = set()
        # What alone is over the bound: for the invocation that loaded it, and gone before the next load.
        self._passing: dict[str, _Entry] = {}
        self._deadline = float("inf")  # of the load that is going on, in the clock's ticks
        self._generation: object = None
        self._forgotten = 0  # how often something was
        self.max_bytes = MOST_BYTES
        self.max_entries = MOST_ENTRIES
        self.bytes = self.hits = self.misses = self.loads = self.stale = self.errors = self.evicted = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(
        self,
        key: str,
        load: Callable[[float], T],
        *,
        ttl: float,
        stale: float = 0.0,
        deadline_ms: float = 500.0,
        negative_ttl: float | None = None,
        size: int | None = None,
    ) -> T:
        """The value under `key`, which `load` makes. It is one object for all who ask: do not change it.

        `load(milliseconds)` is told how long it may take: `deadline_ms`, or less if the invocation ends before. It
        cannot be interrupted, so it passes that on to whatever waits; of one that took longer the records tell. If
        it returns None there is no such thing, which is kept for `negative_ttl` seconds; if that is not given, for
        `ttl` but no more than 10. `size` is what the value takes, in bytes, for those who know better than `weigh`.

        A value is fresh for `ttl` seconds, less up to a tenth of it. For `stale` seconds more it still serves if
        it cannot be loaded anew. LoadError if there is none that serves. A load that failed is tried again after 1,
        2, 4, … 32 seconds. In one invocation a key is loaded once at most, if it is not forgotten meanwhile and need
        not make room for others; `ttl=0` means once in each.
        After UnderWayError there is no pause: `load(0)` takes up in the next invocation what is done by then.
        """
        entry, environment = self._entries.get(key), self._environment
        if entry is not None and (
            entry.start <= environment.entered < entry.stop or entry.loaded_in == environment.invocation
        ):
            self._entries.move_to_end(key)
            self.hits += 1
            return entry.value  # type: ignore[no-any-return]
        passing = self._passing.get(key)
        if passing is not None and passing.loaded_in == environment.invocation:
            self.hits += 1
            return passing.value  # type: ignore[no-any-return]
        self.misses += 1
        fault: Exception | None = None
        budget_ms = self._budget_ms(deadline_ms)
        entry = passing or entry or _Entry()
        reason = self._obstacle(key, entry, budget_ms)
        waits = not reason and not entry.under_way
        if not reason:
            self.loads += waits
            try:
                return self._load(key, load, budget_ms if waits else 0.0, ttl, negative_ttl, size)
            except UnderWayError as going_on:
                reason = describe(going_on)
                self._keep_failure(key, under_way=True)
            except Exception as failed:
                fault, reason = failed, describe(failed)
                self._keep_failure(key)
        value = self._expired(key, load, stale, reason, fault)
        if not waits:  # it was answered at once after all
            self.misses -= 1
            self.hits += 1
        return value  # type: ignore[no-any-return]

    def forget(self, prefix: str = "") -> int:
        """Drop every key that begins with `prefix`, all of them if it is empty; says how many there were.

        What the runtime keeps for itself, a token or the key of the hashes, stays.
        """

        def is_meant(key: str) -> bool:
            return key.startswith(prefix) and not key.startswith(OWN)

        gone = [*filter(is_meant, self._entries)]
        for key in gone:
            self.bytes -= self._entries.pop(key).size
        self._passing = {key: one for key, one in self._passing.items() if not is_meant(key)}
        self._forgotten += 1
        return len(gone)

    def drop(self, key: str) -> None:
        """Drop one key, which may be the runtime's own."""
        if entry := self._entries.pop(key, None):
            self.bytes -= entry.size
        self._passing.pop(key, None)

    def renew(self, generation: object) -> bool:
        """Drop everything if `generation` is another one than at the last call; says whether it was."""
        if generation == self._generation:
            return False
        self._generation = generation
        self.forget()
        return True

    def _budget_ms(self, deadline_ms: float) -> float:
        """How long a load may take now. One that is made by another load ends with that one."""
        environment = self._environment
        outer_ms = (self._deadline - environment.clock.ticks()) * 1000
        return min(deadline_ms, environment.remaining_ms() - _RESERVE_MS, outer_ms)

    def _obstacle(self, key: str, entry: _Entry, budget_ms: float) -> str:
        """Why nothing is loaded now; empty if it can be."""
        environment = self._environment
        if key in self._loading:
            return "it is being loaded already"
        # A clock that was set back to before the failure must not make the pause longer.
        paused = 0 <= environment.entered - entry.failed_at < entry.pause
        if paused or entry.failed_in == environment.invocation:
            return "it could not be loaded a moment ago, and is not tried again yet"
        return "no time is left to load it" if budget_ms < 1 else ""

    def _load(
        self,
        key: str,
        load: Callable[[float], T],
        budget_ms: float,
        ttl: float,
        negative_ttl: float | None,
        size: int | None,
    ) -> T:
        environment, outer, forgotten = self._environment, self._deadline, self._forgotten
        now = environment.invocation
        self._passing = {
            key: one for key, one in self._passing.items() if now in (one.loaded_in, one.failed_in)
        }
        began = environment.clock.ticks()
        self._deadline = began + budget_ms / 1000
        self._loading.add(key)
        try:
            value = load(budget_ms)
        finally:
            self._loading.discard(key)
            self._deadline = outer
        took_ms = (environment.clock.ticks() - began) * 1000
        if 0 < budget_ms < took_ms - _GRACE_MS:
            late = LoadError(f"took {took_ms:.0f} ms of {budget_ms:.0f}")
            environment.note_failure(f"memory {_shown(load)}", late)
        if value is None:
            ttl = min(ttl, MOST_NEGATIVE_SECONDS) if negative_ttl is None else negative_ttl
        if forgotten == self._forgotten:  # else it may be older than what made somebody forget
            self._keep(key, load, value, ttl, size)
        return value

    def _keep(
        self, key: str, load: Callable[..., object], value: object, ttl: float, size: int | None
    ) -> None:
        entry = _Entry()
        entry.value = value
        entry.loaded_in = self._environment.invocation
        entry.start = self._environment.entered
        entry.stop = entry.start + int(min(ttl, _FOREVER) * (1 - _JITTER * self._random()) * _SECOND)
        if not self._put(key, entry, _size(key) + (weigh(value, self.max_bytes) if size is None else size)):
            if old := self._entries.get(key):
                old.pause, old.under_way = 0, False  # its load has come to its end
            reason = LoadError(f"takes more than {self.max_bytes:,} bytes, and is loaded for every request")
            self._environment.note_failure(f"memory {_shown(load)}", reason)

    def _keep_failure(self, key: str, *, under_way: bool = False) -> None:
        """What is known of the key stays, an expired value above all. The load may have made it forgotten."""
        entry = self._entries.get(key) or _Entry()
        entry.under_way = under_way
        entry.failed_in = self._environment.invocation
        if not under_way:
            entry.pause = min(2 * entry.pause, _MOST_PAUSE) or _SECOND
            entry.failed_at = self._environment.clock.now()
            self.errors += 1
        self._put(key, entry, entry.size or _size(key))

    def _put(self, key: str, entry: _Entry, size: int) -> bool:
        """Take `entry` in as the one used last. False if it alone is over the bound: what was there before stays."""
        if size > self.max_bytes:
            self._passing[key] = entry
            return False
        old = self._entries.pop(key, None)
        self.bytes -= old.size if old else 0
        entry.size = size
        self._entries[key] = entry
        self.bytes += size
        while self.bytes > self.max_bytes or len(self._entries) > self.max_entries:
            self.bytes -= self._entries.popitem(last=False)[1].size
            self.evicted += 1
        return True

    def _expired(
        self, key: str, load: Callable[..., object], stale: float, reason: str, fault: Exception | None
    ) -> Any:
        """The value that has expired, as long as it serves; LoadError if none does."""
        entry = self._entries.get(key)
        now = self._environment.entered
        if entry is None or entry.loaded_in is None or now >= entry.stop + stale * _SECOND:
            raise LoadError(f"what {_shown(load)} loads is not in memory, and {reason}") from fault
        self._entries.move_to_end(key)
        self.stale += 1
        if fault is not None:
            self._environment.note_failure(f"memory {_shown(load)}", fault)
        return entry.value


def _size(key: str) -> int:
    return _ENTRY_BYTES + getsizeof(key)


def _shown(load: Callable[..., object]) -> str:
    """What may be told of an entry: the function that loads it. Its key can be a visitor's, a session's id say."""
    name = str(getattr(load, "__qualname__", type(load).__qualname__))
    return ".".join(name.replace("<locals>.", "").split(".")[-2:])[-_SHOWN_CHARACTERS:]


def _random() -> float:
    return int.from_bytes(os.urandom(4), "big") / 2**32  # the module `random` costs an import
