"""Opens a connection in steps that can be as far apart as the invocations of an environment.

A far host needs three round trips before the first byte of a request: more than a visitor should wait for, so
whoever comes next goes on where the time of the one before was up. TLS is imported only for `https`.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time

from .lookup import Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any

    from .lookup import Resolve

_PORTS = {"http": 80, "https": 443}


class Opening:
    """To one `http://host[:port]` or `https://…`. `not_yet` is what its sockets raise when they would have to wait."""

    __slots__ = ("_addresses", "_connected", "_context", "_host", "_lookup", "_skip", "_socket", "not_yet")

    def __init__(self, url: str, resolve: Resolve = socket.getaddrinfo) -> None:
        scheme, _, place = url.partition("://")
        host, colon, port = place.rpartition(":")
        if not colon or port.endswith("]"):  # an IPv6 address without a port
            host, port = place, str(_PORTS[scheme])
        self._host = host.strip("[]")
        self._lookup = Lookup(self._host, int(port), resolve)
        self._context: ssl.SSLContext | None = None
        self.not_yet: tuple[type[OSError], ...] = (BlockingIOError,)
        if scheme == "https":
            import ssl

            self._context = ssl.create_default_context()
            self.not_yet = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        self._addresses: list[tuple[Any, ...]] = []  # that are still to be tried
        self._skip = 0  # how many addresses the last attempts found silent
        self._socket: socket.socket | None = None  # to the address that is being tried
        self._connected = False  # whether that address has answered

    def advance(self, deadline: float) -> socket.socket | None:
        """The open socket, which never blocks, or None if it is not open at `deadline`, of `time.monotonic()`.

        OSError if no address of the host can be connected to, or if who answers is not the host that TLS expects.
        """
        while True:
            try:
                opened = self._socket or self._begin(deadline)
                if opened is None or not self._go_on(opened, deadline):
                    return None
            except OSError:
                self._forget()
                if not self._addresses:
                    raise
            else:
                opened, self._socket = self._socket, None
                self._addresses, self._skip = [], 0
                return opened

    def abandon(self) -> None:
        """Give up what was begun; the next attempt starts with another address, if there is one."""
        self._skip += self._socket is not None
        self._addresses = []
        self._forget()

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _begin(self, deadline: float) -> socket.socket | None:
        """Start connecting to the next address; None if none is known yet."""
        if not self._addresses:
            found = self._lookup.addresses(max(0.0, deadline - time.monotonic()))
            if found is None:
                return None
            first = self._skip % len(found)
            self._addresses = found[first:] + found[:first]
        family, kind, _, _, address = self._addresses.pop(0)
        self._connected = False
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _check(self._socket.connect_ex(address))
        return self._socket

    def _go_on(self, opened: socket.socket, deadline: float) -> bool:
        """Whether the address that is being tried is connected and (TLS) has shown that it is the host."""
        if not self._connected:
            if not wait_for(opened, select.POLLOUT, deadline):
                return False
            _check(opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            self._connected = True
            if self._context is not None:
                self._socket = self._context.wrap_socket(
                    opened, server_hostname=self._host, do_handshake_on_connect=False
                )
        return self._context is None or self._shake_hands(deadline)

    def _shake_hands(self, deadline: float) -> bool:
        tls: Any = self._socket
        while True:
            try:
                tls.do_handshake()
                return True
            except self.not_yet:
                if not wait_for(tls, select.POLLIN, deadline):
                    return False


def _check(fault: int) -> None:
    if fault not in (0, errno.EINPROGRESS):
        raise OSError(fault, os.strerror(fault))


def wait_for(opened: socket.socket, events: int, deadline: float) -> bool:
    """Whether one of `events` (of `select.poll`) is there by the deadline. One that is past still gets a look."""
    poll = select.poll()
    poll.register(opened, events)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
