"""One kept-alive HTTP connection on which every wait ends by its deadline, however slow the other side is.

It knows nothing of records. A request is sent now and its answer read now or in a later invocation. A socket's own
timeout starts anew with each byte that drips in, so every wait here gets only what is left until the deadline.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time

from .lookup import Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .lookup import Resolve

_MOST_ANSWER_BYTES = 64 * 1024
_GLANCE_SECONDS = 0.001
_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class StaleConnectionError(ConnectionError):
    """The other side had closed a kept connection before it answered: the request can be sent again at once."""


class Connection:
    """To one `http://` or `https://` host: opened by `send`, kept, and replaced when it proved dead.

    `send` and `receive` take turns. A deadline is a time of `time.monotonic()`. Both raise OSError (TimeoutError at
    the deadline of `send`) or http.client.HTTPException, and then the connection is closed.
    """

    __slots__ = ("_context", "_host", "_kept", "_lookup", "_received", "_socket")

    def __init__(self, scheme: str, host_and_port: str, resolve: Resolve = socket.getaddrinfo) -> None:
        self._context = ssl.create_default_context() if scheme == "https" else None
        if self._context is None:
            parsed = http.client.HTTPConnection(host_and_port)
        else:
            parsed = http.client.HTTPSConnection(host_and_port, context=self._context)
        self._host = parsed.host
        self._lookup = Lookup(parsed.host, parsed.port, resolve)
        self._socket: socket.socket | None = None
        self._kept = False
        self._received = bytearray()

    def send(self, message: bytes, deadline: float) -> None:
        """Send a whole request, over a new connection if the kept one is closed."""
        self._kept = self._socket is not None
        try:
            self._write(message, deadline)
        except _CLOSED_MEANWHILE:
            if not self._kept:
                raise
            self._kept = False
            self._write(message, deadline)

    def receive(self, deadline: float) -> tuple[int, bytes] | None:
        """Status and body of the answer to what was sent; None if it is not all there by the deadline: ask again.

        What has arrived is looked at even when the deadline is past, for a slow processor may be why it is.
        StaleConnectionError if a connection that had served before was closed without an answer.
        """
        assert self._socket is not None
        answer: Any = _Answer(self._socket, self._received, deadline)
        try:
            with http.client.HTTPResponse(answer, method="POST") as response:
                response.begin()
                body = response.read(_MOST_ANSWER_BYTES)
                reusable = response.isclosed() and not response.will_close
        except TimeoutError:
            return None
        except BaseException as fault:
            self.close()
            if self._kept and isinstance(fault, _CLOSED_MEANWHILE):
                raise StaleConnectionError("the connection was closed while it was idle") from fault
            raise
        self._received.clear()
        if not reusable:
            self.close()
        return response.status, body

    def close(self) -> None:
        """Close the connection if one is open, and forget the answer that was expected."""
        self._received.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _write(self, message: bytes, deadline: float) -> None:
        try:
            self._socket = self._socket or self._open(deadline)
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(message)
        except BaseException:
            self.close()
            raise

    def _open(self, deadline: float) -> socket.socket:
        fault: OSError = TimeoutError("the host has no address")
        for family, kind, _, _, address in self._lookup.addresses(_left(deadline)):
            opened = socket.socket(family, kind)
            try:
                opened.settimeout(_left(deadline))
                opened.connect(address)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._context is None:
                    return opened
                opened.settimeout(_left(deadline))
                return self._context.wrap_socket(opened, server_hostname=self._host)
            except OSError as failed:
                opened.close()
                fault = failed
        raise fault


class _Answer(io.RawIOBase):
    """What `http.client.HTTPResponse` needs of a socket, with a deadline.

    It begins with what has been `received` already and adds to it, so that an answer which came in part can be read
    again from its start. At the most bytes that an answer may have it ends.
    """

    def __init__(self, opened: socket.socket, received: bytearray, deadline: float) -> None:
        self._opened = opened
        self._received = received
        self._deadline = deadline
        self._position = 0
        self._patience = _GLANCE_SECONDS  # of the first look, at least

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._position == len(self._received):
            self._opened.settimeout(_left(self._deadline, self._patience))
            self._patience = 0.0
            self._received += self._opened.recv(min(len(buffer), _MOST_ANSWER_BYTES - self._position))
        part = self._received[self._position : self._position + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)


def _left(deadline: float, at_least: float = 0.0) -> float:
    left = max(deadline - time.monotonic(), at_least)
    if left <= 0:
        raise TimeoutError("the time budget is used up")
    return left
