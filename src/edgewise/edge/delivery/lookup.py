"""Looks up the addresses of one host. A resolver cannot be interrupted, so it is asked in a thread of its own."""

from __future__ import annotations

import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Resolve = Callable[..., list[tuple[Any, ...]]]  # such as socket.getaddrinfo


class Lookup:
    """At most one question at a time is with the resolver; an answer that comes late serves the next caller.

    The thread lives while a question is open. It is frozen and thawed with its environment.
    """

    def __init__(self, host: str, port: int, resolve: Resolve) -> None:
        self._host = host
        self._port = port
        self._resolve = resolve
        self._thread: threading.Thread | None = None
        self._found: list[tuple[Any, ...]] | Exception = []

    def addresses(self, patience: float) -> list[tuple[Any, ...]] | None:
        """The host's addresses, None if they are not known after `patience` seconds: ask again.

        Whatever the resolver raises is raised here.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._ask, daemon=True)
            thread.start()  # which can fail: nothing is to be waited for then
            self._thread = thread
        self._thread.join(patience)
        if self._thread.is_alive():
            return None
        self._thread = None
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    def _ask(self) -> None:
        try:
            self._found = self._resolve(self._host, self._port, type=socket.SOCK_STREAM)
        except Exception as fault:  # raised where somebody listens
            self._found = fault
