"""In which country an address is, by an address database that the user brings: a file in MaxMind's format.

Source: MaxMind DB File Format Specification 2.0. GeoLite2, DB-IP and IP2Location publish such files.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from edgewise.agents.errors import DatabaseError

# Addresses that are nobody's outside, and IPv6 that only wraps IPv4 (IANA's registries of special-purpose addresses).
# IPv6 networks are told apart by their first 64 bits, see `first_of_network`.
INSIDE: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3"),
        *("::/64", "64:ff9b::/64", "64:ff9b:1::/48", "100::/63", "2001::/23", "2001:db8::/32", "2002::/16"),
        *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)
# By version, where each of these begins and where it ends, in ascending order: inside are numbers behind an odd one.
_BOUNDS: Final = {
    version: sorted(
        number
        for network in INSIDE
        if network.version == version
        for number in (int(network.network_address), int(network.broadcast_address) + 1)
    )
    for version in (4, 6)
}
_REMEMBERED: Final = 8_192
# An address is at most 45 characters; an IPv6 address of a link may have a zone behind it.
_LONGEST: Final = 64


class Countries:
    """An open database; `close` it. It is read as it is asked, from a few pages of the file."""

    def __init__(self, file: Path) -> None:
        import maxminddb

        try:
            self._reader = maxminddb.open_database(file)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise refused(file, error) from error
        self._file = file
        self._invalid = maxminddb.InvalidDatabaseError
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._look_up)

    def country(self, address: str) -> str | None:
        """The country's two letters (ISO 3166-1) in capitals.

        None for an address that the database does not know, that no network outside has (a private one, loopback),
        or that is no address. Raises `DatabaseError` when the file turns out to be damaged.
        """
        return self._remembered(address) if len(address) <= _LONGEST else None

    def close(self) -> None:
        self._reader.close()

    def _look_up(self, text: str) -> str | None:
        address = _outside(text)
        if address is None or (address.version == 6 and self._reader.metadata().ip_version == 4):
            return None
        try:
            found = self._reader.get(address)
        except (ValueError, self._invalid) as error:
            raise damaged(self._file, error) from error
        return code_of(found)


def refused(file: Path, error: Exception) -> DatabaseError:
    return DatabaseError(
        f"this is not an address database that can be read: {error}",
        hint="Give a file in MaxMind's format (.mmdb) with countries, such as GeoLite2-Country.mmdb.",
        file=file,
    )


def damaged(file: Path, error: Exception) -> DatabaseError:
    return DatabaseError(f"the address database is damaged: {error}", hint="Fetch the file again.", file=file)


def _outside(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    # An IPv4 viewer of a socket for both.
    plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
    if bisect_right(_BOUNDS[plain.version], int(plain)) % 2:
        return None
    return first_of_network(plain)


def first_of_network(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Of an IPv6 address the first one with the same first 64 bits: a network of one place, whose devices choose the
    rest by themselves (RFC 8981)."""
    return IPv6Address(int(address) >> 64 << 64) if isinstance(address, IPv6Address) else address


def code_of(found: Any) -> str | None:
    """Of a record in the shapes in use: `country.iso_code` (MaxMind, DB-IP), or `country_code` and the like."""
    if not isinstance(found, dict):
        return None
    country = found.get("country") or found.get("registered_country") or found.get("country_code")
    code = country.get("iso_code") if isinstance(country, dict) else country
    return code.upper() if isinstance(code, str) and len(code) == 2 and code.isalpha() else None
