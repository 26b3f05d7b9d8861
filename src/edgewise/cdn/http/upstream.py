"""Sending requests to origins: addresses, attempts and timeouts, and a pool of connections that are kept alive.

`exchange.py` is one connection. What is asked, and of whom, is decided before: `origins/`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from pathlib import Path
from typing import NamedTuple

from edgewise.cdn import failure
from edgewise.cdn.http.exchange import Closed, OriginConnection, Silent
from edgewise.cdn.http.wire import request_head
from edgewise.cdn.message import Request, Response

# RFC 9110 section 9.2.1: repeating these changes nothing at the origin.
_SAFE = ("GET", "HEAD", "OPTIONS")
# Developer Guide, "Origin settings", response timeout: a silent origin is asked again for these alone. Anything else
# may have been acted upon before the silence.
_ASKED_AGAIN = ("GET", "HEAD")
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_WRONG_NAME = (62, 64)


class Address(NamedTuple):
    """Where an origin listens. With TLS its certificate must be for `server_name`, or for `forwarded_host`.

    `protocols` are those that the origin allows, in CloudFormation's spelling; empty allows all.
    """

    host: str
    port: int
    tls: bool = False
    server_name: str = ""
    forwarded_host: str = ""
    protocols: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


class Timeouts(NamedTuple):
    """Seconds: for one attempt to connect, how many attempts, for the first byte and between packets."""

    connect: float = 10.0
    attempts: int = 3
    read: float = 30.0
    keepalive: float = 5.0


class ConnectionPool:
    """Sends requests to origins, over idle connections where there are any.

    `origin_ca` is a file of certificates that are trusted besides those of the machine. Raises `OSError` when it
    cannot be read (`ssl.SSLError` when it holds none).
    """

    def __init__(self, origin_ca: Path | None = None) -> None:
        self._idle: dict[Address, deque[OriginConnection]] = {}
        self._open: set[OriginConnection] = set()
        self._closed = False
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        if origin_ca is not None:
            self._tls.load_verify_locations(origin_ca)

    async def send(
        self, address: Address, request: Request, timeouts: Timeouts, *, repeatable: bool = False
    ) -> Response:
        """Send a request and wait for the head of its answer.

        A request that met a connection which the origin was just closing is sent again if its method is safe, or
        if it is `repeatable` all the same. GET and HEAD are sent again to an origin that was silent, as often as
        `timeouts.attempts` says. Raises `RequestFailure`: 502 when the origin cannot be reached or understood, 504
        when it is silent.
        """
        message = request_head(request) + request.body
        repeatable = repeatable or request.method in _SAFE
        attempts = timeouts.attempts if request.method in _ASKED_AGAIN else 1
        connection = self._take(address)
        for _ in range(attempts):
            try:
                if connection is not None:
                    try:
                        return await connection.exchange(request.method, message, timeouts.read)
                    except Closed as closed:
                        # A connection that the origin closed while it was idle says nothing about the origin.
                        if closed.answered or not repeatable:
                            raise
                connection = await self._connect(address, timeouts)
                return await connection.exchange(request.method, message, timeouts.read)
            except Closed as closed:
                raise failure.unreachable(f"{address}: {closed}", closed.kind) from None
            except Silent:
                connection = None
        tried = f", {attempts} attempts" if attempts > 1 else ""
        raise failure.timed_out(f"{address}: no answer within {timeouts.read:g} s{tried}")

    def _take(self, address: Address) -> OriginConnection | None:
        """The idle connection that was used last; those that the origin is closing are passed over."""
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    # Connecting.

    async def _connect(self, address: Address, timeouts: Timeouts) -> OriginConnection:
        problem = ""
        for _ in range(timeouts.attempts):
            try:
                async with asyncio.timeout(timeouts.connect):
                    return await self._open_connection(address, timeouts.keepalive)
            except (socket.gaierror, UnicodeError) as error:
                raise failure.unresolved(f"{address.host}: {error}") from None
            except ConnectionRefusedError:
                # On this machine the next attempt would be refused within the same millisecond.
                raise failure.unreachable(f"{address}: connection refused") from None
            except TimeoutError:
                problem = f"{address}: no connection within {timeouts.connect:g} s"
            except ssl.SSLCertVerificationError as error:
                raise failure.unreachable(f"{address}: its certificate: {error.verify_message}") from None
            except OSError as error:
                raise failure.unreachable(f"{address}: {error.strerror or error}") from None
        raise failure.timed_out(f"{problem}, {timeouts.attempts} attempts")

    async def _open_connection(self, address: Address, keepalive: float) -> OriginConnection:
        if not address.tls:
            return await self._create(address, keepalive, None)
        if address.protocols and "TLSv1.2" not in address.protocols:
            # TLS 1.2 stands for 1.3 too, which CloudFront offers to every origin. Older ones Python refuses.
            listed = ", ".join(address.protocols)
            raise failure.unreachable(
                f"{address}: the origin allows {listed} only, which are not spoken here"
            )
        try:
            return await self._create(address, keepalive, address.forwarded_host or address.server_name)
        except ssl.SSLCertVerificationError as error:
            # Developer Guide, "HTTP 502": the certificate is for the origin's domain name or for the forwarded Host.
            if error.verify_code not in _WRONG_NAME or not address.forwarded_host:
                raise
        return await self._create(address, keepalive, address.server_name)

    async def _create(self, address: Address, keepalive: float, name: str | None) -> OriginConnection:
        loop = asyncio.get_running_loop()

        def released(connection: OriginConnection) -> None:
            self._idle.setdefault(address, deque()).append(connection)

        def closed(connection: OriginConnection) -> None:
            self._open.discard(connection)
            idle = self._idle.get(address)
            if idle and connection in idle:
                idle.remove(connection)
            if not idle:
                self._idle.pop(address, None)

        if self._closed:
            raise failure.unreachable(f"{address}: the local CDN is closing")
        _, connection = await loop.create_connection(
            lambda: OriginConnection(str(address), keepalive, released, closed),
            address.host,
            address.port,
            ssl=self._tls if address.tls else None,
            server_hostname=name,
        )
        self._open.add(connection)
        if self._closed:
            connection.abort()  # it was on its way
        return connection

    def close(self) -> None:
        """Cut every connection; none is made any more, for a second attempt either."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()
