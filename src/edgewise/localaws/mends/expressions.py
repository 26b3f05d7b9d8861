"""JSONata in moto's state machines, by the engine of jsonata-python.

moto has the interpreter of the states but no engine for their expressions: it waits for one on a Java machine. It also
writes the values that an expression sees into the expression's text, where a quote in a value breaks it; here they are
handed over as values. What an expression gives is plain JSON, and one that fails makes a
`States.QueryEvaluationError`, which a state machine can catch, as on AWS.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata

from edgewise.localaws.mends.replacing import replace

# The expressions of a few state machines; each is parsed once.
_EXPRESSIONS = 256


class _Sight(threading.local):
    """What the expression that this thread evaluates next can see, by the names of its variables."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}


_sight = _Sight()
_eval_string = StringJSONata._eval_body


@lru_cache(_EXPRESSIONS)
def _parsed(expression: str) -> Any:
    return Jsonata(expression)


def _evaluated(expression: str) -> Any:
    """Raises what the engine raises."""
    # The engine keeps what it evaluates in the thread, and an expression is shared by threads.
    engine = copy.copy(_parsed(expression))
    Jsonata.CURRENT.jsonata = engine
    # A function is no JSON: the text in its place makes moto ask for the type, which then fails the state.
    return json.loads(json.dumps(engine.evaluate(None, _sight.values), default=lambda function: "function"))


def _see_states(bindings: Mapping[str, Any]) -> str:
    """`$states`: the first thing that is said about an expression, so that nothing of an earlier one stays."""
    _sight.values = _named(bindings)
    return ""


def _variables_seen(store: variable_store.VariableStore) -> str:
    """The variables that earlier states assigned, of outer scopes and of this one."""
    _sight.values |= copy.deepcopy({**store._outer_scope, **store._inner_scope})
    return ""


def _named(bindings: Mapping[str, Any]) -> dict[str, Any]:
    # As JSON and back: the context has dates in it, and the engine writes into what it is given.
    return {
        name.removeprefix("$"): json.loads(json.dumps(value, default=str)) for name, value in bindings.items()
    }


def _eval_body(self: StringJSONata, env: Any) -> None:
    try:
        _eval_string(self, env)
    except FailureEventException:
        raise
    except Exception as error:
        raise FailureEventException(_failure(env, str(error) or type(error).__name__)) from error


def _failure(env: Any, cause: str) -> FailureEvent:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details: Any = {"evaluationFailedEventDetails": {"cause": cause, "error": name.error_name}}
    return FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=details,
    )


def apply() -> None:
    replace(StringJSONata, _eval_body=_eval_body)
    replace(jsonata, _eval_jsonata=_evaluated)
    replace(states, encode_jsonata_variable_declarations=_see_states)
    replace(variable_store.VariableStore, get_variable_declarations=_variables_seen)
