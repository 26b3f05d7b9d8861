"""A body that several read at once: all of it for each, nothing kept of what broke, nobody held up for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cdn.background import Background
from edgewise.cdn.failure import RequestFailure, unreachable
from edgewise.cdn.sharing import Copied, SharedBody


class Source:
    """A body of an origin: its pieces one after another, then perhaps an error."""

    def __init__(self, pieces: list[bytes], fault: Exception | None = None) -> None:
        self.pieces = pieces
        self.fault = fault
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(0)
            self.given += 1
            yield piece
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        self.closed = True


async def read(body: object) -> bytes:
    return b"".join([piece async for piece in body])  # type: ignore[attr-defined]


def run(work: Callable[[Background], Awaitable[None]]) -> None:
    async def main() -> None:
        background = Background()
        try:
            async with asyncio.timeout(10):
                await work(background)
        finally:
            await background.close()

    asyncio.run(main())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.integers(1, 4), st.integers(1, 200))
def test_every_reader_gets_all_of_it_and_what_is_small_enough_is_kept(
    pieces: list[bytes], readers: int, most: int
) -> None:
    whole = b"".join(pieces)
    kept: list[bytes] = []

    async def work(background: Background) -> None:
        shared = SharedBody(Source(pieces), kept.append, background, to_the_end=True, most=most)
        bodies = [shared.reader() for _ in range(readers)]
        assert await asyncio.gather(*map(read, bodies)) == [whole] * readers

    run(work)
    assert kept == ([whole] if len(whole) <= most else [])


@pytest.mark.parametrize("fault", [unreachable("gone"), ValueError("a defect of ours")])
def test_a_body_that_breaks_is_whole_for_nobody(fault: Exception) -> None:
    kept: list[bytes] = []

    async def work(background: Background) -> None:
        shared = SharedBody(Source([b"half"], fault), kept.append, background, to_the_end=True)
        readers = [asyncio.ensure_future(read(shared.reader())) for _ in range(3)]
        ended = await asyncio.gather(*readers, return_exceptions=True)
        assert all(isinstance(each, RequestFailure) for each in ended) and not shared.joinable
        assert len({id(each) for each in ended}) == 3, "each viewer has an exception of his own"

    run(work)
    assert not kept


def test_one_who_does_not_read_holds_the_others_up_for_a_moment_only() -> None:
    async def work(background: Background) -> None:
        source = Source([b"x" * 100] * 50)
        shared = SharedBody(source, lambda _: None, background, to_the_end=True, most=1000, patience=0.5)
        stalled = aiter(shared.reader())  # type: ignore[call-overload]
        assert await anext(stalled) == b"x" * 100
        assert len(await read(shared.reader())) == 5000
        with pytest.raises(RequestFailure, match="too slow"):
            await anext(stalled)

    run(work)


def test_what_nobody_reads_and_nobody_keeps_is_given_up() -> None:
    async def work(background: Background) -> None:
        source = Source([b"x" * 100] * 1000)
        shared = SharedBody(source, lambda _: None, background, to_the_end=False)
        shared.reader().close()
        while not source.closed:
            await asyncio.sleep(0.01)
        assert source.given < 1000

    run(work)


def test_a_large_body_is_not_held_in_memory() -> None:
    async def work(background: Background) -> None:
        source = Source([b"x" * 100] * 1000)
        shared = SharedBody(source, lambda _: None, background, to_the_end=True, most=1000)
        reader = shared.reader()
        count = 0
        async for _ in reader:
            count += 1
            assert source.given - count <= 12, "it goes at the reader's pace"
        assert count == 1000

    run(work)


def test_a_copy_is_kept_when_it_was_read_to_its_end() -> None:
    kept: list[bytes] = []

    async def work(_: Background) -> None:
        assert await read(Copied(Source([b"a", b"b"]), kept.append)) == b"ab"
        partly = aiter(Copied(Source([b"a", b"b"]), kept.append))  # type: ignore[call-overload]
        await anext(partly)
        await partly.aclose()

    run(work)
    assert kept == [b"ab"]
