"""What of the functions' logs a person at the terminal wants to see: what functions say, and that once.

The log files have everything, as on AWS.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path

from edgewise.cdn import LogEvent, is_record

# Lambda's own lines about the course of every invocation.
_COURSE = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
# AWS's client warns of every failure that its own update might be the cause.
_WARNING = re.compile(r"(?:\[WARNING\]\t\S*\t\S*\t)?LAMBDA_WARNING: [^\r\n]*[\r\n]*")
_TRACEBACK = "Traceback (most recent call last):"
_LINE_END = re.compile(r"\r\n|\r|\n")
_FRAME = re.compile(r'[ \xa0]+File "([^"]*)"')
# Where the library is in a function's folder, copied in beside the user's modules.
_LIBRARY = Path("edgewise", "edge")
# Environments that are starting at a time: more than there can be.
_STARTS = 256
# CloudFront's own log of broken rules: the line of the request says it too.
_VALIDATION = "/aws/cloudfront/LambdaEdge/"


class FunctionLog:
    """Remembers, for each environment that starts, how the start failed: Lambda repeats it, and it fails the same.

    `folders` are those of the functions' code.
    """

    def __init__(self) -> None:
        self.folders: Collection[Path] = ()
        self._failed_starts: OrderedDict[str, str] = OrderedDict()

    def shown(self, event: LogEvent) -> str:
        """What to show of an event, empty for nothing."""
        if event.group.startswith(_VALIDATION) or is_record(event.message):
            return ""
        if event.by_lambda:
            return self._of_lambda(event.stream, event.message)
        message = _WARNING.sub("", event.message) if "LAMBDA_WARNING" in event.message else event.message
        if message.startswith("[ERROR]") and event.stream in self._failed_starts:
            if self._failed_starts[event.stream] == message:
                return ""
            self._failed_starts[event.stream] = message
        return _clean(message, tuple(f"{folder / _LIBRARY}/" for folder in self.folders))

    def _of_lambda(self, stream: str, message: str) -> str:
        if message.startswith("INIT_START "):
            self._failed_starts[stream] = ""
            # An environment that no request needs after all says nothing more.
            if len(self._failed_starts) > _STARTS:
                self._failed_starts.popitem(last=False)
            return ""
        if message.startswith(_COURSE) or "\tPhase: invoke\t" in message:
            self._failed_starts.pop(stream, None)
            return ""
        if message.startswith("INIT_REPORT ") and self._failed_starts.get(stream):
            return ""  # that the start failed, and how, was told by the line before
        return message


def _clean(message: str, library: tuple[str, ...]) -> str:
    """A traceback without the frames of the library, unless it has no others; without its head if it has none."""
    if _TRACEBACK not in message:
        return message
    lines = _LINE_END.split(message)
    while lines and not lines[-1].strip():
        lines.pop()
    if lines[-1] == _TRACEBACK:
        return "\n".join(lines[:-1])
    files = [found[1] for line in lines if (found := _FRAME.match(line))]
    if all(file.startswith(library) for file in files):
        return message
    return "\n".join(_without(library, lines))


def _without(library: tuple[str, ...], lines: list[str]) -> Iterator[str]:
    inside = False  # a frame of the library, of which lines of source follow
    for line in lines:
        if found := _FRAME.match(line):
            inside = found[1].startswith(library)
        elif not line.startswith((" ", "\xa0")):
            inside = False
        if not inside:
            yield line
