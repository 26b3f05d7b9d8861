"""Request collapsing: while one request fetches an object, others for the same object wait for it.

Source: CloudFront Developer Guide, "Simultaneous requests for the same object (request collapsing)".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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


# What those who wait are told besides: look into the cache, or go yourself, since the answer is for one viewer alone
# (`_ALONE`); or ask again, since the one ahead has left or learned nothing of the object (`_NOTHING`).
_ALONE, _NOTHING = "alone", "nothing"
_Word = Arriving | str


class InFlight:
    """The objects of one location that are being fetched now."""

    def __init__(self) -> None:
        self._fetches: dict[CacheKey, asyncio.Future[_Word]] = {}

    def __contains__(self, key: CacheKey) -> bool:
        return key in self._fetches

    async def joined(self, key: CacheKey) -> Arriving | bool:
        """Wait for the request that is ahead: what it shares, or whether to ask again rather than to go oneself."""
        # Others wait for the same future: one who leaves must not take it with him.
        word = await asyncio.shield(self._fetches[key])
        return word if isinstance(word, Arriving) else word == _NOTHING

    def lead(self, key: CacheKey) -> None:
        """From now on others wait for this request, until `done`."""
        self._fetches[key] = asyncio.get_running_loop().create_future()

    def share(self, key: CacheKey, arriving: Arriving) -> None:
        """Give those who wait, and those who come before the body has arrived, what is arriving."""
        future = self._fetches.get(key)
        if future is not None and not future.done():
            future.set_result(arriving)
            arriving.body.when_ended(lambda: self._end(key, future))

    def done(self, key: CacheKey, *, learned: bool) -> None:
        """Let go of those who wait, unless something is shared with them. `learned` is about the object itself."""
        future = self._fetches.get(key)
        if future is not None and not future.done():
            future.set_result(_ALONE if learned else _NOTHING)
            self._end(key, future)

    def forget(self, matches: Callable[[CacheKey], bool]) -> None:
        """Let nobody join these any more: what is being fetched is not wanted from now on."""
        for key in [key for key in self._fetches if matches(key)]:
            future = self._fetches.pop(key)
            if not future.done():
                future.set_result(_NOTHING)

    def _end(self, key: CacheKey, future: asyncio.Future[_Word]) -> None:
        if self._fetches.get(key) is future:
            del self._fetches[key]
