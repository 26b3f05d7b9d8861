"""Why an invocation failed, for the function's author: what happened, in which file, and what to do about it."""

from __future__ import annotations

import re
from typing import Any

import orjson

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions.invocation import CLOSED
from edgewise.cdn.functions.runtime_api import Outcome
from edgewise.cdn.limits import MAX_MEMORY_MB, MAX_TIMEOUT

# What CloudFront answers for this is 503 with `LambdaLimitExceeded`, not `LambdaExecutionError`.
THROTTLED = "Sandbox.Throttled"
EXIT, OUT_OF_MEMORY, TIMED_OUT = "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"
NOT_STARTED = "Sandbox.StartFailed"
_SYNTAX = "Runtime.UserCodeSyntaxError"

# Of these the function's code is not the cause.
_NOT_ITS_OWN = (THROTTLED, NOT_STARTED, CLOSED)

# A frame of a traceback as both runtime clients report it, and the place of an error in the syntax as AWS's does.
_FRAME = re.compile(r'File "([^"]+)",? [Ll]ine (\d+)')
# What to do about failures that are no exception of the function's own.
_ADVICE = {
    TIMED_OUT: "It may take {0.timeout:g} s, its `Timeout` in the template: make it faster, or give it longer "
    f"({MAX_TIMEOUT} s at most).",
    OUT_OF_MEMORY: "It may have {0.memory_mb:,} MB, its `MemorySize` in the template: keep less in memory, or give it "
    f"more ({MAX_MEMORY_MB:,} MB at most).",
    EXIT: "Its process ended before it answered: return a result rather than end it (sys.exit, process.exit).",
    "Runtime.MarshalError": "Return only what JSON can say: make a list of a set, and text of bytes and dates.",
    "Runtime.ImportModuleError": "Put the module into the function's folder, {0.code}: "
    "it can import nothing from elsewhere.",
    "Runtime.HandlerNotFound": "Its `Handler` in the template is {0.handler}: define that function, or name another.",
}

# What Python puts behind the text of a syntax error: the file without its folder.
_BARE_PLACE = re.compile(r" \([^()/]+, line \d+\)$")
# The library that is copied in beside the user's modules.
_LIBRARY = "edgewise/edge/"


def why_failed(function: FunctionDefinition, outcome: Outcome) -> tuple[str, str]:
    """The error of an invocation in one line (its type, its message, and where), and what to do about it.

    Both are empty if it did not fail; an exception of the function's own needs no advice.
    """
    if not outcome.failed:
        return "", ""
    report = _report(outcome)
    kind, message = _kind(outcome, report), str(report.get("errorMessage") or "")
    if kind == _SYNTAX:
        message = _BARE_PLACE.sub("", message)
    where = "" if outcome.error_type in _NOT_ITS_OWN else f" ({_place(function, report)})"
    error = f"{kind}: {message}{where}" if message else f"{kind}{where}"
    return error, _ADVICE.get(kind, "").format(function)


def what_failed(outcome: Outcome) -> str:
    """The error of an invocation that failed: its type and its message; the frames are in the function's log."""
    report = _report(outcome)
    message = str(report.get("errorMessage") or "")
    return f"{_kind(outcome, report)}: {message}" if message else _kind(outcome, report)


def _kind(outcome: Outcome, report: dict[str, Any]) -> str:
    return str(report.get("errorType") or outcome.error_type)


def _report(outcome: Outcome) -> dict[str, Any]:
    try:
        report = orjson.loads(outcome.payload or b"{}")
    except orjson.JSONDecodeError:
        report = None
    if isinstance(report, dict):
        return report
    # What is no report is all that is said of it.
    return {"errorMessage": outcome.payload.decode("utf-8", "replace")}


def _place(function: FunctionDefinition, report: dict[str, Any]) -> str:
    """`FILE:LINE` of the innermost frame that is not the library's; the function's file where there is none."""
    frames = [found for line in report.get("stackTrace") or () for found in _FRAME.findall(str(line))]
    own = [frame for frame in frames if not frame[0].startswith(f"{function.code}/{_LIBRARY}")]
    return ":".join(own[-1]) if own else str(function.file)
