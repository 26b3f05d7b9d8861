"""An address database as a table that the edge can search as it lies on the disk: nothing is parsed there.

    offset      bytes
    0           8             the word `EWCTRY1` and a zero
    8           4 + 4         how many rows there are for IPv4 (n) and for IPv6 (m)
    16          256 × 2       the codes, two letters each; the first one, zeros, is no country
    528         n × 4, n      the first address of each row in ascending order; then the number of each row's code
    528 + 5n    m × 8, m      the same for IPv6, of whose addresses there are the first 64 bits

Numbers are little-endian. The first row of each begins with address zero, and a row ends where the next begins.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from struct import pack
from typing import Final

from edgewise.agents.countries import INSIDE, code_of, damaged, first_of_network, refused
from edgewise.agents.errors import DatabaseError

MAGIC: Final = b"EWCTRY1\0"
_MOST_CODES: Final = 255


def country_table(file: Path) -> bytes:
    """The table of a file in MaxMind's format; it knows of every address what `Countries` knows.

    Raises `DatabaseError` for a file that is none or is damaged.
    """
    import maxminddb

    try:
        reader = maxminddb.open_database(file)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise refused(file, error) from error
    with reader:
        try:
            rows = _Rows(4), _Rows(6)
            for network, found in reader:
                rows[network.version == 6].add(network, code_of(found))
        except (ValueError, maxminddb.InvalidDatabaseError) as error:
            raise damaged(file, error) from error
    for each in rows:
        each.leave_out(INSIDE)
    codes = sorted({code for each in rows for code in each.codes if code})
    if len(codes) > _MOST_CODES:
        raise DatabaseError(f"the address database has {len(codes)} countries, which is too many", file=file)
    numbers = {code: number for number, code in enumerate(codes, 1)} | {None: 0}
    head = MAGIC + pack("<II", *(len(each.starts) for each in rows))
    names = "".join(codes).encode("ascii")
    return head + (bytes(2) + names).ljust(512, b"\0") + b"".join(each.packed(numbers) for each in rows)


class _Rows:
    """The first address of each row, as a number, and its code."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._bits = 64 if version == 6 else 32  # of the numbers here
        self.starts = [0]
        self.codes: list[str | None] = [None]

    def add(self, network: IPv4Network | IPv6Network, code: str | None) -> None:
        """One network of the database, which come in ascending order and share no address."""
        if first_of_network(network.network_address) != network.network_address:
            return  # within the first 64 bits of another
        start, end = self._bounds(network)
        self._begin(start, code)
        if not end >> self._bits:
            self._begin(end, None)

    def leave_out(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        """Those addresses have no country."""
        for network in networks:
            if network.version != self._version:
                continue
            start, end = self._bounds(network)
            after = self.codes[bisect_right(self.starts, end) - 1]
            first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
            # Or it is the end of all addresses, where no row begins.
            is_there = end >> self._bits or self.starts[last : last + 1] == [end]
            self.starts[first:last] = [start] if is_there else [start, end]
            self.codes[first:last] = [None] if is_there else [None, after]

    def packed(self, numbers: dict[str | None, int]) -> bytes:
        size = len(self.starts)
        numbered = bytes(numbers[code] for code in self.codes)
        return pack(f"<{size}{'Q' if self._bits == 64 else 'I'}", *self.starts) + numbered

    def _bounds(self, network: IPv4Network | IPv6Network) -> tuple[int, int]:
        first, last = int(network.network_address), int(network.broadcast_address)
        rest = network.max_prefixlen - self._bits
        return first >> rest, (last >> rest) + 1

    def _begin(self, start: int, code: str | None) -> None:
        if self.starts[-1] == start:
            self.codes[-1] = code
            if len(self.codes) > 1 and self.codes[-2] == code:
                self.starts.pop()
                self.codes.pop()
        elif self.codes[-1] != code:
            self.starts.append(start)
            self.codes.append(code)
