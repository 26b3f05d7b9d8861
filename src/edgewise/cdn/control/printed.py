"""What a function printed in one invocation, with its traceback: cut out of its log when somebody asks.

A request pays nothing for it: the log has the invocation's id anyway, in the lines that Lambda writes around it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from edgewise.cdn.functions import names
from edgewise.cdn.functions.logs import group_folder
from edgewise.cdn.subscription import is_record
from edgewise.cdn.trace import FunctionRun

_MAX_BYTES = 65_536  # shown of one invocation
_REACH = 16 * 1024 * 1024  # bytes of the end of a log; requests wait while it is read
# After these lines begins what an environment says before its first invocation. A start that failed is repeated: what
# it said the second time is the same, and is shown.
_BEFORE_A_START = (b"\nINIT_START ", b"\tPhase: init\t", b"\nREPORT RequestId: ")
# Lambda's own lines that may stand between these, and the warning that AWS's client puts before every failed start.
_LAMBDAS = re.compile(r"INIT_START |INIT_REPORT |(\[WARNING\].*)?LAMBDA_WARNING: ")
# AWS's client ends the lines of a traceback with a carriage return.
_LINE_END = re.compile(r"\r\n|\r|\n")


def printed(logs: Path, region: str, run: FunctionRun, since: float) -> list[str]:
    """The lines of one invocation, of a cold one those of its start too; without records and Lambda's own lines.

    `logs` is the folder of a `LogFolder`; `since` is when the request came, in seconds since the epoch.
    """
    if run.definition is None or not run.request_id:
        return []
    folder = group_folder(logs, region, names.log_group(run.definition))
    for file in folder.rglob("*.log"):
        try:
            # The times of files are coarse.
            found = _within(file, run) if file.stat().st_mtime >= since - 2 else None
        except OSError:
            continue  # removed just now: the rest of the request is told all the same
        if found is not None:
            return _lines(found)
    return []


def _within(file: Path, run: FunctionRun) -> bytes | None:
    """The part of a log stream that belongs to an invocation; None when the stream does not have it."""
    with file.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _REACH))
        log = stream.read(_REACH)
    named = run.request_id.encode()
    start = log.rfind(b"\nSTART RequestId: " + named) + 1
    if not start:
        return None
    said = b""
    if run.cold:
        before = max(log.rfind(line, 0, start) for line in _BEFORE_A_START)
        said = log[_next_line(log, before + 1) if before >= 0 else 0 : start]
    begin = _next_line(log, start)
    end = log.find(b"\nEND RequestId: " + named, begin - 1)
    return (said + log[begin : end if end >= 0 else len(log)])[: _MAX_BYTES + 1]


def _next_line(log: bytes, position: int) -> int:
    end = log.find(b"\n", position)
    return len(log) if end < 0 else end + 1


def _lines(part: bytes) -> list[str]:
    text = part[:_MAX_BYTES].decode("utf-8", "replace")
    said = "\n".join(line for line in text.split("\n") if not is_record(line))
    lines = [
        line.replace("\xa0", " ").expandtabs(4).rstrip()
        for line in _LINE_END.split(said)
        if not _LAMBDAS.match(line)
    ]
    while lines and not lines[-1]:
        lines.pop()
    if len(part) > _MAX_BYTES:
        lines.append(f"… the log has more than these {_MAX_BYTES:,} bytes")
    return lines
