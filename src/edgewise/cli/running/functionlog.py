"""What of the functions' logs a person at the terminal wants to see: what functions say, and that once.

The log files have everything, as on AWS.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
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
# Lines of one start that are remembered: more than a traceback has.
_LINES = 1_000
# CloudFront's own log of broken rules: the line of the request says it too.
_VALIDATION = "/aws/cloudfront/LambdaEdge/"


@dataclass(slots=True)
class _Start:
    """A start that is under way: what it `said`, whether the client `told` that it failed, whether it is `repeated`."""

    said: set[str] = field(default_factory=set)
    told: bool = False
    repeated: bool = False

    def is_new(self, message: str) -> bool:
        """Whether the start before said nothing of the kind; one start may say a line twice."""
        if self.repeated and message in self.said:
            return False
        self.told = self.told or message.startswith("[ERROR]")
        if not self.repeated and len(self.said) < _LINES:
            self.said.add(message)
        return True


class FunctionLog:
    """Remembers what each environment that starts says: Lambda repeats a start that failed, and it fails the same.

    `folders` are those of the functions' code.
    """

    def __init__(self) -> None:
        self.folders: Collection[Path] = ()
        self._starts: OrderedDict[str, _Start] = OrderedDict()

    def shown(self, event: LogEvent) -> str:
        """What to show of an event, empty for nothing."""
        if event.group.startswith(_VALIDATION) or is_record(event.message):
            return ""
        if event.by_lambda:
            return self._of_lambda(event.stream, event.message)
        message = _WARNING.sub("", event.message) if "LAMBDA_WARNING" in event.message else event.message
        start = self._starts.get(event.stream)
        if start is not None and not start.is_new(message):
            return ""
        return _clean(message, tuple(f"{folder / _LIBRARY}/" for folder in self.folders))

    def _of_lambda(self, stream: str, message: str) -> str:
        if message.startswith("INIT_START "):
            self._starts[stream] = _Start()
            # An environment that no request needs after all says nothing more.
            if len(self._starts) > _STARTS:
                self._starts.popitem(last=False)
            return ""
        if message.startswith(_COURSE) or "\tPhase: invoke\t" in message:
            self._starts.pop(stream, None)
            return ""
        start = self._starts.get(stream)
        if message.startswith("INIT_REPORT ") and start is not None:
            start.repeated = True
            if start.told:
                return ""  # that the start failed, and how, was told by the line before
        return message


def _clean(message: str, library: tuple[str, ...]) -> str:
    """A traceback without the frames of the library, unless it has no others; without its head if it has none.

    A line that is the head alone begins a traceback of many lines.
    """
    if _TRACEBACK not in message:
        return message
    lines = _LINE_END.split(message)
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > 1 and lines[-1] == _TRACEBACK:
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
