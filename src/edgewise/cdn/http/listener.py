"""One port for viewers, plain and TLS: the first byte of a connection tells which it is.

CloudFront has two ports, 80 and 443. Here one address serves both, so that a redirect from `http://` to
`https://` with the same host and port arrives.
"""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator

from edgewise.cdn.errors import ListenError
from edgewise.cdn.http.viewer import Handler, Refusal, Service, ViewerConnection

_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1: the content type of the first record
_FIRST_BYTE_TIMEOUT = 30.0
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ID_BYTES = 40


def _random_pieces() -> Iterator[bytes]:
    """For one id each. The kernel is asked for a hundred of them at a time."""
    while True:
        block = os.urandom(100 * _ID_BYTES)
        for begin in range(0, len(block), _ID_BYTES):
            yield block[begin : begin + _ID_BYTES]


_PIECES = _random_pieces()


def new_request_id() -> str:
    """An id as CloudFront makes them: 56 characters, not to be guessed."""
    return binascii.b2a_base64(next(_PIECES), newline=False).translate(_URL_SAFE).decode("ascii")


def _ignore(_: Refusal) -> None:
    """The default of those who are told of refusals."""


class Listener:
    """Accepts connections of viewers until it is closed.

    `handler` answers requests; `refused` is told of those that could not be read, after they were answered.
    `request_id` makes the ids of these. After `patience` seconds a viewer that sends or reads nothing is cut off.
    """

    def __init__(
        self,
        handler: Handler,
        tls: ssl.SSLContext | None,
        *,
        refused: Callable[[Refusal], None] = _ignore,
        request_id: Callable[[], str] = new_request_id,
        patience: float = 60.0,
    ) -> None:
        self._service = Service(handler, refused, request_id, patience)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, host: str, port: int) -> int:
        """Listen on an address; port 0 takes a free one. Returns the port. Raises `ListenError`."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            hint = "choose another port with --port, or --port 0 for a free one"
            raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}", hint=hint) from error
        self._socket.listen(1024)
        self._socket.setblocking(False)
        self._spawn(self._accept())
        return int(self._socket.getsockname()[1])

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._socket)
            except OSError:
                # Out of file descriptors, for one: those who have a connection must not suffer for it.
                await asyncio.sleep(0.1)
                continue
            sock.setblocking(False)
            self._spawn(self._serve(sock))

    async def _serve(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            first = await _peek(sock)
            secure = first == _TLS_HANDSHAKE and self._tls is not None
            await loop.connect_accepted_socket(
                lambda: ViewerConnection(self._service),
                sock,
                ssl=self._tls if secure else None,
                ssl_handshake_timeout=_FIRST_BYTE_TIMEOUT if secure else None,
            )
        except (OSError, TimeoutError):
            # The viewer left, or does not trust the certificate: its business.
            sock.close()
        except asyncio.CancelledError:
            sock.close()
            raise

    def _spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop listening, cut every connection, and wait until all who were answering have come to their end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close()
        await asyncio.gather(*(connection.close() for connection in list(self._service.connections)))
        # Let the transports tell their protocols.
        await asyncio.sleep(0)


async def _peek(sock: socket.socket) -> bytes:
    """The first byte of a connection, left in place; empty at its end."""
    loop = asyncio.get_running_loop()
    while True:
        with contextlib.suppress(BlockingIOError):
            return sock.recv(1, socket.MSG_PEEK)
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(sock, _set, readable)
        try:
            async with asyncio.timeout(_FIRST_BYTE_TIMEOUT):
                await readable
        finally:
            loop.remove_reader(sock)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
