"""Function logs as CloudWatch shows them: groups and streams per region, START, END and REPORT lines.

Source: Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions"; CloudFront Developer Guide,
"Edge function logs" (the group of a replica is `/aws/lambda/us-east-1.NAME` in the region that ran it).
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO


class LogEvent(NamedTuple):
    """One line. `time` is in seconds since the epoch; `message` has no line end.

    `by_lambda` tells what Lambda itself writes from what a function prints, which may look the same.
    """

    region: str
    group: str
    stream: str
    time: float
    message: str
    by_lambda: bool = False


# Streams written to at a time; one that is older is opened again when it has more to say.
_OPEN_FILES = 64

LogSink = Callable[[LogEvent], None]


@dataclass(frozen=True, slots=True)
class LogStream:
    """Where one environment writes. Every line goes to `sink`."""

    region: str
    group: str
    name: str
    sink: LogSink
    clock: Callable[[], float]

    def write(self, message: str) -> None:
        """A line that the function printed."""
        self.sink(LogEvent(self.region, self.group, self.name, self.clock(), message))

    def _write(self, message: str) -> None:
        self.sink(LogEvent(self.region, self.group, self.name, self.clock(), message, by_lambda=True))

    def init_start(self, runtime: str) -> None:
        self._write(f"INIT_START Runtime Version: {runtime}")

    def start(self, request_id: str, version: int) -> None:
        self._write(f"START RequestId: {request_id} Version: {version}")

    def end(
        self,
        request_id: str,
        seconds: float,
        *,
        memory_mb: int,
        used_mb: int | None,
        init_seconds: float | None,
        status: str = "",
    ) -> None:
        """END and REPORT. Billed time is rounded up to a whole millisecond and includes the start.

        `status` is of an environment that ended, as `timeout`; an exception of the handler has none.
        """
        self._write(f"END RequestId: {request_id}")
        billed = -int(-1000 * (seconds + (init_seconds or 0.0)) // 1)
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms\t"
            f"Billed Duration: {billed} ms\tMemory Size: {memory_mb} MB\t"
        )
        if used_mb is not None:
            report += f"Max Memory Used: {used_mb} MB\t"
        if init_seconds is not None:
            report += f"Init Duration: {init_seconds * 1000:.2f} ms\t"
        self._write(report + (f"Status: {status}" if status else ""))

    def init_report(self, seconds: float, phase: str, status: str, error_type: str) -> None:
        """A start that failed; `phase` is `invoke` for one that is repeated within an invocation."""
        report = f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: {phase}\tStatus: {status}"
        self._write(report if status == "timeout" else f"{report}\tError Type: {error_type}")

    def timed_out(self, request_id: str, timeout: float) -> str:
        """Returns the line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.clock()))
        line = f"{stamp}.000Z {request_id} Task timed out after {timeout:.2f} seconds"
        self._write(line)
        return line

    def exited(self, request_id: str, how: str, error_type: str) -> str:
        """`how` is as `exit status 1`, empty where nothing is known; returns what it says, in one line."""
        said = f"Runtime exited with error: {how}" if how else "Runtime exited without providing a reason"
        line = f"RequestId: {request_id} Error: {said}"
        self._write(f"{line}\n{error_type}")
        return line


def group_folder(folder: Path, region: str, group: str) -> Path:
    """Where a `LogFolder` keeps the streams of a group."""
    return folder / region / group.strip("/")


class LogFolder:
    """Keeps every log stream as a file: `FOLDER/<region>/<group>/<stream>.log`.

    A disk that cannot be written costs lines of these files and nothing else; `on_trouble` is told once.
    """

    def __init__(self, folder: Path, on_trouble: Callable[[str], None]) -> None:
        self.folder = folder
        self._on_trouble = on_trouble
        self._failing = False
        self._files: OrderedDict[tuple[str, str, str], TextIO] = OrderedDict()

    def __call__(self, event: LogEvent) -> None:
        try:
            self._file(event).write(f"{event.message}\n")
            self._failing = False
        except OSError as error:
            if not self._failing:
                self._failing = True
                self._on_trouble(f"function logs are not written to {self.folder}: {error.strerror}")

    def _file(self, event: LogEvent) -> TextIO:
        key = (event.region, event.group, event.stream)
        file = self._files.get(key)
        if file is None:
            path = group_folder(self.folder, event.region, event.group) / f"{event.stream}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._files[key] = path.open("a", encoding="utf-8", errors="replace", buffering=1)
            if len(self._files) > _OPEN_FILES:
                self._close(self._files.popitem(last=False)[1])
        self._files.move_to_end(key)
        return file

    def _close(self, file: TextIO) -> None:
        # What a full disk has left unwritten fails once more when the file is closed.
        with contextlib.suppress(OSError):
            file.close()

    def close(self) -> None:
        for file in self._files.values():
            self._close(file)
        self._files.clear()
