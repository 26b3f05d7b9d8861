"""What a connection takes of the operating system: names, sockets, waiting, time. A simulation passes its own."""

from __future__ import annotations

import select
import socket
import time

from .lookup import Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .lookup import Resolve


class Network:
    """The real one. `resolve` asks a resolver, as `socket.getaddrinfo` does."""

    def __init__(self, resolve: Resolve = socket.getaddrinfo) -> None:
        self._resolve = resolve

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; every deadline of a delivery is such a time."""
        return time.monotonic()

    def lookup(self, host: str, port: int) -> Lookup:
        """The addresses of one host, as they are needed."""
        return Lookup(host, port, self._resolve)

    def open_socket(self, family: int, kind: int) -> socket.socket:
        """A new socket, not connected yet."""
        return socket.socket(family, kind)

    def wait_for(self, opened: socket.socket, events: int, deadline: float) -> bool:
        """Whether one of `events` (of `select.poll`) is there by the deadline. One that is past still gets a look."""
        poll = select.poll()
        poll.register(opened, events)
        return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


NETWORK = Network()
