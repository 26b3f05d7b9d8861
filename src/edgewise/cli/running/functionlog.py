"""What of the functions' logs a person at the terminal wants to see: what functions say, and that once.

The log files have everything, as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.cdn import LogEvent, is_record

# What Lambda itself writes about every invocation.
_LAMBDA_LINES = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
# AWS's client warns of every failure that its own update might be the cause.
_WARNING = re.compile(r"(?:\[WARNING\]\t\S*\t\S*\t)?LAMBDA_WARNING: [^\r\n]*[\r\n]*")
_TRACEBACK = "Traceback (most recent call last):"
_LINE_END = re.compile(r"\r\n|\r|\n")
# A frame inside the library that is copied in beside the user's modules.
_LIBRARY = re.compile(r'[ \xa0]+File "[^"]*/edgewise/edge/[^"]*", line \d')
_FRAME = re.compile(r'[ \xa0]+File "')
# CloudFront's own log of broken rules: the line of the request says it too.
_VALIDATION = "/aws/cloudfront/LambdaEdge/"


class FunctionLog:
    """Remembers, for each environment that starts, how the start failed: Lambda repeats it, and it fails the same."""

    def __init__(self) -> None:
        self._failed_starts: dict[str, str] = {}

    def shown(self, event: LogEvent) -> str:
        """What to show of an event, empty for nothing."""
        if event.group.startswith(_VALIDATION) or is_record(event.message):
            return ""
        message = _WARNING.sub("", event.message) if "LAMBDA_WARNING" in event.message else event.message
        if message.startswith("INIT_START "):
            self._failed_starts[event.stream] = ""
            return ""
        starting = event.stream in self._failed_starts
        if message.startswith(_LAMBDA_LINES) or "\tPhase: invoke\t" in message:
            if starting:
                del self._failed_starts[event.stream]
            return ""
        if starting and message.startswith("[ERROR]"):
            if self._failed_starts[event.stream] == message:
                return ""
            self._failed_starts[event.stream] = message
        if message.startswith("INIT_REPORT ") and self._failed_starts.get(event.stream):
            return ""  # that the start failed, and how, was told by the line before
        return _clean(message)


def _clean(message: str) -> str:
    """A traceback without the frames of the library, unless it has no others; without its head if it has none."""
    if _TRACEBACK not in message:
        return message
    lines = _LINE_END.split(message)
    while lines and not lines[-1].strip():
        lines.pop()
    if lines[-1] == _TRACEBACK:
        return "\n".join(lines[:-1])
    frames = [line for line in lines if _FRAME.match(line)]
    if all(map(_LIBRARY.match, frames)):
        return message
    return "\n".join(_without_library(lines))


def _without_library(lines: list[str]) -> Iterator[str]:
    inside = False  # a frame of the library, of which lines of source follow
    for line in lines:
        if _FRAME.match(line):
            inside = _LIBRARY.match(line) is not None
        elif not line.startswith((" ", "\xa0")):
            inside = False
        if not inside:
            yield line
