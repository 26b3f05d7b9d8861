"""Bodies on their way into the cache.

`SharedBody` is read by itself, and by several viewers each at his own pace: one request fetches the object, those who
ask for the same meanwhile join it. `copied` goes at the pace of its one viewer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from edgewise.cdn.background import Background
from edgewise.cdn.failure import RequestFailure, unreachable
from edgewise.cdn.limits import CACHED_OBJECT_BYTES
from edgewise.cdn.message import Body

Keep = Callable[[bytes], None]


class SharedBody:
    """Hands `body` to `keep` when it is whole, if it is not too large.

    With `to_the_end` it is read for the cache even when no viewer is left. What has more than `most` bytes is too
    large to keep: it is passed on to those who have joined, nobody can join any more, and one who reads nothing for
    `patience` seconds is cut off.
    """

    def __init__(
        self,
        body: Body,
        keep: Keep,
        background: Background,
        *,
        to_the_end: bool,
        most: int = CACHED_OBJECT_BYTES,
        patience: float = 5.0,
    ) -> None:
        self._body = body
        self._keep = keep
        self._to_the_end = to_the_end
        self._most = most
        self._patience = patience
        self._pieces: deque[bytes] = deque()
        self._first = 0  # the number of the first piece that is still held
        self._held = 0  # bytes
        self._whole = True
        self._readers: set[_Reader] = set()
        self._failure: RequestFailure | None = None
        self._ended = False
        self._news = asyncio.Event()
        self._task = background.spawn(self._collect())

    @property
    def joinable(self) -> bool:
        return self._whole and self._failure is None

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
            async for piece in self._body:
                self._pieces.append(piece)
                self._held += len(piece)
                self._tell()
                if self._held > self._most:
                    await self._let_go()
            if self._whole:
                self._keep(b"".join(self._pieces))
            self._ended = True
        except RequestFailure as failure:
            self._failure = failure
        finally:
            self._end()

    def _end(self) -> None:
        # Whatever ended it: if what has come is not the whole it must not look so.
        if not self._ended and self._failure is None:
            self._failure = unreachable("the body was given up", "OriginReadError")
        self._body.close()
        self._tell()

    async def _let_go(self) -> None:
        """Forget what all viewers have read; wait for the slowest, and then go on without him."""
        self._whole = False
        while True:
            slowest = min(self._readers, key=lambda reader: reader.position, default=None)
            if slowest is None:
                raise asyncio.CancelledError  # nobody reads what nobody keeps
            while self._first < slowest.position:
                self._held -= len(self._pieces.popleft())
                self._first += 1
            if self._held <= self._most:
                return
            try:
                async with asyncio.timeout(self._patience):
                    await self._news.wait()
            except TimeoutError:
                self._readers.discard(slowest)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def left(self, reader: _Reader) -> None:
        """A viewer reads no more."""
        self._readers.discard(reader)
        self._tell()
        if not (self._readers or self._to_the_end or self._ended):
            self._task.cancel()
            self._end()  # a task that has not begun ends without a word

    async def piece(self, reader: _Reader) -> bytes | None:
        """The next piece for a viewer; None at the end. Raises `RequestFailure` when the body ended early."""
        while reader.position == self._first + len(self._pieces):
            if self._failure is not None:
                raise self._failure.again()
            if self._ended:
                return None
            await self._news.wait()
        if reader.position < self._first or reader not in self._readers:
            raise unreachable(
                "the viewer was too slow for an object that is not kept", "SlowReaderOriginError"
            )
        piece = self._pieces[reader.position - self._first]
        reader.position += 1
        if not self._whole:
            self._tell()
        return piece


class _Reader:
    """One viewer's view of a shared body; `position` is the number of the piece that comes next."""

    def __init__(self, shared: SharedBody) -> None:
        self._shared = shared
        self.position = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while (piece := await self._shared.piece(self)) is not None:
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        self._shared.left(self)


class Copied:
    """A body for one viewer that is handed to `keep` once it has arrived whole, if it is not too large."""

    def __init__(self, body: Body, keep: Keep) -> None:
        self._body = body
        self._keep = keep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        size = 0
        async for piece in self._body:
            size += len(piece)
            if size <= CACHED_OBJECT_BYTES:
                pieces.append(piece)
            else:
                pieces.clear()
            yield piece
        if size <= CACHED_OBJECT_BYTES:
            self._keep(b"".join(pieces))

    def close(self) -> None:
        self._body.close()
