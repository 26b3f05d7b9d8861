"""In which country an address is, by an address database that the user brings: a file in MaxMind's format.

Source: MaxMind DB File Format Specification 2.0. GeoLite2, DB-IP and IP2Location publish such files.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

from edgewise.agents.errors import DatabaseError

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
            raise DatabaseError(
                f"this is not an address database that can be read: {error}",
                hint="Give a file in MaxMind's format (.mmdb) with countries, such as GeoLite2-Country.mmdb.",
                file=file,
            ) from error
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
            raise DatabaseError(
                f"the address database is damaged: {error}", hint="Fetch the file again.", file=self._file
            ) from error
        return _code(found)


def _outside(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    # An IPv4 viewer of a socket for both.
    plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
    return plain if plain.is_global else None


def _code(found: Any) -> str | None:
    """Of a record in the shapes in use: `country.iso_code` (MaxMind, DB-IP), or `country_code` and the like."""
    if not isinstance(found, dict):
        return None
    country = found.get("country") or found.get("registered_country") or found.get("country_code")
    code = country.get("iso_code") if isinstance(country, dict) else country
    return code.upper() if isinstance(code, str) and len(code) == 2 and code.isalpha() else None
