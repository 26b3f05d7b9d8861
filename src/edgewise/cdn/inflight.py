"""Request collapsing: while one request fetches an object, others for the same object wait for it.

Source: CloudFront Developer Guide, "Simultaneous requests for the same object (request collapsing)".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from edgewise.cdn.cachekey import CacheKey
from edgewise.cdn.message import Headers, Response
from edgewise.cdn.sharing import SharedBody


@dataclass(frozen=True, slots=True)
class Arriving:
    """A response whose body is on its way into the cache, for whoever wants it too."""

    status: int
    headers: Headers
    reason: str
    body: SharedBody

    def response(self) -> Response:
        return Response(self.status, self.headers.copy(), self.body.reader(), self.reason)


class InFlight:
    """The objects of one location that are being fetched now."""

    def __init__(self) -> None:
        self._fetches: dict[CacheKey, asyncio.Future[Arriving | None]] = {}

    def __contains__(self, key: CacheKey) -> bool:
        return key in self._fetches

    async def joined(self, key: CacheKey) -> Arriving | None:
        """Wait for the request that is ahead: what it shares, None if one must look into the cache or go oneself."""
        # Others wait for the same future: one who leaves must not take it with him.
        return await asyncio.shield(self._fetches[key])

    def lead(self, key: CacheKey) -> None:
        """From now on others wait for this request, until `done`."""
        self._fetches[key] = asyncio.get_running_loop().create_future()

    def share(self, key: CacheKey, arriving: Arriving) -> None:
        """Give those who wait, and those who come before the body has arrived, what is arriving."""
        future = self._fetches.get(key)
        if future is not None and not future.done():
            future.set_result(arriving)
            arriving.body.when_ended(lambda: self._end(key, future))

    def done(self, key: CacheKey) -> None:
        """Let go of those who wait, unless something is shared with them."""
        future = self._fetches.get(key)
        if future is not None and not future.done():
            future.set_result(None)
            self._end(key, future)

    def _end(self, key: CacheKey, future: asyncio.Future[Arriving | None]) -> None:
        if self._fetches.get(key) is future:
            del self._fetches[key]
