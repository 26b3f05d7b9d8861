"""Function logs as CloudWatch shows them: groups and streams per region, START, END and REPORT lines.

Source: Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions"; CloudFront Developer Guide,
"Edge function logs" (the group of a replica is `/aws/lambda/us-east-1.NAME` in the region that ran it).
"""

from __future__ import annotations

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
    """Keeps every log stream as a file: `FOLDER/<region>/<group>/<stream>.log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[tuple[str, str, str], TextIO] = {}

    def __call__(self, event: LogEvent) -> None:
        key = (event.region, event.group, event.stream)
        file = self._files.get(key)
        if file is None:
            path = self.folder / event.region / event.group.strip("/") / f"{event.stream}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._files[key] = path.open("a", encoding="utf-8", buffering=1)
        file.write(f"{event.message}\n")

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
