"""Parsed state machines, kept between executions.

moto parses a definition anew for each execution, which takes most of an execution's time when there is a table in it.
What was parsed serves one execution at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from edgewise.localaws.mends.replacing import replace

_DEFINITIONS, _IDLE = 16, 8

_lock = Lock()
# Parsed programs that no execution uses, by their definition; the one that was used last is at the end.
_idle: OrderedDict[str, list[Any]] = OrderedDict()

_entrypoint: Any = ExecutionWorker._get_evaluation_entrypoint
_execution_logic: Any = ExecutionWorker._execution_logic


def _take(self: Any) -> Any:
    definition = self._evaluation_details.state_machine_details.definition
    with _lock:
        waiting = _idle.get(definition)
        program = waiting.pop() if waiting else None
    self.edgewise_program = program or _entrypoint(self)
    return self.edgewise_program


def _run(self: Any) -> None:
    _execution_logic(self)
    # Not after a fault of the interpreter itself: what it left behind is not used again.
    definition = self._evaluation_details.state_machine_details.definition
    with _lock:
        programs = _idle.setdefault(definition, [])
        _idle.move_to_end(definition)
        if len(programs) < _IDLE:
            programs.append(self.edgewise_program)
        if len(_idle) > _DEFINITIONS:
            _idle.popitem(last=False)


def apply() -> None:
    replace(ExecutionWorker, _get_evaluation_entrypoint=_take, _execution_logic=_run)
