"""One kept-alive HTTP connection on which every wait ends by its deadline, however slow the other side is.

It knows nothing of records. Whatever is not done by a deadline (opening, sending, the answer) is gone on with at the
next call, which may come from another invocation.
"""

from __future__ import annotations

import select

from .answer import MOST_BYTES, parse_answer
from .network import NETWORK
from .opening import Opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from .answer import Answer
    from .network import Network


class StaleConnectionError(ConnectionError):
    """The other side closed a connection that had served before, without a word: what was sent can go again."""


class Connection:
    """To one `http://` or `https://` host. `open`, `send` and `receive` take turns in this order.

    A deadline is a time of the network's; what is there is taken even if it is past. Each raises OSError or
    AnswerError, and then the connection is closed.
    """

    def __init__(self, url: str, network: Network = NETWORK) -> None:
        self._network = network
        self._opening = Opening(url, network)
        self._socket: socket.socket | None = None
        self._answers = 0  # that this connection brought
        self._outgoing = b""
        self._cut = False  # whether a request could not be sent to its end
        self._received = b""

    def open(self, deadline: float) -> bool:
        """Whether the connection is open. If it is not by the deadline, ask again: meanwhile the opening goes on."""
        if self._socket is not None and not self._is_idle(self._socket):
            self.close()
        if self._socket is None:
            try:
                self._socket = self._opening.advance(deadline)
            except BaseException:
                self.close()
                raise
        return self._socket is not None

    def send(self, message: bytes) -> None:
        """Send as much of a request as goes without waiting; `receive` sends the rest."""
        self._outgoing, self._cut = message, False
        self._flush()

    def receive(self, deadline: float) -> Answer | None:
        """The answer to what was sent; None if it is not all there by the deadline: ask again.

        StaleConnectionError if a connection that had served before was closed without an answer.
        """
        opened = self._socket
        assert opened is not None
        try:
            while True:
                self._flush()
                answer = self._read(opened)
                if answer is not None:
                    break
                events = select.POLLIN | (select.POLLOUT if self._outgoing else 0)
                # Whoever drips bytes is always readable, so the deadline is looked at here as well.
                if self._network.monotonic() >= deadline or not self._network.wait_for(
                    opened, events, deadline
                ):
                    return None
        except BaseException:
            self.close()
            raise
        self._answers += 1
        self._received = b""
        if not answer.reusable or self._outgoing or self._cut:
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection or give up opening it, and forget the answer that was expected."""
        self._opening.abandon()
        self._answers = 0
        self._outgoing = self._received = b""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _is_idle(self, opened: socket.socket) -> bool:
        """Whether the other side has kept the connection too, and says nothing, as it should."""
        try:
            opened.recv(1)
        except self._opening.not_yet:
            return True
        except OSError:
            pass
        return False

    def _flush(self) -> None:
        while self._outgoing and self._socket is not None:
            try:
                self._outgoing = self._outgoing[self._socket.send(self._outgoing) :]
            except self._opening.not_yet:
                return
            except OSError:  # there may be an answer all the same; if not, whoever reads it finds the end
                self._outgoing, self._cut = b"", True

    def _read(self, opened: socket.socket) -> Answer | None:
        """Take what has arrived and see whether it is an answer."""
        ended = False
        try:
            while not ended and len(self._received) < MOST_BYTES:
                part = opened.recv(MOST_BYTES - len(self._received))
                self._received += part
                ended = not part
        except self._opening.not_yet:
            pass
        except ConnectionResetError:
            ended = True
        if ended and not self._received:
            if self._answers:
                raise StaleConnectionError("the connection was closed while it was idle")
            raise ConnectionResetError("the connection was closed without an answer")
        return parse_answer(self._received, ended) if self._received else None
