"""Which names the distribution answers to: its own, its aliases, and those of this machine.

CloudFront finds the distribution by the name that the viewer asked for, and refuses a name that is nobody's with 403.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from edgewise.cdn.distribution import Distribution

# A name or an IPv4 address, or an IPv6 address in brackets; a port may follow. Underscores are no part of a host's
# name, but browsers and curl ask for such names. Redirects repeat the host: nothing else may stand in it.
_HOST = re.compile(
    r"(?:(?P<name>[\w-]+(?:\.[\w-]+)*)\.?|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::[0-9]{0,5})?", re.ASCII
)


# How `why_not` begins for a name that is nobody's.
NOT_SERVED = "no distribution answers to "


def is_served(host: str, distribution: Distribution) -> bool:
    """Whether a `Host` header, with or without a port, belongs to the distribution. One that is empty does."""
    return _is_served(host, distribution.domain, distribution.aliases)


@lru_cache(maxsize=1024)
def _is_served(host: str, domain: str, aliases: tuple[str, ...]) -> bool:
    if not host:
        return True
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["name"] or found["address"]).lower()
    if name in ("localhost", domain, *aliases) or name.endswith(".localhost"):
        return True
    # An alias such as *.example.com stands for one label or more. Developer Guide, "Use custom URLs".
    if any(alias.startswith("*.") and name.endswith(alias[1:]) for alias in aliases):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def why_not(host: str, distribution: Distribution) -> str:
    """What to tell the developer of a name that is not served."""
    if _HOST.fullmatch(host) is None:
        return f"{host!r} is no name of a host"
    names = ", ".join((distribution.domain, *distribution.aliases, "localhost"))
    return f"{NOT_SERVED}{host!r}; this one has the names {names}"
