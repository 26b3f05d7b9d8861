"""Opens a connection in steps that can be as far apart as the invocations of an environment.

A far host needs three round trips before the first byte of a request: more than a visitor should wait for, so
whoever comes next goes on where the time of the one before was up. TLS is imported only for `https`.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from functools import lru_cache

from .network import NETWORK

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any

    from .network import Network

_PORTS = {"http": 80, "https": 443}


class Opening:
    """To one `http://host[:port]` or `https://…`. `not_yet` is what its sockets raise when they would have to wait."""

    def __init__(self, url: str, network: Network = NETWORK) -> None:
        scheme, _, place = url.partition("://")
        host, colon, port = place.rpartition(":")
        if not colon or port.endswith("]"):  # an IPv6 address without a port
            host, port = place, str(_PORTS[scheme])
        self._host = host.strip("[]")
        self._network = network
        self._lookup = network.lookup(self._host, int(port))
        self._context: ssl.SSLContext | None = None
        self.not_yet: tuple[type[OSError], ...] = (BlockingIOError,)
        if scheme == "https":
            import ssl

            self._context = tls_context()
            self.not_yet = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        self._addresses: list[tuple[Any, ...]] = []  # that are still to be tried
        self._skip = 0  # how many addresses the last attempts found silent
        self._socket: socket.socket | None = None  # to the address that is being tried
        self._connected = False  # whether that address has answered

    def advance(self, deadline: float) -> socket.socket | None:
        """The open socket, which never blocks, or None if it is not open at `deadline`, a time of the network's.

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
                self._addresses = []
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
            found = self._lookup.addresses(max(0.0, deadline - self._network.monotonic()))
            if found is None:
                return None
            first = self._skip % len(found)
            self._addresses = found[first:] + found[:first]
        family, kind, _, _, address = self._addresses.pop(0)
        self._connected = False
        self._socket = self._network.open_socket(family, kind)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _check(self._socket.connect_ex(address))
        return self._socket

    def _go_on(self, opened: socket.socket, deadline: float) -> bool:
        """Whether the address that is being tried is connected and (TLS) has shown that it is the host."""
        if not self._connected:
            if not self._network.wait_for(opened, select.POLLOUT, deadline):
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
                # Whoever drips bytes is always readable, so the deadline is looked at here as well.
                if self._network.monotonic() >= deadline or not self._network.wait_for(
                    tls, select.POLLIN, deadline
                ):
                    return False


def tls_context() -> ssl.SSLContext:
    """What verifies whom a connection reaches. All share one, since it reads the certificates of every authority: that
    takes a whole processor 30 ms, and a small function's share of one half a second. Make it before visitors come."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _tls_context(*_read: str | None) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context()


def _check(fault: int) -> None:
    if fault not in (0, errno.EINPROGRESS):
        raise OSError(fault, os.strerror(fault))
