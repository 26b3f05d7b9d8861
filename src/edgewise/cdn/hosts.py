"""Which names the distribution answers to: its own, its aliases, and those of this machine.

CloudFront finds the distribution by the name that the viewer asked for, and refuses a name that is nobody's with 403.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from edgewise.cdn.distribution import Distribution


def is_served(host: str, distribution: Distribution) -> bool:
    """Whether a `Host` header, with or without a port, belongs to the distribution."""
    return _is_served(host, distribution.domain, distribution.aliases)


@lru_cache(maxsize=1024)
def _is_served(host: str, domain: str, aliases: tuple[str, ...]) -> bool:
    name = _name(host)
    if name in ("", "localhost", domain, *aliases) or name.endswith(".localhost"):
        return True
    # An alias such as *.example.com stands for one label or more. Developer Guide, "Use custom URLs".
    if any(alias.startswith("*.") and name.endswith(alias[1:]) for alias in aliases):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def why_not(host: str, distribution: Distribution) -> str:
    """What to tell the developer of a name that is not served."""
    names = ", ".join((distribution.domain, *distribution.aliases, "localhost"))
    return f"no distribution answers to {_name(host)!r}; this one has the names {names}"


def _name(host: str) -> str:
    name = host.strip().lower()
    head, colon, port = name.rpartition(":")
    return head if colon and port.isdigit() else name.rstrip(".")
