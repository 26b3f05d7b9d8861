"""A Lambda function in one region: its environments, started on demand, reused, and replaced."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions.environment import ExecutionEnvironment, Invocation
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogSink, LogStream
from edgewise.cdn.functions.runtime_api import Outcome
from edgewise.cdn.functions.states import State


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What an invocation gave: the payload, or the type of the error, with the handler's own milliseconds."""

    outcome: Outcome
    milliseconds: float
    cold: bool


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
    ) -> None:
        self.definition = definition
        self._region = region
        self._launcher = launcher
        self._log_sink = log_sink
        self._max_environments = max_environments
        self._environments: set[ExecutionEnvironment] = set()
        self._idle: list[ExecutionEnvironment] = []
        self._waiting: deque[tuple[Invocation, bytes]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        self._closed = False

    async def invoke(self, event: bytes) -> FunctionResult:
        """Run the handler once. Never raises: a failure is in the outcome."""
        invocation = Invocation(str(uuid.uuid4()), asyncio.get_running_loop().create_future())
        # A visitor who leaves cancels the future; the function runs to its end all the same, as on AWS.
        self._waiting.append((invocation, event))
        self._hand_out()
        self.in_flight += 1
        try:
            outcome = await invocation.outcome
        finally:
            self.in_flight -= 1
        cold = invocation.init_seconds is not None
        return FunctionResult(outcome, invocation.seconds * 1000, cold)

    def _hand_out(self) -> None:
        """Give waiting invocations to idle environments, the most recently used first; start more if needed."""
        while self._waiting and self._idle:
            invocation, event = self._waiting.popleft()
            if not invocation.outcome.done():
                self._idle.pop().invoke(invocation, event)
        coming = sum(environment.coming and not environment.outdated for environment in self._environments)
        room = self._max_environments - len(self._environments)
        for _ in range(min(len(self._waiting) - coming, room)):
            environment = self._new_environment()
            self._environments.add(environment)
            self._spawn(self._start(environment))

    def _new_environment(self) -> ExecutionEnvironment:
        day = time.strftime("%Y/%m/%d", time.gmtime())
        stream = f"{day}/[{self.definition.version}]{secrets.token_hex(16)}"
        group = f"/aws/lambda/us-east-1.{self.definition.name}"
        logs = LogStream(self._region, group, stream, self._log_sink, time.time)
        return ExecutionEnvironment(self.definition, self._region, self._launcher, logs, self._changed)

    async def _start(self, environment: ExecutionEnvironment) -> None:
        try:
            await environment.start()
        except Exception as error:
            # Out of processes or file descriptors, for one: this request fails, the others get their chance.
            self._environments.discard(environment)
            self._fail_oldest(Outcome(str(error).encode(), "Sandbox.StartFailed"))
            if not self._closed:
                self._hand_out()

    def _changed(self, environment: ExecutionEnvironment) -> None:
        """An environment became idle, or is gone."""
        if environment not in self._environments:
            return  # being closed by us
        if environment.state is State.IDLE and not environment.outdated:
            self._idle.append(environment)
        else:
            self._retire(environment)
            if not environment.was_ready and not environment.outdated:
                self._fail_oldest(environment.failure)
        if not self._closed:
            self._hand_out()

    def _fail_oldest(self, outcome: Outcome) -> None:
        """An environment that does not start fails one request, as on AWS: the one it was started for."""
        while self._waiting:
            invocation, _ = self._waiting.popleft()
            if not invocation.outcome.done():
                invocation.outcome.set_result(outcome)
                return

    def _retire(self, environment: ExecutionEnvironment) -> None:
        self._environments.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        self._spawn(environment.close())

    def code_changed(self) -> None:
        """Start a new version: the next invocation runs the code as it is now."""
        self.definition = replace(self.definition, version=self.definition.version + 1)
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
        while self._waiting:
            self._fail_oldest(Outcome(b"", "Sandbox.Closed"))
        # A start that is under way must have come to a process before the process can be ended.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for environment in list(self._environments):
            self._retire(environment)
        await asyncio.gather(*self._tasks, return_exceptions=True)
