"""One kept-alive HTTP connection on which every exchange ends by its deadline, however slow the other side is.

It knows nothing of records. A socket's own timeout starts anew with each byte that drips in, so every wait here
gets only what is left until the deadline. Looking up the host's name is the one wait that cannot be cut short.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_ANSWER_BYTES = 64 * 1024
_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Connection:
    """To one `http://` or `https://` host. `exchange` opens it, keeps it, and replaces it when it proved dead."""

    __slots__ = ("_context", "_host", "_port", "_socket")

    def __init__(self, scheme: str, host_and_port: str) -> None:
        self._context = ssl.create_default_context() if scheme == "https" else None
        if self._context is None:
            parsed = http.client.HTTPConnection(host_and_port)
        else:
            parsed = http.client.HTTPSConnection(host_and_port, context=self._context)
        self._host, self._port = parsed.host, parsed.port
        self._socket: socket.socket | None = None

    def exchange(self, message: bytes, deadline: float) -> tuple[int, bytes]:
        """Send a whole request; status and body of its answer. `deadline` is a time of `time.monotonic()`.

        Raises OSError (TimeoutError at the deadline) or http.client.HTTPException, with the connection closed.
        A kept connection that the other side closed in the meantime is replaced once.
        """
        kept = self._socket is not None
        try:
            return self._exchange(message, deadline)
        except _CLOSED_MEANWHILE:
            if not kept:
                raise
        return self._exchange(message, deadline)

    def close(self) -> None:
        """Close the connection if one is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, message: bytes, deadline: float) -> tuple[int, bytes]:
        try:
            self._socket = self._socket or self._open(deadline)
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(message)
            answer: Any = _Answer(self._socket, deadline)
            with http.client.HTTPResponse(answer, method="POST") as response:
                response.begin()
                body = response.read(_MOST_ANSWER_BYTES)
                reusable = response.isclosed() and not response.will_close
        except BaseException:
            self.close()
            raise
        if not reusable:
            self.close()
        return response.status, body

    def _open(self, deadline: float) -> socket.socket:
        fault: OSError = TimeoutError("the host has no address")
        for family, kind, _, _, address in socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM
        ):
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
    """What `http.client.HTTPResponse` needs of a socket, with a deadline."""

    def __init__(self, opened: socket.socket, deadline: float) -> None:
        self._opened = opened
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._opened.settimeout(_left(self._deadline))
        return self._opened.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time budget is used up")
    return left
