"""A network that is not there, in a time that nobody waits for: what the real courier is given in a simulation.

Modelled: opening a connection takes two round trips (TCP and TLS 1.3), a request and its answer one; each crossing
takes up to a quarter longer, at random. What was sent travels on while the environment is frozen, and what arrives
then is there when it wakes up: it is the function that begins with TLS, so its round trip begins when the environment
is awake. Not modelled: the look-up of names, bandwidth, lost packets, a collector's patience with half a handshake.
"""

from __future__ import annotations

import errno
import select
import socket
from random import Random
from typing import Any

from edgewise.edge.delivery.lookup import Lookup
from edgewise.edge.delivery.network import Network
from edgewise.edge.environment import Clock

from .collector import Collector
from .faults import SLOW_SECONDS, Faults
from .usage import Usage

_NEVER = float("inf")
_MOST_DELAY = 0.25  # of a round trip
EPOCH = 1_800_000_000  # the wall time at which every simulation begins


class VirtualClock(Clock):
    """Seconds since the simulation began, moved by whoever owns the environment, and by its waiting."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> int:
        return EPOCH * 1_000_000 + round(self.seconds * 1_000_000)

    def ticks(self) -> float:
        return self.seconds


class Place:
    """Where a collector is: how far, when it is ill, and after how many idle seconds it closes a connection."""

    __slots__ = ("collector", "faults", "keep_alive", "round_trip")

    def __init__(self, collector: Collector, faults: Faults, round_trip: float, keep_alive: float) -> None:
        self.collector = collector
        self.faults = faults
        self.round_trip = round_trip
        self.keep_alive = keep_alive


class VirtualNetwork(Network):
    """The network of one environment; its sockets all lead to one place."""

    __slots__ = ("_random", "clock", "place", "usage")

    def __init__(self, clock: VirtualClock, place: Place, usage: Usage, random: Random) -> None:
        super().__init__(_addresses)
        self.clock = clock
        self.place = place
        self.usage = usage
        self._random = random

    def crossing(self) -> float:
        """Seconds of one way."""
        return self.place.round_trip / 2 * (1 + _MOST_DELAY * self._random.random())

    def monotonic(self) -> float:
        return self.clock.seconds

    def lookup(self, host: str, port: int) -> Lookup:
        return _Known(host, port, _addresses)

    def open_socket(self, family: int, kind: int) -> Any:
        return VirtualSocket(self)

    def wait_for(self, opened: Any, events: int, deadline: float) -> bool:
        clock = self.clock
        opened.go_on(max(clock.seconds, deadline))
        ready = opened.ready_at(events)
        clock.seconds = max(clock.seconds, min(ready, deadline))
        return bool(ready <= clock.seconds)


class _Known(Lookup):
    """Knows every host at once, without the thread of the real one."""

    __slots__ = ()

    def addresses(self, patience: float) -> list[tuple[Any, ...]]:
        return _addresses(self._host, self._port)


def _addresses(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]


class VirtualSocket:
    """The part of a non-blocking socket that the delivery uses. What has not happened yet raises BlockingIOError."""

    __slots__ = (
        "_answer",
        "_answer_at",
        "_busy_until",
        "_connected_at",
        "_network",
        "_open_at",
        "_refused_at",
        "_reset_at",
    )

    def __init__(self, network: VirtualNetwork) -> None:
        self._network = network
        self._connected_at = self._open_at = _NEVER  # by TCP; and by TLS
        self._refused_at = self._reset_at = self._answer_at = _NEVER
        self._busy_until = (
            0.0  # the collector keeps the connection for so long, and for its patience with idle ones
        )
        self._answer = b""

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Nothing of what can be set makes a difference here."""

    def connect_ex(self, address: object) -> int:
        self._connected_at = self._handshake(self._network.clock.seconds)
        return errno.EINPROGRESS

    def go_on(self, awake_until: float) -> None:
        """The second half of opening: TLS begins as soon as the environment is awake after TCP is done."""
        if self._connected_at <= awake_until and self._open_at == _NEVER:
            begins = max(self._connected_at, self._network.clock.seconds)
            self._connected_at = _NEVER
            self._open_at = self._busy_until = self._handshake(begins)

    def _handshake(self, begins: float) -> float:
        """When a question that is sent at a moment has its answer."""
        network = self._network
        arrival = begins + network.crossing()
        fault = network.place.faults.at(arrival)
        if fault == "dead":
            self._refused_at = arrival + network.crossing()
        return _NEVER if fault in ("dead", "hang") else arrival + network.crossing()

    def getsockopt(self, level: int, option: int) -> int:
        return errno.ECONNREFUSED if self._refused_at <= self._network.clock.seconds else 0

    def ready_at(self, events: int) -> float:
        """When one of `events` (of `select.poll`) is there, as far as is known now."""
        if events & select.POLLOUT:
            return min(self._open_at, self._refused_at)
        return min(self._answer_at, self._reset_at, self._closed_at())

    def send(self, data: bytes) -> int:
        """Every call brings one whole request. It is taken, refused or forgotten by what is the case on arrival."""
        network = self._network
        arrival = network.clock.seconds + network.crossing()
        back = network.crossing()
        if min(self._server_closes_at()) <= arrival:
            self._reset_at = min(self._reset_at, arrival + back)
            return len(data)
        fault = network.place.faults.at(arrival)
        if fault == "hang":
            self._busy_until = _NEVER
            return len(data)
        self._answer = network.place.collector.take(data, fault, network.usage)
        leaves = arrival + (SLOW_SECONDS if fault == "slow" else 0)
        death = network.place.faults.next_death(arrival)
        if death <= leaves:
            self._reset_at = death + back
        else:
            self._answer_at, self._busy_until = leaves + back, leaves
        return len(data)

    def recv(self, size: int) -> bytes:
        now = self._network.clock.seconds
        if self._answer_at <= now:
            part, self._answer = self._answer[:size], self._answer[size:]
            if not self._answer:
                self._answer_at = _NEVER
            return part
        died, idle = self._server_closes_at()
        crossing = self._network.place.round_trip / 2
        if self._reset_at <= now or died + crossing <= now:
            raise ConnectionResetError(errno.ECONNRESET, "the collector has ended the connection")
        if idle + crossing <= now:
            return b""
        raise BlockingIOError

    def close(self) -> None:
        """The collector need not be told: nobody else uses this connection."""

    def _server_closes_at(self) -> tuple[float, float]:
        """When the collector dies, and when its patience with an idle connection ends."""
        place = self._network.place
        return place.faults.next_death(self._open_at), self._busy_until + place.keep_alive

    def _closed_at(self) -> float:
        return min(self._server_closes_at()) + self._network.place.round_trip / 2
