"""Addresses of origins that are not on this machine: asked for before an origin-request function runs.

Source: CloudFront Developer Guide, "Restrictions on Lambda@Edge": the configured origin must have an address, or the
function is not called.
"""

from __future__ import annotations

import asyncio
import socket

from edgewise.cdn import failure

# How long an answer is believed, in seconds; a failure is not kept, so that a corrected name works at once.
_BELIEVED = 10.0
_MANY = 1000  # domains; beyond that all are asked for anew


class Names:
    """Remembers which domains have an address. The address itself is asked for again when connecting."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    async def resolve(self, domain: str, timeout: float) -> None:
        """Raises `RequestFailure` (502) for a domain without an address, or none within `timeout` seconds."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._known.get(domain, 0.0) > now:
            return
        try:
            async with asyncio.timeout(timeout):
                await loop.getaddrinfo(domain, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise failure.unresolved(f"{domain}: {str(error) or 'the name servers are silent'}") from None
        if len(self._known) >= _MANY:
            self._known.clear()
        self._known[domain] = now + _BELIEVED
