"""One execution environment: a process of the runtime client, and its Runtime API.

It serves one invocation at a time. Between invocations it is frozen, a moment after it has become idle: no thread,
timer or task of the function runs until the next one. Its states are in `states.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions import names
from edgewise.cdn.functions.alarm import Alarm
from edgewise.cdn.functions.failed import EXIT, NOT_STARTED, OUT_OF_MEMORY, TIMED_OUT
from edgewise.cdn.functions.invocation import CLOSED, Invocation
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogStream
from edgewise.cdn.functions.memory import MEASURE_EVERY, MemoryGauge, used_memory_mb
from edgewise.cdn.functions.output import Output
from edgewise.cdn.functions.process import Process
from edgewise.cdn.functions.runtime_api import Outcome, Refused, RuntimeApi
from edgewise.cdn.functions.states import IllegalTransition, State, after
from edgewise.cdn.limits import INIT_TIMEOUT
from edgewise.errors import EdgewiseError

# How long an environment is idle before it is frozen. Stopping and starting a process costs as much as a short
# invocation: one that follows at once finds the process running. Lambda does not freeze at once either.
_FREEZE_AFTER = 0.002
# An app's server answers first and logs what happened then: its lines are still this request's.
_FREEZE_APP_AFTER = 0.05


class ExecutionEnvironment:
    """Started once, then given invocations while it is idle, until it is gone."""

    def __init__(
        self,
        function: FunctionDefinition,
        region: str,
        launcher: Launcher,
        logs: LogStream,
        on_change: Callable[[ExecutionEnvironment], None],
        *,
        retry: Invocation | None = None,
    ) -> None:
        """`retry` makes it one whose first init failed, or that crashed: its init is part of that invocation."""
        self.function = function
        self.logs = logs
        self.state = State.STARTING
        # Set when newer code exists: the environment serves no further invocation.
        self.outdated = False
        self._launcher = launcher
        self._region = region
        self._on_change = on_change
        self._api = RuntimeApi(self)
        self._output: Output | None = None
        self._process: Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._current = retry
        self._repeated = retry is not None
        self._failure = Outcome(b"", EXIT)
        self._invocations = 0
        self._began = self._deadline = self._idle_since = 0.0
        self._init_seconds: float | None = None
        self._alarm = Alarm(self._look)
        self._memory = MemoryGauge(function.memory_mb)
        # What it had when it was ended for having too much.
        self._used_mb = 0
        self._arn = names.arn(function, region)
        self._freeze_after = _FREEZE_AFTER if function.app is None else _FREEZE_APP_AFTER

    async def start(self) -> None:
        """Start the process. Returns when it exists; `on_change` tells when it is ready or gone."""
        self._began = time.monotonic()
        if self._current is None:
            self.logs.init_start(self.function.runtime)
            self._deadline = self._began + INIT_TIMEOUT
        else:
            self._current.started, self._current.cold = self._began, True
            self._deadline = self._began + self.function.timeout
        self._alarm.no_later_than(min(self._deadline, self._began + MEASURE_EVERY))
        try:
            await self._api.start()
            if self.state is State.GONE:
                self._api.close()
                return
            self._output = Output(self.logs.write)
            try:
                self._process = self._new_process(self._output.descriptor)
            finally:
                self._output.close_descriptor()
        except (OSError, EdgewiseError) as error:
            # Out of processes or file descriptors, the code folder is gone, there is no Node.
            self._failure = Outcome(str(error).encode(), NOT_STARTED)
            self._leave("error")
            return
        self._watcher = asyncio.get_running_loop().create_task(self._watch(self._process))

    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._began

    def _new_process(self, output: int) -> Process:
        function = self.function
        variables = self._launcher.environment(
            function, self._region, api=self._api.address, log_stream=self.logs.name
        )
        return Process(self._launcher.command(function), variables, function.code, output)

    async def _watch(self, process: Process) -> None:
        how = await process.ended()
        self._drain_output()
        if self.state is not State.GONE:
            self._leave("error", how)

    def _leave(self, status: str, how: str = "") -> None:
        """The environment is of no more use: fail what it was doing, free everything, tell the owner.

        `status` is for its log, `error` or `timeout`, or empty when nothing is wrong with it.
        """
        starting = self.state is State.STARTING
        self.state = after(self.state, "fail")
        self._alarm.cancel()
        if starting and status:
            phase = "invoke" if self._repeated else "init"
            error_type = self._failure.error_type
            self.logs.init_report(time.monotonic() - self._began, phase, status, error_type)
        if self._current is not None:
            if starting:
                self.logs.start(self._current.request_id, self.function.version)
            self._tell_why(self._current, how)
            self._finish(self._failure, status)
        if self._process is not None:
            self._process.kill()
        self._api.close()
        self._on_change(self)

    def _tell_why(self, invocation: Invocation, how: str) -> None:
        error_type = self._failure.error_type
        if error_type == TIMED_OUT:
            message = self.logs.timed_out(invocation.request_id, self.function.timeout)
        elif error_type in (EXIT, OUT_OF_MEMORY):
            message = self.logs.exited(invocation.request_id, how, error_type)
            if self._used_mb > self.function.memory_mb:
                message += f"; it had {self._used_mb:,} MB"
            elif error_type == EXIT and self.function.app and self._output:
                # The app's own last word; what the stand-in for its adapter is made of is nobody's affair.
                said = self._output.last_line or "it printed nothing"
                message = f"the app ended with {how or 'exit status 0'}: {said}"
        else:
            return
        report = {"errorType": error_type, "errorMessage": message}
        self._failure = Outcome(json.dumps(report).encode(), error_type)

    async def close(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        if self.state is not State.GONE:
            self._failure = Outcome(b"", CLOSED)
            self._leave("")
        if self._watcher is not None:
            await self._watcher
        if self._output is not None:
            self._output.close()

    def invoke(self, invocation: Invocation) -> None:
        """Thaw the idle environment and hand it an invocation; its `outcome` will be set."""
        now = invocation.started = time.monotonic()
        self._current = invocation
        self._deadline = now + self.function.timeout
        if self._invocations == 0:
            invocation.init_seconds = self._init_seconds
            invocation.cold = True
        self._give(invocation, now)

    def _give(self, invocation: Invocation, now: float) -> None:
        self.state = after(self.state, "invoke")
        self._invocations += 1
        self.logs.start(invocation.request_id, self.function.version)
        self._alarm.no_later_than(min(self._deadline, now + MEASURE_EVERY))
        if self._process is not None and self._process.frozen:
            self._process.thaw()
        self._api.give(
            invocation.event,
            f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + self._deadline - now) * 1000)}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {self._arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n",
        )

    # What the runtime client tells us, through the Runtime API.

    def polled(self) -> None:
        starting = self.state is State.STARTING
        if self._current is not None and not starting:
            raise Refused("InvalidStateTransition", "the invocation is not answered yet")
        try:
            self.state = after(self.state, "ready" if starting else "answered")
        except IllegalTransition as error:
            raise Refused("InvalidStateTransition", str(error)) from error
        now = time.monotonic()
        if starting:
            self._init_seconds = now - self._began
            if self._current is not None:
                self._give(self._current, now)
                return
        self._idle_since = now
        self._on_change(self)
        if self.state is State.IDLE:
            self._alarm.no_later_than(now + self._freeze_after)

    def expects(self, request_id: str) -> None:
        if self._current is None or request_id != self._current.request_id:
            raise Refused("InvalidRequestID", f"{request_id} is not the current invocation")

    def reported(self, outcome: Outcome) -> None:
        self._drain_output()
        if not self._too_large(time.monotonic()):
            self._finish(outcome)

    def not_started(self, outcome: Outcome) -> None:
        # The client ends itself after this; what it says is what the waiting request fails with.
        self._failure = outcome

    @property
    def coming(self) -> bool:
        """Whether it will be idle soon: it is starting, or has answered and not yet asked for more."""
        return self._current is None and self.state in (State.STARTING, State.BUSY)

    def _finish(self, outcome: Outcome, status: str = "") -> None:
        invocation, self._current = self._current, None
        if invocation is None:
            return
        # Lambda reports the limit, not the moment more that it took to notice.
        timed_out = status == "timeout"
        invocation.seconds = self.function.timeout if timed_out else time.monotonic() - invocation.started
        if not invocation.outcome.done():
            invocation.outcome.set_result(outcome)
        if self._output is not None:
            self._output.flush()
        self.logs.end(
            invocation.request_id,
            invocation.seconds,
            memory_mb=self.function.memory_mb,
            used_mb=self._memory.used_mb,
            init_seconds=invocation.init_seconds,
            status=f"{status}\tError Type: {outcome.error_type}" if status == "error" else status,
        )

    def _too_large(self, now: float) -> bool:
        """End the process if it has more memory than the function may."""
        if self._process is None or not self._memory.exceeded(self._process.pid, now):
            return False
        self._failure = Outcome(b"", OUT_OF_MEMORY)
        # The gauge tells the limit from now on, as Lambda does.
        self._used_mb = used_memory_mb(self._process.pid) or 0
        self._process.kill()  # its end is noticed like any other
        return True

    def _look(self) -> None:
        """Do what is due, and come back for what will be."""
        now = time.monotonic()
        if self.state is State.IDLE:
            # About as long: the clocks of event loops are coarse.
            if now - self._idle_since < self._freeze_after / 2:
                self._alarm.no_later_than(self._idle_since + self._freeze_after)
            elif self._process is not None:
                self._process.freeze()
        elif now >= self._deadline:
            # Not ready or not answered in time, or answered and the client asks for no other.
            self._drain_output()
            self._failure = Outcome(b"", TIMED_OUT)
            self._leave("timeout")
        elif not self._too_large(now):
            self._alarm.no_later_than(min(self._deadline, now + MEASURE_EVERY))

    def _drain_output(self) -> None:
        if self._output is not None:
            self._output.drain()
