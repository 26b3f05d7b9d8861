"""A function behind an origin, played: it keeps the events that it is given and answers with what the test says."""

from __future__ import annotations

import json
from typing import Any

import orjson

from edgewise.cdn.functions.function import FunctionResult
from edgewise.cdn.functions.runtime_api import Outcome


class Answering:
    """`answer` is a payload, or what became of an invocation."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.events: list[dict[str, Any]] = []

    async def invoke(self, event: bytes) -> FunctionResult:
        self.events.append(orjson.loads(event))
        given = self.answer
        outcome = given if isinstance(given, Outcome) else Outcome(json.dumps(given).encode())
        return FunctionResult(outcome, 1.0, cold=False)
