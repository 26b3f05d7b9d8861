"""A body that several viewers read while it arrives, each at his own pace, and that is kept once it is whole.

One viewer's request fetches the object; those who ask for the same meanwhile join it (request collapsing), and it is
fetched to its end for the cache even when nobody waits any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from edgewise.cdn.cache import MAX_OBJECT_BYTES
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.message import Body

# Pieces that a reader may be behind when the body is too large to keep.
_AHEAD = 16


class SharedBody:
    """Reads `body` by itself; `on_whole` is called with all of it, if it is not too large to keep.

    What is too large is still passed on to those who have joined, at the pace of the slowest of them, and nobody can
    join it any more.
    """

    def __init__(self, body: Body, on_whole: Callable[[bytes], None]) -> None:
        self._body = body
        self._on_whole = on_whole
        self._chunks: list[bytes] = []
        self._size = 0
        self._readers: set[_Reader] = set()
        self._failure: BaseException | None = None
        self._done = False
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._collect())

    @property
    def joinable(self) -> bool:
        return self._size <= MAX_OBJECT_BYTES and self._failure is None

    def reader(self) -> Body:
        """A body of its own for one more viewer, from the beginning."""
        reader = _Reader(self)
        self._readers.add(reader)
        return reader

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the body has ended, well or not, and was kept if it could be."""
        self._task.add_done_callback(lambda _: tell())

    async def _collect(self) -> None:
        try:
            async for chunk in self._body:
                self._chunks.append(chunk)
                self._size += len(chunk)
                self._tell()
                if not self.joinable:
                    await self._pace()
            if self.joinable:
                self._on_whole(b"".join(self._chunks))
        except (RequestFailure, OSError) as failure:
            self._failure = failure
        finally:
            self._body.close()
            self._done = True
            self._tell()

    async def _pace(self) -> None:
        """Too large to keep: let go of what all have read, and wait for readers; without any there is no use."""
        if not self._readers:
            raise asyncio.CancelledError
        behind = min(reader.position for reader in self._readers)
        for index in range(behind):
            self._chunks[index] = b""
        while any(reader.position < len(self._chunks) - _AHEAD for reader in self._readers):
            await self._next_change()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _next_change(self) -> None:
        await self._changed.wait()

    def left(self, reader: _Reader) -> None:
        self._readers.discard(reader)
        self._tell()

    async def chunk(self, reader: _Reader) -> bytes | None:
        """The next piece for a reader; None at the end. Raises what ended the body early."""
        while reader.position >= len(self._chunks):
            if self._failure is not None:
                raise self._failure
            if self._done:
                return None
            await self._next_change()
        reader.position += 1
        if not self.joinable:
            self._tell()
        return self._chunks[reader.position - 1]


class _Reader:
    """One viewer's view of a shared body."""

    def __init__(self, shared: SharedBody) -> None:
        self._shared = shared
        self.position = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while (chunk := await self._shared.chunk(self)) is not None:
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        self._shared.left(self)
