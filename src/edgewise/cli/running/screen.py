"""What `edgewise up` shows: a line per request and what its parts say, for a person or as JSON objects.

Writing happens in a thread of its own: a terminal or a pipe that does not keep up must not slow the site down.
Lines beyond what fits in the queue are left out, and their number is said.
"""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TextIO

from edgewise.cdn import FunctionRun, LogEvent, Notice, Trace
from edgewise.cli.running.functionlog import FunctionLog
from edgewise.cli.terminal import printable, printable_lines

_QUEUE = 10_000
_REST = 0.02  # seconds between two awakenings of the writer: one for each line would cost more than the line
_PATIENCE = 2.0  # seconds that a reader which hangs is waited for
_DIM, _RED, _YELLOW, _GREEN, _CYAN, _RESET = (
    "\x1b[2m",
    "\x1b[31m",
    "\x1b[33m",
    "\x1b[32m",
    "\x1b[36m",
    "\x1b[0m",
)


class Screen:
    """`as_json` makes every line an object; `color` is for a terminal.

    `in_source` names, in any text, the file that a person edits for one that was built from it; `function_log` knows
    what of the functions' logs is shown.
    """

    def __init__(self, output: TextIO, *, as_json: bool, color: bool) -> None:
        self._output = output
        if isinstance(output, io.TextIOWrapper):
            # A terminal without UTF-8 shows escapes instead of ending the show.
            output.reconfigure(errors="backslashreplace")
        self._json = as_json
        self._color = color
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._left_out = 0
        self.function_log = FunctionLog()
        self.in_source: Callable[[str], str] = str
        # Programs are promised that the first object is the ready one; what comes before it is held back.
        self._held: list[str] | None = [] if as_json else None
        self._thread = threading.Thread(target=self._write, name="screen", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                self._output.write(line + "\n")
                if self._queue.empty():
                    self._output.flush()
                    time.sleep(_REST)
            except OSError:
                return  # nobody reads any more

    def _put(self, line: str) -> None:
        if self._held is not None:
            self._held.append(line)
            return
        if self._left_out and self._queue.qsize() < _QUEUE // 2:
            left_out, self._left_out = self._left_out, 0
            self._event({"event": "left_out", "lines": left_out}, f"({left_out} lines left out)")
        if self._queue.qsize() < _QUEUE:
            self._queue.put(line)
        else:
            self._left_out += 1

    def _event(self, event: dict[str, Any], text: str) -> None:
        self._put(json.dumps(event) if self._json else text)

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if self._color else text

    def ready(self, **addresses: str) -> None:
        """The first line: where everything is."""
        width = max(len(name) for name in addresses)
        lines = (f"  {name:<{width}}  {self._paint(_CYAN, address)}" for name, address in addresses.items())
        held, self._held = self._held, None
        self._event({"event": "ready", **addresses}, "\nready\n" + "\n".join(lines) + "\n")
        for line in held or ():
            self._put(line)

    def notices(self, notices: Sequence[Notice]) -> None:
        """Parts of the template that are not simulated; a person gets one line for those that say the same."""
        if self._json:
            for notice in notices:
                self._put(json.dumps({"event": "notice", "key": notice.key, "message": notice.message}))
            return
        for message in dict.fromkeys(notice.message for notice in notices):
            places = (notice.key for notice in notices if notice.message == message)
            shown = ", ".join(place.replace("Resources.", "").replace(".Properties", "") for place in places)
            self._put(self._paint(_YELLOW, f"notice: {message}\n        ({shown})"))

    def message(self, text: str) -> None:
        """Something the user should know."""
        lines = "\n".join(printable_lines(text))
        self._event({"event": "message", "message": text}, self._paint(_YELLOW, lines))

    def output(self, source: str, line: str) -> None:
        """A line that an origin or the store printed."""
        event = {"event": "output", "source": source, "line": line}
        self._event(event, f"{self._paint(_DIM, f'{source} |')} {printable(line)}")

    def log(self, event: LogEvent) -> None:
        """What a function printed, as far as a person wants to see it (`functionlog.py`)."""
        message = self.in_source(self.function_log.shown(event))
        if not message:
            return
        name = event.group.rsplit(".", 1)[-1]
        shown = {"event": "log", "function": name, "region": event.region, "line": message}
        lines = (f"{self._paint(_DIM, f'{name} |')} {line}" for line in printable_lines(message))
        self._event(shown, "\n".join(lines))

    def request(self, trace: Trace) -> None:
        """One request, when it is answered."""
        self._put(json.dumps(_request_event(trace)) if self._json else self._request_line(trace))

    def _request_line(self, trace: Trace) -> str:
        color = (
            _RED if trace.status >= 500 or not trace.status else _YELLOW if trace.status >= 400 else _GREEN
        )
        runs = ", ".join(
            f"{run.trigger} {run.milliseconds:.1f}{' cold' if run.cold else ''}" for run in trace.functions
        )
        line = (
            f"{_clock(int(trace.started))}.{int(trace.started * 1000) % 1000:03}  {trace.request.method:<6} "
            f"{self._paint(color, f'{trace.status:03}')} {trace.duration_ms:8.1f} ms  {trace.result:<8} "
            f"{printable(trace.request.target)}  {self._paint(_DIM, runs)}".rstrip()
        )
        if trace.detail or trace.functions:
            told = printable_lines(self.in_source(trace.detail))
            details = [self._paint(_RED, detail) for detail in told if detail]
            details += [
                printable(self.in_source(text)) for run in trace.functions for text in _explained(run)
            ]
            line = "\n              ".join((line, *details))
        return line

    def close(self) -> None:
        """Write what is queued, and stop; a reader that hangs is not waited for long."""
        held, self._held = self._held, None
        for line in held or ():
            self._put(line)
        self._queue.put(None)
        self._thread.join(timeout=_PATIENCE)


@lru_cache(maxsize=8)
def _clock(seconds: int) -> str:
    """A moment as the clock on the wall shows it; many lines have the same."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _request_event(trace: Trace) -> dict[str, Any]:
    return {
        "event": "request",
        "time": trace.started,
        "request_id": trace.request_id,
        "method": trace.request.method,
        "path": trace.request.uri,
        "query": trace.request.query,
        "status": trace.status,
        "ms": round(trace.duration_ms, 3),
        "result": trace.result,
        "functions": [
            {
                "trigger": run.trigger,
                "ms": round(run.milliseconds, 3),
                "cold": run.cold,
                "error": run.error,
                "rule": run.explanation.rule if run.explanation else None,
            }
            for run in trace.functions
        ],
        "detail": trace.detail,
    }


def _explained(run: FunctionRun) -> Iterator[str]:
    """For a result that broke a rule: which, what to do about it, where, and the page that states it."""
    if run.explanation is not None:
        subject = f" ({run.explanation.subject})" if run.explanation.subject else ""
        yield f"rule {run.explanation.rule}{subject}: {run.explanation.advice}"
        yield f"in {run.file}, see {run.explanation.page}"
