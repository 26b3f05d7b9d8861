"""The addresses at which a running site is reached, from the address that it listens on."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from edgewise.cli.errors import StartError

# Who listens on all addresses is reached on loopback too.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def check_host(host: str) -> None:
    """Raises `StartError` for an address that this machine does not have, and for a name of none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise StartError(
                f"cannot listen on {host}: {error.strerror}",
                hint="--host takes an address of this machine: 127.0.0.1, or 0.0.0.0 to be reached from outside",
            ) from None


def reachable(host: str) -> str:
    """The address, or name, by which this machine reaches a listener on `host`."""
    return _LOOPBACK.get(host, host)


def url(scheme: str, host: str, port: int) -> str:
    """The URL of a listener; an IPv6 address is put in brackets."""
    name = reachable(host)
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def https_url(host: str, port: int) -> str:
    """Browsers take the name `localhost` for 127.0.0.1, and show it kindlier than a bare address."""
    return url("https", "localhost" if reachable(host) == "127.0.0.1" else host, port)


def certified(host: str) -> list[str]:
    """The names of the certificate for viewers who name no host, as those who use an address do."""
    names = ["localhost", "127.0.0.1", "::1", "d111111abcdef8.cloudfront.net"]
    extra = reachable(host)
    return [*names, extra] if extra not in names and _is_address(extra) else names


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
