"""Records straight to OpenObserve's `_json` endpoint, or to the embedded store, which speaks it too.

Every record stays in memory until an answer confirms it, within bounds; one that cannot be kept, or is refused,
goes to standard output, so that none is lost in silence. The visitor waits no longer than the budget; an answer
that takes longer is taken up by a later invocation, and nobody else waits for it. When the store fails no further
visitor waits until a pause is over.
"""

from __future__ import annotations

import json
import time
from binascii import b2a_base64
from collections import deque

from edgewise.edge.errors import EdgeError
from edgewise.edge.output import say
from edgewise.edge.record import to_line

from .connection import Connection, StaleConnectionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgewise.edge.environment import Clock
    from edgewise.edge.output import Write
    from edgewise.edge.record import Record

MOST_PENDING = 500  # records
MOST_PENDING_BYTES = 256 * 1024
MOST_BATCH_BYTES = 64 * 1024  # what can be sent and answered within a budget of some ten milliseconds
PAUSE_SECONDS = 10  # after a failure; as long may an answer take
_RESERVE_MS = 100  # of the invocation's own time, left alone
_RETRYABLE = (401, 403, 408, 429)  # and 5xx; with any other 4xx the same batch would be refused for ever


class UndeliveredError(EdgeError):
    """The store answered, but did not take every record."""

    code = "edge.undelivered"


class OpenObserve:
    """Sends pending records, oldest first. Always: sent + dropped + pending = records taken.

    Delivery is at least once: after a lost answer a batch is sent again with the same record ids.
    """

    __slots__ = (
        "_budget_ms",
        "_clock",
        "_connection",
        "_failed_at",
        "_head",
        "_in_flight",
        "_pending",
        "_pending_bytes",
        "_sent_at",
        "_url",
        "_write",
        "dropped",
        "sent",
    )

    def __init__(self, log: Mapping[str, Any], clock: Clock, write: Write) -> None:
        """`log` as `Settings` has checked it: url, organization, stream, user, password, budget_ms."""
        scheme, _, rest = log["url"].partition("://")
        host_and_port, slash, prefix = rest.partition("/")
        credentials = b2a_base64(f"{log['user']}:{log['password']}".encode(), newline=False).decode("ascii")
        self._head = (
            f"POST {slash}{prefix}/api/{log['organization']}/{log['stream']}/_json HTTP/1.1\r\n"
            f"Host: {host_and_port}\r\nAuthorization: Basic {credentials}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._url = log["url"]
        self._connection = Connection(scheme, host_and_port)
        self._budget_ms = log["budget_ms"]
        self._clock = clock
        self._write = write
        self._pending: deque[str] = deque()
        self._pending_bytes = 0
        self._in_flight = 0  # how many of the oldest pending records were sent and have no answer yet
        self._sent_at: int | None = None
        self._failed_at: int | None = None
        self.sent = 0
        self.dropped = 0

    @property
    def pending(self) -> int:
        """How many records wait in memory."""
        return len(self._pending)

    def deliver(self, record: Record, remaining_ms: float) -> None:
        """Keep `record`, then send what is pending until it is gone or the budget is."""
        self._keep(to_line(record))
        budget_ms = min(self._budget_ms, remaining_ms - _RESERVE_MS)
        if budget_ms <= 0 or self._is_recent(self._failed_at):
            return
        deadline = time.monotonic() + budget_ms / 1000
        try:
            self._take_up_answer()
            while self._pending and not self._in_flight and time.monotonic() < deadline:
                self._send_batch(deadline)
                self._settle(deadline)
        except Exception as fault:  # the answer is the other side's to choose
            self._failed_at = self._clock.now()
            self._give_up(f"{type(fault).__name__}: {fault}", f"wait {PAUSE_SECONDS} s")

    def close(self) -> None:
        """Close the connection; what is pending stays, and what was sent without an answer is sent again."""
        self._in_flight = 0
        self._connection.close()

    def _keep(self, line: str) -> None:
        self._pending.append(line)
        self._pending_bytes += len(line)
        while len(self._pending) > MOST_PENDING or self._pending_bytes > MOST_PENDING_BYTES:
            self.dropped += 1
            self._write(self._take(self._in_flight))  # those before it may be stored already

    def _take(self, index: int = 0) -> str:
        line = self._pending[index]
        del self._pending[index]
        self._pending_bytes -= len(line)
        return line

    def _is_recent(self, moment: int | None) -> bool:
        """Whether less than the pause has gone by since. Not so for a clock that was set back to before it."""
        return moment is not None and 0 <= self._clock.now() - moment < PAUSE_SECONDS * 1_000_000

    def _give_up(self, reason: str, consequence: str) -> None:
        """Every record that was sent without an answer waits again."""
        self.close()
        say(self._write, f"{self._url} did not take the records ({reason}); {self.pending} {consequence}")

    def _take_up_answer(self) -> None:
        """See what came of a batch that an earlier invocation sent; after a long silence it is sent again."""
        if self._in_flight:
            self._settle(time.monotonic())
        if self._in_flight and not self._is_recent(self._sent_at):
            self._give_up(f"no answer for {PAUSE_SECONDS} s", "are sent again")

    def _send_batch(self, deadline: float) -> None:
        count = self._batch_length()
        body = f"[{','.join(self._pending[i] for i in range(count))}]"
        self._connection.send(f"{self._head}{len(body)}\r\n\r\n{body}".encode("ascii"), deadline)
        self._in_flight, self._sent_at = count, self._clock.now()

    def _settle(self, deadline: float) -> None:
        """Count the batch in flight by its answer. Without one by the deadline it stays in flight."""
        try:
            answer = self._connection.receive(deadline)
        except StaleConnectionError:
            self._in_flight = 0
            return
        if answer is None:
            return
        count = self._in_flight
        stored = _stored(*answer, count)
        self._in_flight = 0
        batch = [self._take() for _ in range(count)]
        self.sent += stored
        self.dropped += count - stored
        if stored < count:  # which ones were refused is not said, so all of them go where they can be found
            for line in batch:
                self._write(line)
            raise UndeliveredError(
                f"{count - stored} of {count} refused, all printed above: {_brief(*answer)}"
            )

    def _batch_length(self) -> int:
        size = 0
        for count, line in enumerate(self._pending):
            size += len(line)
            if count and size > MOST_BATCH_BYTES:
                return count
        return len(self._pending)


def _stored(status: int, answer: bytes, count: int) -> int:
    """How many of `count` records are stored, the others being refused for good.

    UndeliveredError if the batch may be taken later. A 200 proves nothing: OpenObserve also gives it when it
    stored none, and only its `status` list counts.
    """
    if status == 200:
        parts = json.loads(answer)["status"]
        stored = sum(int(part["successful"]) for part in parts)
        failed = sum(int(part["failed"]) for part in parts)
        if stored == count or (failed > 0 and 0 <= stored < count):
            return stored
    elif 400 <= status < 500 and status not in _RETRYABLE:
        return 0
    raise UndeliveredError(_brief(status, answer))


def _brief(status: int, answer: bytes) -> str:
    return f"status {status} {answer[:200].decode('utf-8', 'replace')}"
