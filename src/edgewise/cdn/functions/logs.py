"""Function logs as CloudWatch shows them: groups and streams per region, START, END and REPORT lines.

Source: Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions"; CloudFront Developer Guide,
"Edge function logs" (the group of a replica is `/aws/lambda/us-east-1.NAME` in the region that ran it).
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line. `time` is in seconds since the epoch; `message` has no line end."""

    region: str
    group: str
    stream: str
    time: float
    message: str


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
        self.sink(LogEvent(self.region, self.group, self.name, self.clock(), message))

    def init_start(self, runtime: str) -> None:
        self.write(f"INIT_START Runtime Version: {runtime}")

    def start(self, request_id: str, version: int) -> None:
        self.write(f"START RequestId: {request_id} Version: {version}")

    def end(
        self,
        request_id: str,
        seconds: float,
        *,
        memory_mb: int,
        used_mb: int | None,
        init_seconds: float | None,
    ) -> None:
        """END and REPORT. Billed time is rounded up to a whole millisecond and includes the start."""
        self.write(f"END RequestId: {request_id}")
        billed = -int(-1000 * (seconds + (init_seconds or 0.0)) // 1)
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {seconds * 1000:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {memory_mb} MB",
        ]
        if used_mb is not None:
            parts.append(f"Max Memory Used: {used_mb} MB")
        if init_seconds is not None:
            parts.append(f"Init Duration: {init_seconds * 1000:.2f} ms")
        self.write("\t".join(parts) + "\t")


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
            path = self.folder / event.region / event.group.strip("/") / f"{event.stream}.log"
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
