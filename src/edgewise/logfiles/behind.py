"""A sink in a thread of its own, so that writing goes on beside reading and parsing."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol

from edgewise.logfiles.manifest import Entry

_WAITING: Final = 4  # tables that were added and are not written yet


class Sink(Protocol):
    """Where records go. Nothing of what was added counts before `commit`, and then all of it."""

    def add(self, table: Any) -> None: ...
    def commit(self, files: list[Entry]) -> None: ...
    def abandon(self) -> None: ...


class Behind:
    """A sink that has another do its work, in order. An error of `add` is raised by a later call."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._waiting: deque[Future[None]] = deque()

    def add(self, table: Any) -> None:
        """Returns at once, unless too much waits."""
        self._waiting.append(self._thread.submit(self._sink.add, table))
        self._wait(_WAITING)

    def commit(self, files: list[Entry]) -> None:
        self._wait(0)
        self._sink.commit(files)

    def abandon(self) -> None:
        self.close()
        self._sink.abandon()

    def close(self) -> None:
        """What waits is not written any more."""
        self._thread.shutdown(cancel_futures=True)

    def _wait(self, left: int) -> None:
        while len(self._waiting) > left:
            self._waiting.popleft().result()
