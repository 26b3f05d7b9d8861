"""Executions of state machines as Step Functions makes them.

The context's `Execution.StartTime` is text in ISO 8601 (moto puts a Python value there, and fails over it), an
execution without a name gets one, an input of more than 256 KiB is refused. What has ended is forgotten but for the
last twenty: Step Functions keeps no history of Express executions, and a site makes many. A branch that fails by an
error of `States` itself fails its Parallel state by that error, which can be caught (moto refuses the name). What
fails is told, as the log group of a state machine tells it: the error and its cause, without the data.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.eval.states import States
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.parser.utils import TMP_THREADS

from edgewise.localaws.mends.replacing import replace

_KEPT = 20
_MAX_INPUT = 262_144  # bytes
_FAILED = ("FAILED", "TIMED_OUT", "ABORTED")

# Each request has a thread of its own, and two must not forget the same execution.
_forgetting = threading.Lock()

# Told the state machine's name, the error and its cause.
on_failure: Callable[[str, str, str], None] | None = None

_states_init = States.__init__
_start_execution: Any = StepFunctionsParserBackend.start_execution
_terminated = BaseExecutionWorkerCommunication.terminated


def _init(self: States, context: Any) -> None:
    started = context["Execution"]["StartTime"]
    if isinstance(started, datetime):
        text = started.astimezone(UTC).isoformat(timespec="milliseconds")
        context["Execution"]["StartTime"] = text.removesuffix("+00:00") + "Z"
    _states_init(self, context)


def _start(
    self: StepFunctionsParserBackend,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Any:
    if execution_input is not None and len(execution_input.encode("utf-8", "surrogatepass")) > _MAX_INPUT:
        raise JsonRESTError(
            "ValidationException",
            "Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_INPUT}",
        )
    machine = self.describe_state_machine(state_machine_arn)
    with _forgetting:
        for execution in [one for one in machine.executions[:-_KEPT] if one.stop_date is not None]:
            machine.executions.remove(execution)
        for thread in [one for one in TMP_THREADS if not one.is_alive()]:
            TMP_THREADS.remove(thread)
    return _start_execution(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header)


def _ended(self: BaseExecutionWorkerCommunication) -> None:
    _terminated(self)
    execution = self.execution
    if execution.status in _FAILED and on_failure is not None:
        on_failure(execution.state_machine.name, _text(execution.error), _text(execution.cause))


class _BranchError(ErrorName):
    """The error of a branch, whatever its name."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def apply() -> None:
    replace(branches_decl, CustomErrorName=_BranchError)
    replace(iteration_worker, CustomErrorName=_BranchError)
    replace(States, __init__=_init)
    replace(StepFunctionsParserBackend, start_execution=_start)
    replace(BaseExecutionWorkerCommunication, terminated=_ended)
