"""Keeps pages of other sites in the user's browser away from the control port.

Such a page may send requests to this machine. It cannot read answers (nothing here allows another origin to), but it
could change things, or reach the port under a name of its own (DNS rebinding) and read all. What is no browser, such
as the command line, sends none of the headers that are looked at, apart from `Host`.
"""

from __future__ import annotations

from ipaddress import ip_address

from edgewise.cdn.control.errors import Refused
from edgewise.cdn.message import Request

SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept"),
)


def check(request: Request) -> None:
    """Raises `Refused` for a request that a page of another site has made, or may have made."""
    host = request.headers.get("host")
    if not is_this_machine(host):
        raise Refused(f"the control port is not {host[:100]!r}", hint="use http://127.0.0.1 and its port")
    reads = request.method in ("GET", "HEAD")
    site = request.headers.get("sec-fetch-site")
    # Another port of this machine is "same-site": the site under development must not steer its own CDN either.
    if site not in ("", "none", "same-origin") and not (reads and _opens_a_page(request)):
        raise Refused(
            "a page of another site asks", hint="open the inspector itself, or use the command line"
        )
    origin = request.headers.get("origin")
    if not reads and origin and origin != f"http://{host}":
        raise Refused(
            f"a page of {origin[:100]!r} asks", hint="open the inspector itself, or use the command line"
        )


def _opens_a_page(request: Request) -> bool:
    """A link from elsewhere that the user follows: the page is his to see, and nobody may put it into a frame."""
    fetch = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
    return fetch == ("navigate", "document")


def is_this_machine(host: str) -> bool:
    """Whether a `Host` is a name or address that can only mean this machine."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
