"""What becomes of the viewers' addresses: kept, cut to their networks, or dropped.

Where an address goes, visitors can be told apart all the same: a hash stands for one for a day. Its key is random, is
made anew for each day of the log and each import, and is nowhere but in memory, so nobody can find the address again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final, Literal

Mask = Literal["keep", "truncate", "drop"]
DAY: Final = 86_400_000_000  # microseconds
# The same bits that edge records keep: of IPv4 a network of 256, of IPv6 a site.
_PREFIX: Final = {4: 24, 6: 48}
_HOUSEHOLD: Final = 64  # of IPv6: devices change the rest by themselves (RFC 8981)


@lru_cache(maxsize=8_192)
def truncated(address: str) -> str | None:
    """The network of an address, as an address: `203.0.113.0`; None for what is no address."""
    try:
        version = ip_address(address).version
        return str(ip_network(f"{address}/{_PREFIX[version]}", strict=False).network_address)
    except ValueError:
        return None


class Visitors:
    """Hashes that stand for visitors: 16 hexadecimal digits, the same for one host, address, agent and day (UTC)."""

    def __init__(self) -> None:
        self._keys: dict[int, bytes] = {}
        self._known = lru_cache(maxsize=65_536)(self._hash)

    def of(self, times: Iterable[int], seen: Iterable[tuple[str | None, ...]]) -> list[str | None]:
        """One for each time (microseconds) and (address, host, user agent); None where there is no address."""
        return [
            self._known(time // DAY, facts) if facts[0] else None
            for time, facts in zip(times, seen, strict=True)
        ]

    def _hash(self, day: int, facts: tuple[str | None, ...]) -> str:
        key = self._keys.setdefault(day, secrets.token_bytes(32))
        address, *rest = (fact or "" for fact in facts)
        text = "\0".join([_household(address), *rest])
        return hashlib.blake2b(text.encode(), key=key, digest_size=8).hexdigest()


def _household(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ip_network(f"{address}/{_HOUSEHOLD}", strict=False))
    except ValueError:
        return address
