"""Brings records to one network destination: what is kept, when it is tried, what becomes of each answer.

Every record stays in memory until an answer confirms it, within bounds; one that cannot be kept, or is refused, goes
to standard output, so that none is lost in silence. What a request looks like and what its answer means is the
destination's; how bytes travel is the connection's.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from edgewise.edge.errors import EdgeError, LoadError
from edgewise.edge.output import say
from edgewise.edge.record import to_line

from .breaker import Breaker
from .connection import Connection, StaleConnectionError
from .network import NETWORK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgewise.edge.environment import Clock
    from edgewise.edge.output import Write
    from edgewise.edge.record import Record

    from .destination import Destination, Verdict
    from .network import Network

MOST_BATCH_BYTES = 64 * 1024  # what can be sent and answered within a budget of some ten milliseconds
MOST_MISSES = 3  # answers in a row that took nothing, of single records: then it is not those that are wrong
MOST_LONE_FAULTS = 3  # of one record sent alone, with others taken between them: then it is that record
BUSY_SECONDS = 1  # between two records: so soon others come that a connection opens while nobody waits for it
RESERVE_MS = 100  # of the invocation's own time, left alone
_NOW = 0.0  # a deadline that is past: look, but do not wait


class UndeliveredError(EdgeError):
    """The destination answered, but did not take every record."""

    code = "edge.undelivered"


class Limits:
    """Of a courier: the `budget_ms` that one invocation may wait in all; `wait` for answers within it, or read them in
    a later invocation; the most `records`, `bytes` and seconds of `age` that are kept in memory; how many seconds
    records `gather` before they are sent, so that more go together."""

    def __init__(
        self,
        budget_ms: float,
        *,
        wait: bool = False,
        records: int = 500,
        bytes: int = 256 * 1024,
        age: float = 4 * 3600,  # OpenObserve drops what is older than 5 hours, and says 200
        gather: float = 0,
    ) -> None:
        self.budget_ms = budget_ms
        self.wait = wait
        self.records = records
        self.bytes = bytes
        self.age = age
        self.gather = gather


class _Kept:
    """A record in memory: its line, how many came before, when it came (microseconds), whether it was sent already.

    `lone_faults` happened while nothing else was on the way; at the last of them, `sent_then` others had been taken.
    """

    __slots__ = ("line", "lone_faults", "number", "sent_then", "since", "was_sent")

    def __init__(self, line: str, number: int, since: int) -> None:
        self.line = line
        self.number = number
        self.since = since
        self.was_sent = False
        self.lone_faults = 0
        self.sent_then = -1


class Courier:
    """A Delivery over the network, oldest records first. Always: sent + dropped + pending = records taken.

    Delivery is at least once: after a lost answer a batch is sent again with the same record ids. One batch is under
    way at a time; nobody waits for the answer to one that an earlier invocation sent.

    Since the environment began: `sent`, `dropped`, `retried` (sendings of a record after its first). Of the last time:
    `waited_ms` that delivering took, `batch_age_ms` of the oldest record in the batch that was sent, `drop_reason`: no
    "room", its "age", it was "refused", or "stopped" each time while others passed.
    """

    def __init__(
        self,
        destination: Destination,
        limits: Limits,
        clock: Clock,
        write: Write,
        network: Network = NETWORK,
    ) -> None:
        self._destination = destination
        self._limits = limits
        self._clock = clock
        self._write = write
        self._network = network
        self._connection = Connection(destination.host, network)
        self._breaker = Breaker(clock)
        self._pending: deque[_Kept] = deque()
        self._bytes = 0
        self._in_flight = 0  # how many of the oldest pending records were sent and have no answer yet
        self._most = destination.most_records  # of the next request; less after a fault or a refusal
        # Answers in a row that took nothing, a halved batch apart; after a pause one is enough.
        self._misses = 0
        self._before = 0  # when the last record came
        self._is_busy = False  # whether that was a moment ago, so that another is likely to come soon
        self.sent = 0
        self.dropped = 0
        self.retried = 0
        self.waited_ms = 0.0
        self.batch_age_ms = 0
        self.drop_reason = ""

    @property
    def pending(self) -> int:
        """How many records wait in memory."""
        return len(self._pending)

    def deliver(self, record: Record, remaining_ms: float) -> None:
        """Keep `record`, then send what is pending, as far as it goes within the budget."""
        self.deliver_line(to_line(record), remaining_ms)

    def deliver_line(self, line: str, remaining_ms: float) -> None:
        """The same of what is a line of ASCII JSON already."""
        began = self._network.monotonic()
        self._keep(line)
        self._go_on(began, remaining_ms)

    def advance(self, remaining_ms: float) -> None:
        """Send what is pending, without anything new: for a visitor who brings no record, and waits for no opening."""
        if self._pending:
            self._is_busy = True
            self._go_on(self._network.monotonic(), remaining_ms)

    def _go_on(self, began: float, remaining_ms: float) -> None:
        budget_ms = min(self._limits.budget_ms, remaining_ms - RESERVE_MS)
        if budget_ms > 0 and not self._breaker.is_open():
            try:
                self._work(began + budget_ms / 1000)
            except Exception as fault:  # the answer is the other side's to choose
                self._fail(f"{type(fault).__name__}: {fault}")
        self.waited_ms = round((self._network.monotonic() - began) * 1000, 3)

    def close(self) -> None:
        """Close the connection; what is pending stays, and what was sent without an answer is sent again."""
        self._in_flight = 0
        self._breaker.end()
        self._connection.close()

    def _keep(self, line: str) -> None:
        limits, now = self._limits, self._clock.now()
        self._is_busy = 0 <= now - self._before < BUSY_SECONDS * 1_000_000
        self._before = now
        self._pending.append(_Kept(line, self.sent + self.dropped + self.pending, now))
        self._bytes += len(line)
        # Those in flight may be stored already, so their answer is waited for.
        while len(self._pending) > limits.records or self._bytes > limits.bytes:
            self._drop(self._in_flight, "room")
        oldest = now - int(limits.age * 1_000_000)
        while len(self._pending) > self._in_flight and self._pending[self._in_flight].since < oldest:
            self._drop(self._in_flight, "age")

    def _drop(self, index: int, reason: str) -> None:
        """Count a record as dropped, and print it where it can be found."""
        self.drop_reason = reason
        kept = self._pending[index]
        del self._pending[index]
        self._bytes -= len(kept.line)
        self.dropped += 1
        self._write(kept.line)

    def _work(self, deadline: float) -> None:
        """Take up an answer that has come since, then send what is pending until it is gone or the time is."""
        if self._in_flight:
            self._settle(_NOW)
        self._breaker.go_on()
        if self._breaker.is_silent() and (self._in_flight or not self._connection.open(_NOW)):
            self._fail("no answer" if self._in_flight else "the connection does not open")
        if self._breaker.is_open():
            return
        while self._is_due() and not self._in_flight and self._network.monotonic() < deadline:
            if not self._send_batch(deadline) or not self._limits.wait:
                return
            self._settle(deadline)

    def _is_due(self) -> bool:
        """Whether there is anything to send, and it has waited for company as long as it should, or has enough."""
        if not self._pending or not self._limits.gather:
            return bool(self._pending)
        age = self._clock.now() - self._pending[0].since
        is_young = 0 <= age < self._limits.gather * 1_000_000
        return not is_young or len(self._pending) >= self._most or self._bytes >= MOST_BATCH_BYTES

    def _send_batch(self, deadline: float) -> bool:
        """Send the oldest records. False if that has to wait for the connection, or for a secret.

        Who begins to open the connection waits for it, unless the environment is busy: then those who come next go on
        with it and nobody waits. One that serves few requests could not open it bit by bit before the other side loses
        patience.
        """
        breaker = self._breaker
        is_opening = breaker.is_under_way()
        if is_opening and not self._connection.open(_NOW):
            return False
        if not self._let_others_pass():
            return False
        batch = self._batch()
        try:  # before the connection is waited for, as this may take a part of the time too
            message = self._destination.request([kept.line for kept in batch])
        except LoadError as fault:  # the memory has pauses of its own, and tells by the cause that it tried
            if fault.__cause__ is not None:
                self._say(f"({fault})")
            breaker.end()
            return False
        if not is_opening:
            breaker.begin_opening()
            if not self._connection.open(deadline if self._limits.wait or not self._is_busy else _NOW):
                return False
        self._connection.send(message)
        breaker.begin()
        self._in_flight = len(batch)
        self.batch_age_ms = max(0, self._clock.now() - min(kept.since for kept in batch)) // 1000
        for kept in batch:
            self.retried += kept.was_sent
            kept.was_sent = True
        return True

    def _let_others_pass(self) -> bool:
        """Bring the oldest record to the front that has not failed alone since any was taken. False if there is none:
        the next visitor brings one."""
        for kept in self._pending:
            if kept.sent_then != self.sent:
                self._pending.remove(kept)
                self._pending.appendleft(kept)
                return True
        return False

    def _batch(self) -> list[_Kept]:
        """The oldest records, as many as may go together. One that has one lone fault left goes alone."""
        batch: list[_Kept] = []
        size = 0
        for kept in islice(self._pending, self._most):
            size += len(kept.line) + 1
            goes_alone = kept.lone_faults == MOST_LONE_FAULTS - 1
            if batch and (goes_alone or size > MOST_BATCH_BYTES):
                break
            batch.append(kept)
            if goes_alone:
                break
        return batch

    def _settle(self, deadline: float) -> None:
        """Deal with the batch in flight by its answer. Without one by the deadline it stays in flight."""
        try:
            answer = self._connection.receive(deadline)
        except StaleConnectionError:
            self._in_flight = 0
            self._breaker.end()
            return
        if answer is not None:
            count = self._in_flight
            self._obey(self._destination.verdict(answer.status, answer.body, count), count)

    def _obey(self, verdict: Verdict, count: int) -> None:
        """Account for the `count` oldest records. UndeliveredError if a pause is called for."""
        self._breaker.end()
        stored = verdict.stored & frozenset(range(count))
        refused = verdict.refused & frozenset(range(count)) - stored
        if stored:
            self._breaker.close()
            self._misses = 0
            self._most = min(2 * self._most, self._destination.most_records)
        elif count > 1 and not (refused and verdict.certain):
            # One of them may be to blame, and it is found by halves; if none is, that will show too.
            self._in_flight, self._most = 0, count // 2
            return
        if stored or refused:
            batch = [self._pending.popleft() for _ in range(count)]
            self._pending.extendleft(batch[i] for i in reversed(range(count)) if i not in stored | refused)
            self._bytes = sum(len(kept.line) for kept in self._pending)
            self._in_flight = 0
            self.sent += len(stored)
            self.dropped += len(refused)
        if refused:
            self.drop_reason = "refused"
            for index in sorted(refused) if verdict.certain else range(count):
                self._write(batch[index].line)
        self._decide(verdict, len(stored), len(refused), count)
        self._in_flight = 0

    def _decide(self, verdict: Verdict, stored: int, refused: int, count: int) -> None:
        """Tell what went wrong, and go on at once or not."""
        trouble = verdict.reason
        if refused:
            them = "" if verdict.certain or refused == count else "all "
            trouble = f"{refused} of {count} refused, {them}printed above: {trouble}"
        left = count - stored - refused
        # One that failed alone before, with others taken since, says nothing of the destination.
        is_known = left == count and self._pending[0].lone_faults > 0
        self._misses += not (stored or is_known)
        if self._misses >= MOST_MISSES or (stored and left):
            raise UndeliveredError(trouble)
        if left:
            self._suspect()
        if left or refused:
            self._say(f"({trouble})")

    def _fail(self, reason: str) -> None:
        """Every record that was sent without an answer waits again, and all for the end of a pause.

        The next attempt is made with one record, and while that goes well each batch may be twice the one before.
        """
        was_alone = self._in_flight == 1
        self._in_flight, self._most, self._misses = 0, 1, MOST_MISSES
        self._breaker.fail()
        self._connection.close()
        if was_alone:
            self._suspect()
        self._say(f"({reason}); {self.pending} wait {self._breaker.pause} s")

    def _suspect(self) -> None:
        """The oldest record failed alone. Others have their turn now, so that it holds up none of them.

        If it goes on failing while others are taken, then there is something in it that a firewall, say, never lets
        pass, and it is given up. In an outage no other is taken either.
        """
        self._most = 1
        kept = self._pending[0]
        if self.sent > kept.sent_then:
            kept.lone_faults += 1
            kept.sent_then = self.sent
        if kept.lone_faults >= MOST_LONE_FAULTS:
            self._drop(0, "stopped")
        else:
            self._pending = deque(sorted(self._pending, key=lambda kept: kept.number))

    def _say(self, text: str) -> None:
        say(self._write, f"{self._destination.host} did not take the records {text}")
