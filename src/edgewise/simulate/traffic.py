"""Whose requests arrive, when and where: made up from a rate, or as a real access log has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Protocol

ORIGIN_DELAY = 0.1  # seconds from a visitor's request to its origin's answer: modelled
_PATHS = 1000
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor's request, `at` seconds after the start. `target` is path and query."""

    at: float
    region: str
    reaches_origin: bool
    method: str
    target: str
    client_ip: str
    status: int = 200
    host: str = "www.example.com"
    user_agent: str = ""
    referrer: str = ""


class Traffic(Protocol):
    """Gives the same visits, in the order of their time, as often as it is asked."""

    def visits(self) -> Iterator[Visit]: ...


class _Mix:
    """Chooses regions by their shares."""

    def __init__(self, shares: Mapping[str, float], random: Random) -> None:
        self._names = list(shares)
        self._sums = list(accumulate(shares.values()))
        self._random = random

    def choose(self) -> str:
        return self._random.choices(self._names, cum_weights=self._sums)[0]


@dataclass(frozen=True, slots=True)
class RateTraffic:
    """`rate` requests a second on the average, independent of one another, for `seconds`.

    Of 1,000 paths the first is asked for most often (log-uniform). `miss` is the share that reaches the origin.
    """

    rate: float
    seconds: float
    regions: Mapping[str, float]
    miss: float
    seed: int

    def visits(self) -> Iterator[Visit]:
        random = Random(f"traffic {self.seed}")
        mix = _Mix(self.regions, random)
        at = random.expovariate(self.rate)
        while at < self.seconds:
            address = random.getrandbits(16)
            yield Visit(
                at,
                mix.choose(),
                reaches_origin=random.random() < self.miss,
                method="GET",
                target=f"/products/{int(_PATHS ** random.random())}?from=newsletter",
                client_ip=f"198.18.{address >> 8}.{address & 255}",  # RFC 2544: nobody's
                user_agent=_AGENTS[random.randrange(len(_AGENTS))],
                referrer="https://www.example.com/",
            )
            at += random.expovariate(self.rate)


@dataclass(frozen=True, slots=True)
class LogTraffic:
    """Requests of an access log: each is a visit whose `at` is when it was logged, in seconds since the epoch.

    Logs tell whole seconds, so that each request is put somewhere into its second. `reaches_origin` is None where the
    log does not say; `miss` is the share of those. Ends after `seconds`.
    """

    logged: Sequence[LoggedVisit]
    seconds: float
    regions: Mapping[str, float]
    miss: float
    seed: int

    def visits(self) -> Iterator[Visit]:
        random = Random(f"traffic {self.seed}")
        mix = _Mix(self.regions, random)
        spread = sorted((logged.at + random.random(), index) for index, logged in enumerate(self.logged))
        start = int(spread[0][0]) if spread else 0
        for moment, index in spread:
            if moment - start >= self.seconds:
                return
            logged = self.logged[index]
            asked = random.random() < self.miss
            yield Visit(
                moment - start,
                mix.choose(),
                reaches_origin=asked if logged.reaches_origin is None else logged.reaches_origin,
                method=logged.method,
                target=logged.target,
                client_ip=logged.client_ip,
                status=logged.status,
                host=logged.host,
                user_agent=logged.user_agent,
                referrer=logged.referrer,
            )


@dataclass(frozen=True, slots=True)
class LoggedVisit:
    """What a log tells of a request; `at` is in seconds since the epoch."""

    at: int
    reaches_origin: bool | None
    method: str
    target: str
    client_ip: str
    status: int
    host: str
    user_agent: str
    referrer: str
