"""Decides when a destination that failed is tried again. Frozen time counts, as the clock runs on.

| state     | when                          | what the courier does                                            |
|-----------|-------------------------------|------------------------------------------------------------------|
| closed    | nothing says that it is down  | sends with every invocation                                      |
| open      | during the pause after a fault| keeps records and touches no network                             |
| half-open | the pause is over             | makes one attempt; a fault opens it again for twice as long      |
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgewise.edge.environment import Clock

PAUSE_SECONDS = 10  # after the first fault; as long may an answer take, over however many invocations
# What an opening may take: a connection needs some five visitors to go on with it, who may be far apart.
OPENING_SECONDS = 60  # by when most servers have lost patience
OPENING_VISITORS = 10  # if they all came in PAUSE_SECONDS, that was enough
_MOST_DOUBLINGS = 3


class Breaker:
    """Knows the attempt that is under way, when the last fault was, and how many there were in a row."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempt_at: int | None = None
        self._visitors = 0  # of the opening that is under way, the first one too; 0 once a request is sent
        self._opened_at = 0
        self._failures = 0

    @property
    def pause(self) -> int:
        """Seconds for which the last fault keeps it open; 0 if it is closed."""
        return PAUSE_SECONDS << min(self._failures - 1, _MOST_DOUBLINGS) if self._failures else 0

    def is_open(self) -> bool:
        """Whether the destination is to be left alone."""
        return self._is_recent(self._opened_at, self.pause)

    def is_under_way(self) -> bool:
        """Whether an attempt has begun and not ended."""
        return self._attempt_at is not None

    def is_silent(self) -> bool:
        """Whether the attempt under way has lasted too long."""
        patience = OPENING_SECONDS if 0 < self._visitors < OPENING_VISITORS else PAUSE_SECONDS
        return self._attempt_at is not None and not self._is_recent(self._attempt_at, patience)

    def begin_opening(self) -> None:
        """An attempt begins with the opening of a connection."""
        self._attempt_at = self._clock.now()
        self._visitors = 1

    def go_on(self) -> None:
        """Another visitor is there to go on with the opening, if there is one."""
        self._visitors += self._visitors > 0

    def begin(self) -> None:
        """A request is sent, whose answer is waited for."""
        self._attempt_at = self._clock.now()
        self._visitors = 0

    def end(self) -> None:
        """The attempt brought an answer, or nothing that says how the destination is."""
        self._attempt_at = None

    def close(self) -> None:
        """The destination works."""
        self._failures = 0

    def fail(self) -> None:
        """The attempt failed. Silence counts from its beginning: nobody waited since then."""
        silent_since = self._attempt_at if self.is_silent() else None
        self._opened_at = self._clock.now() if silent_since is None else silent_since
        self._failures += 1
        self._attempt_at = None

    def _is_recent(self, moment: int, seconds: int) -> bool:
        """Not so for a clock that was set back to before the moment."""
        return 0 <= self._clock.now() - moment < seconds * 1_000_000
