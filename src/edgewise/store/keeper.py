"""The store's housekeeping thread: seals finished segments, puts small files together, never in anyone's way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_PAUSE: Final = 0.25
_PAUSE_AFTER_FAILURE: Final = 2.0


class Keeper:
    """Calls `work` until it returns false, then waits for `wake` or a moment; failures are told and retried."""

    def __init__(self, work: Callable[[], bool], tell: Callable[[str], None]) -> None:
        self._work = work
        self._tell = tell
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._last_failure = ""
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Let the present piece of work end, then end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = _PAUSE
            try:
                while self._work() and not self._stopping.is_set():
                    self._last_failure = ""
            except Exception as error:
                pause = _PAUSE_AFTER_FAILURE
                if str(error) != self._last_failure:
                    self._last_failure = str(error)
                    self._tell(f"could not tidy up; nothing is lost, and it will be tried again: {error}")
            self._wake.wait(pause)
            if not self._stopping.is_set():
                self._wake.clear()
