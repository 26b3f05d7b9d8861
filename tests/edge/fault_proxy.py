"""A proxy on loopback that spoils the bytes between a function and its collector, TLS or not."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STEP = 0.005  # seconds between two looks at what the fault is now
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once


class FaultProxy:
    """`fault` is looked at before every piece, so it can begin on a connection that has served before.

    "": none. "hang": nothing passes. "read slowly": requests go up byte by byte. "half-close": says that it sends no
    more, and listens on. "reset": ends rudely. "drip": answers come byte by byte. "cut": ends within an answer.
    "babble": answers with noise.
    """

    def __init__(self, upstream: int) -> None:
        self.fault = ""
        self.connections = 0
        self._upstream = upstream
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what is accepted has it too
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self._listener.settimeout(0.02)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        """End every connection and every thread."""
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._start(self._carry, client)

    def _carry(self, client: socket.socket) -> None:
        """Carry pieces both ways until either side ends or the fault does."""
        with client, socket.create_connection(("127.0.0.1", self._upstream), 5) as server:
            for side in (client, server):
                side.settimeout(_STEP)
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError):
                while not self._ended.is_set():
                    if self.fault == "hang":
                        time.sleep(_STEP)
                    elif not (self._up(client, server) and self._down(server, client)):
                        return

    def _up(self, client: socket.socket, server: socket.socket) -> bool:
        with suppress(TimeoutError):
            part = client.recv(1 if self.fault == "read slowly" else 65536)
            if part and self.fault == "half-close":
                client.shutdown(socket.SHUT_WR)
                self._ended.wait(1)
                return False
            if part and self.fault == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return False
            if part and self.fault == "babble":
                client.sendall(b"\x00\xff\r\n\r\n" * 4)
            server.sendall(part)
            return bool(part)
        return True

    def _down(self, server: socket.socket, client: socket.socket) -> bool:
        with suppress(TimeoutError):
            part = server.recv(1 if self.fault == "drip" else 65536)
            client.sendall(part[:9] if self.fault == "cut" else part)
            return bool(part) and self.fault != "cut"
        return True


@contextmanager
def spoiling(upstream: int) -> Iterator[FaultProxy]:
    """A proxy before the collector on that port."""
    proxy = FaultProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
