"""Writes the access logs that a template asks for into folders that stand for its bucket and its streams.

`LOGS/s3/BUCKET/PREFIX<DistributionId>.YYYY-MM-DD-HH.<unique>.gz` (for both versions of standard logs) and
`LOGS/kinesis/STREAM/YYYY-MM-DD-HH.<unique>.tsv`.
Requests are put in a queue; a thread writes them every second. Like CloudFront's, these logs are a best
effort: a disk that is full or too slow costs lines of theirs, never a request.
"""

from __future__ import annotations

import gzip
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import random

from edgewise.cdn.accesslog import standard, standard2, values
from edgewise.cdn.accesslog.config import LogDelivery, LoggingConfig, RealtimeLogConfig
from edgewise.cdn.accesslog.files import HourlyFiles
from edgewise.cdn.accesslog.realtime import realtime_record
from edgewise.cdn.accesslog.standard import standard_line
from edgewise.cdn.distribution import Distribution
from edgewise.cdn.template.identities import ACCOUNT
from edgewise.cdn.trace import Trace

INTERVAL = 1.0  # seconds between two writes
MAX_WAITING = 20_000  # requests; beyond them the disk is too slow, and requests are not logged


def _eight_digits() -> str:
    return secrets.token_hex(4)


class AccessLogs:
    """The access logs of one distribution. Call it with each finished request; `close` writes what is left.

    `realtime` are the configurations by the pattern of their behavior. `on_trouble` is told once of a disk that
    cannot be written or keeps up no longer, possibly from the thread that writes. `pick` gives a number from 0 to 1,
    for sampling.
    """

    def __init__(
        self,
        folder: Path,
        distribution_id: str,
        logging: LoggingConfig | None,
        realtime: Mapping[str, RealtimeLogConfig],
        on_trouble: Callable[[str], None],
        *,
        pick: Callable[[], float] = random,
        unique: Callable[[], str] = _eight_digits,
        interval: float = INTERVAL,
        on_line: Callable[[str, str], None] | None = None,
        deliveries: Sequence[LogDelivery] = (),
    ) -> None:
        self._folder = folder
        self._distribution_id = distribution_id
        self._on_trouble = on_trouble
        self._pick = pick
        self._unique = unique
        self._interval = interval
        self._on_line = on_line
        self._deliveries = deliveries
        # Where each delivery has written: by the place of a file.
        self._delivered: dict[str, LogDelivery] = {}
        self._logging = logging
        self._realtime = realtime
        self._files: dict[str, HourlyFiles] = {}
        self._waiting: deque[Trace] = deque()
        self._told: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(
        cls,
        distribution: Distribution,
        folder: Path,
        on_trouble: Callable[[str], None],
        *,
        always: bool = False,
        on_line: Callable[[str, str], None] | None = None,
    ) -> AccessLogs:
        """Those that a distribution asks for; without any, calls cost nothing. `on_line` gets the name of a stream and
        each of its lines, when it is written.

        `always` is for standard logs all the same, in the place of a bucket called `access-log`.
        """
        logging = distribution.logging
        if logging is None and always:
            logging = LoggingConfig("access-log")
        realtime = {
            behavior.pattern: behavior.realtime_log
            for behavior in distribution.behaviors
            if behavior.realtime_log is not None
        }
        return cls(
            folder,
            distribution.id,
            logging,
            realtime,
            on_trouble,
            on_line=on_line,
            deliveries=distribution.log_deliveries,
        )

    def __call__(self, trace: Trace) -> None:
        if self._logging is None and not self._deliveries and trace.behavior not in self._realtime:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._tell("speed", "requests come faster than access logs can be written; some are not in them")
            return
        self._waiting.append(trace)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_at_intervals, name="access logs", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what is left, and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _write_at_intervals(self) -> None:
        while not self._stop.wait(self._interval):
            self.flush()

    def flush(self) -> None:
        """Write the requests that wait. Never raises."""
        pieces: dict[tuple[str, str], list[str]] = {}
        for _ in range(len(self._waiting)):
            trace = self._waiting.popleft()
            if values.is_logged(trace):
                hour = time.strftime("%Y-%m-%d-%H", time.gmtime(values.finished(trace)))
                for place, line in self._lines(trace):
                    pieces.setdefault((place, hour), []).append(line)
        written = [self._append(place, hour, "".join(lines)) for (place, hour), lines in pieces.items()]
        if written and all(written):
            self._told.discard("disk")

    def _append(self, place: str, hour: str, text: str) -> bool:
        try:
            self._file(place).append(hour, text)
        except OSError as error:
            self._tell("disk", f"access logs are not written to {self._folder / place}: {error.strerror}")
            return False
        return True

    def _lines(self, trace: Trace) -> list[tuple[str, str]]:
        """Where one request is logged, and as what."""
        lines = []
        if self._logging is not None:
            line = standard_line(trace, cookies=self._logging.include_cookies)
            lines.append((f"s3/{self._logging.bucket}", line))
        for delivery in self._deliveries:
            folder = standard2.folder(delivery, self._distribution_id, ACCOUNT, values.finished(trace))
            place = f"s3/{delivery.bucket}/{folder}"
            self._delivered[place] = delivery
            lines.append((place, standard2.line(delivery, trace, cookies=False)))
        config = self._realtime.get(trace.behavior)
        if config is not None and self._pick() * 100 < config.sampling_rate:
            record = realtime_record(trace, config.fields)
            lines.append((f"kinesis/{config.stream}", record))
            if self._on_line is not None:
                self._on_line(config.stream, record)
        return lines

    def _file(self, place: str) -> HourlyFiles:
        files = self._files.get(place)
        if files is None:
            files = self._files[place] = self._opened(place)
        return files

    def _opened(self, place: str) -> HourlyFiles:
        if delivery := self._delivered.get(place):
            return self._packed(self._folder / place, standard2.head(delivery))
        if self._logging is None or place != f"s3/{self._logging.bucket}":
            stream = self._folder / place
            return HourlyFiles(stream, "", ".tsv", head="", pack=bytes, unique=self._unique)
        return self._packed(self._folder / place / self._logging.prefix, standard.HEAD)

    def _packed(self, folder: Path, head: str) -> HourlyFiles:
        return HourlyFiles(
            folder,
            f"{self._distribution_id}.",
            ".gz",
            head=head,
            pack=partial(gzip.compress, compresslevel=5, mtime=0),
            unique=self._unique,
        )

    def _tell(self, kind: str, trouble: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._on_trouble(trouble)
