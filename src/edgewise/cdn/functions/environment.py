"""One execution environment: a process of the runtime client, and its Runtime API.

It serves one invocation at a time. Between invocations it is frozen: no thread, timer or task of the function
runs until the next one. Its states are in `states.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogStream
from edgewise.cdn.functions.runtime_api import Outcome, Refused, RuntimeApi, Work
from edgewise.cdn.functions.states import IllegalTransition, State, after
from edgewise.cdn.limits import INIT_TIMEOUT
from edgewise.cdn.template.intrinsics import ACCOUNT

# What is read of a function's output when it answers; a pipe holds one piece of it.
_DRAIN_READS = 16
_MAX_LINE = 262_144  # bytes; CloudWatch Logs quotas, event size
# Asking the system costs a tenth of a whole invocation; the peak changes slowly.
_MEASURE_EVERY = 0.1


@dataclass(slots=True)
class Invocation:
    """One call of a function and what came of it; `seconds` is the handler's time, without the start."""

    request_id: str
    outcome: asyncio.Future[Outcome]
    started: float = 0.0
    seconds: float = 0.0
    init_seconds: float | None = None


class ExecutionEnvironment:
    """Started once, then given invocations while it is idle, until it is gone."""

    def __init__(
        self,
        function: FunctionDefinition,
        region: str,
        launcher: Launcher,
        logs: LogStream,
        on_change: Callable[[ExecutionEnvironment], None],
    ) -> None:
        self.function = function
        self.state = State.STARTING
        # Set when newer code exists: the environment serves no further invocation.
        self.outdated = False
        # Whether the start succeeded; an environment that is gone without it fails the request it was for.
        self.was_ready = False
        self._region = region
        self._launcher = launcher
        self._logs = logs
        self._on_change = on_change
        self._api = RuntimeApi(self)
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._pipe = -1
        self._current: Invocation | None = None
        self._failure = Outcome(b"", "Runtime.ExitError")
        self._invocations = 0
        self._partial = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._measured = 0.0
        self._used_mb: int | None = None

    async def start(self) -> None:
        """Start the process. Returns when it exists; `on_change` tells when it is ready or gone."""
        loop = asyncio.get_running_loop()
        self._began = time.perf_counter()
        output = -1
        try:
            await self._api.start()
            self._pipe, output = os.pipe()
            os.set_blocking(self._pipe, False)
            loop.add_reader(self._pipe, self._read_output)
            self._logs.init_start(self.function.runtime)
            self._timer = loop.call_later(INIT_TIMEOUT, self._init_timed_out)
            self._process = await asyncio.create_subprocess_exec(
                *self._launcher.command(self.function.handler),
                env=self._launcher.environment(
                    self.function, self._region, api=self._api.address, log_stream=self._logs.name
                ),
                cwd=self.function.code,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: Ctrl-C in the terminal must not reach it before us, and the kernel ends a
                # frozen group when the process that started it is gone.
                process_group=0,
            )
        except BaseException:
            if self.state is not State.GONE:
                self.state = after(self.state, "fail")
            self._cancel_timer()
            self._close_pipe()
            self._api.close()
            raise
        finally:
            if output >= 0:
                os.close(output)
        self._watcher = loop.create_task(self._watch())
        if self.state is State.GONE:
            self._signal(signal.SIGKILL)  # its time ran out while it was being created

    async def _watch(self) -> None:
        assert self._process is not None
        status = await self._process.wait()
        self._drain_output()
        if self.state is not State.GONE:
            how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
            if self._current is not None:
                self._logs.write(
                    f"RequestId: {self._current.request_id} Error: Runtime exited with error: {how}"
                )
            self._leave()

    def _leave(self) -> None:
        """The environment is of no more use: fail what it was doing, free everything, tell the owner."""
        self.state = after(self.state, "fail")
        self._cancel_timer()
        self._finish(self._failure)
        self._signal(signal.SIGKILL)  # works on a frozen process too
        self._api.close()
        self._on_change(self)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the process and its children. It may have ended a moment ago (macOS then refuses)."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def close(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        if self.state is not State.GONE:
            self._leave()
        if self._watcher is not None:
            await self._watcher
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def invoke(self, invocation: Invocation, event: bytes) -> None:
        """Thaw the idle environment and hand it an invocation; its `outcome` will be set."""
        self.state = after(self.state, "invoke")
        self._current = invocation
        if self._invocations == 0:
            invocation.init_seconds = self._init_seconds
        self._invocations += 1
        timeout = self.function.timeout
        self._logs.start(invocation.request_id, self.function.version)
        invocation.started = time.perf_counter()
        self._timer = asyncio.get_running_loop().call_later(timeout, self._timed_out)
        self._signal(signal.SIGCONT)
        self._api.give(
            Work(
                request_id=invocation.request_id,
                event=event,
                deadline_ms=int((time.time() + timeout) * 1000),
                function_arn=(
                    f"arn:aws:lambda:{self._region}:{ACCOUNT}:function:"
                    f"us-east-1.{self.function.name}:{self.function.version}"
                ),
                trace_id=f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0",
            )
        )

    # What the runtime client tells us, through the Runtime API.

    def polled(self) -> None:
        if self._current is not None:
            raise Refused("InvalidStateTransition", "the invocation is not answered yet")
        starting = self.state is State.STARTING
        try:
            self.state = after(self.state, "ready" if starting else "answered")
        except IllegalTransition as error:
            raise Refused("InvalidStateTransition", str(error)) from error
        self._cancel_timer()
        if starting:
            self._init_seconds = time.perf_counter() - self._began
            self.was_ready = True
        self._signal(signal.SIGSTOP)
        self._on_change(self)

    def reported(self, request_id: str | None, outcome: Outcome) -> None:
        if request_id is None:
            # The client ends itself after this; what it says is what the waiting request fails with.
            self._failure = outcome
            return
        if self._current is None or request_id != self._current.request_id:
            raise Refused("InvalidRequestID", f"{request_id} is not the current invocation")
        self._drain_output()
        self._finish(outcome)

    @property
    def coming(self) -> bool:
        """Whether it will be idle soon: it is starting, or has answered and not yet asked for more."""
        return self.state is State.STARTING or (self.state is State.BUSY and self._current is None)

    @property
    def failure(self) -> Outcome:
        """Why the environment is gone."""
        return self._failure

    def _finish(self, outcome: Outcome) -> None:
        invocation, self._current = self._current, None
        if invocation is None:
            return
        invocation.seconds = time.perf_counter() - invocation.started
        if not invocation.outcome.done():
            invocation.outcome.set_result(outcome)
        self._flush_partial_line()
        self._logs.end(
            invocation.request_id,
            invocation.seconds,
            memory_mb=self.function.memory_mb,
            used_mb=self._memory_mb(),
            init_seconds=invocation.init_seconds,
        )

    def _memory_mb(self) -> int | None:
        now = time.monotonic()
        if now - self._measured > _MEASURE_EVERY:
            self._measured = now
            self._used_mb = None if self._process is None else _peak_memory_mb(self._process.pid)
        return self._used_mb

    def _timed_out(self) -> None:
        """The invocation was not answered in time, or was and the client asks for no other."""
        self._drain_output()
        if self._current is not None:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
            seconds = f"{self.function.timeout:.2f}"
            self._logs.write(f"{stamp} {self._current.request_id} Task timed out after {seconds} seconds")
        self._failure = Outcome(b"", "Sandbox.Timedout")
        self._leave()

    def _init_timed_out(self) -> None:
        self._logs.write(
            f"INIT_REPORT Init Duration: {INIT_TIMEOUT * 1000:.2f} ms Phase: init Status: timeout"
        )
        self._failure = Outcome(b"", "Sandbox.Timedout")
        self._leave()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drain_output(self) -> None:
        """Move what the function has printed by now to its log stream, within reason: it may print for ever."""
        for _ in range(_DRAIN_READS):
            if not self._read_output():
                return

    def _read_output(self) -> bool:
        """Read a piece of output; False when there is none now. One piece a call: others want to be served too."""
        if self._pipe < 0:
            return False
        try:
            data = os.read(self._pipe, 65_536)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._pipe)
            self._flush_partial_line()
            return False
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._partial += line
            self._logs.write(self._partial.decode("utf-8", "replace"))
            self._partial.clear()
        self._partial += rest
        if len(self._partial) > _MAX_LINE:
            self._flush_partial_line()
        return True

    def _flush_partial_line(self) -> None:
        if self._partial:
            self._logs.write(self._partial.decode("utf-8", "replace"))
            self._partial.clear()


def _peak_memory_mb(pid: int) -> int | None:
    """The most memory the process has had, where the system tells it (Linux)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return None
