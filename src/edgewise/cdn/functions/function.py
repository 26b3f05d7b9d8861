"""A Lambda function in one region: its environments, started on demand, reused, and replaced.

It costs nothing before its first invocation.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import NamedTuple

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions import names
from edgewise.cdn.functions.environment import ExecutionEnvironment
from edgewise.cdn.functions.failed import THROTTLED
from edgewise.cdn.functions.invocation import CLOSED, Invocation, new_invocation
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogSink, LogStream
from edgewise.cdn.functions.runtime_api import Outcome
from edgewise.cdn.functions.states import State


class FunctionResult(NamedTuple):
    """What an invocation gave: the payload, or the type of the error, with the handler's own milliseconds.

    `request_id` is the one in the function's log; empty when it did not run.
    """

    outcome: Outcome
    milliseconds: float
    cold: bool
    request_id: str = ""


class Function:
    """Invoked from the walk of a request; grows to `max_environments` processes, and queues beyond that."""

    def __init__(
        self,
        definition: FunctionDefinition,
        region: str,
        launcher: Launcher,
        log_sink: LogSink,
        *,
        max_environments: int = 4,
        concurrency: int | None = None,
        lifetime: float | None = None,
        random_bits: Callable[[int], int] = random.getrandbits,
    ) -> None:
        """`concurrency` is the number of invocations beyond which one is throttled; without it they wait.

        An environment older than `lifetime` seconds serves no more; without it they stay. Source: CloudFront Developer
        Guide, "Quotas on Lambda@Edge" (1,000 in a region by default); Lambda Developer Guide, "Understanding the
        Lambda execution environment lifecycle" (recycled every few hours).
        """
        self.definition = definition
        self._region = region
        self._launcher = launcher
        self._log_sink = log_sink
        self._max_environments = max_environments
        self._concurrency = concurrency
        self._lifetime = lifetime
        self._random_bits = random_bits
        self._environments: set[ExecutionEnvironment] = set()
        self._idle: list[ExecutionEnvironment] = []
        self._waiting: deque[Invocation] = deque()
        # The log streams of environments that failed: Lambda resets such a one and starts it in its next
        # invocation.
        self._reset: list[LogStream] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        self._closed = False

    async def invoke(self, event: bytes) -> FunctionResult:
        """Run the handler once. Never raises: a failure is in the outcome."""
        if self._closed:
            return FunctionResult(Outcome(b"", CLOSED), 0.0, cold=False)
        if self._concurrency is not None and self.in_flight >= self._concurrency:
            return FunctionResult(Outcome(b"", THROTTLED), 0.0, cold=False)
        invocation = new_invocation(event, self._random_bits)
        # A visitor who leaves cancels the future; the function runs to its end all the same, as on AWS.
        self._waiting.append(invocation)
        self._hand_out()
        self.in_flight += 1
        try:
            outcome = await invocation.outcome
        finally:
            self.in_flight -= 1
        return FunctionResult(
            outcome, invocation.seconds * 1000, invocation.cold, request_id=invocation.request_id
        )

    def _hand_out(self) -> None:
        """Give waiting invocations to idle environments, the most recently used first; start more if needed."""
        while self._waiting and self._idle:
            if self._lifetime is not None and self._idle[-1].age() > self._lifetime:
                self._retire(self._idle[-1])
                continue
            invocation = self._waiting.popleft()
            if not invocation.outcome.done():
                self._idle.pop().invoke(invocation)
        room = self._max_environments - len(self._environments)
        if self._waiting and room:
            coming = sum(
                environment.coming and not environment.outdated for environment in self._environments
            )
            for _ in range(min(len(self._waiting) - coming, room)):
                self._start_environment()

    def _start_environment(self) -> None:
        if self._reset:
            retry = self._next_waiting()
            if retry is None:
                return
            environment = self._new_environment(self._reset.pop(), retry)
        else:
            environment = self._new_environment(self._new_log_stream())
        self._environments.add(environment)
        self._spawn(environment.start())

    def _new_environment(self, logs: LogStream, retry: Invocation | None = None) -> ExecutionEnvironment:
        return ExecutionEnvironment(
            self.definition, self._region, self._launcher, logs, self._changed, retry=retry
        )

    def _new_log_stream(self) -> LogStream:
        day = time.strftime("%Y/%m/%d", time.gmtime())
        stream = f"{day}/[{self.definition.version}]{secrets.token_hex(16)}"
        group = names.log_group(self.definition)
        return LogStream(self._region, group, stream, self._log_sink, time.time)

    def _changed(self, environment: ExecutionEnvironment) -> None:
        """An environment became idle, or is gone."""
        if environment not in self._environments:
            return  # being closed by us
        if environment.state is State.IDLE and not environment.outdated:
            self._idle.append(environment)
        else:
            if not environment.outdated:
                self._reset.append(environment.logs)
            self._retire(environment)
        if not self._closed:
            self._hand_out()

    def _next_waiting(self) -> Invocation | None:
        while self._waiting:
            invocation = self._waiting.popleft()
            if not invocation.outcome.done():
                return invocation
        return None

    def _retire(self, environment: ExecutionEnvironment) -> None:
        self._environments.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        self._spawn(environment.close())

    def code_changed(self) -> None:
        """Start a new version: the next invocation runs the code as it is now."""
        self.definition = replace(self.definition, version=self.definition.version + 1)
        self.recycle()

    def recycle(self) -> None:
        """End the environments, as AWS does now and then: what they kept in memory is gone."""
        self._reset.clear()
        for environment in list(self._environments):
            environment.outdated = True
            if environment.state is State.IDLE:
                self._retire(environment)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End every environment, whatever it is doing."""
        self._closed = True
        while (invocation := self._next_waiting()) is not None:
            invocation.outcome.set_result(Outcome(b"", CLOSED))
        # A start that is under way must have come to a process before the process can be ended.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for environment in list(self._environments):
            self._retire(environment)
        await asyncio.gather(*self._tasks, return_exceptions=True)
