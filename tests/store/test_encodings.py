"""Compressed bodies: every coding comes back, none can fill the memory, what is broken is refused."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.store.encodings import MAX_MEMBERS, decompress
from edgewise.store.errors import BodyError

Compress = Callable[[bytes], bytes]


def zstd(body: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(body, asbytes=True))


CODINGS: dict[str, Compress] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: bytes(brotli.compress(body, quality=4)),
    "zstd": zstd,
}
every_coding = pytest.mark.parametrize("coding", CODINGS)


@given(st.binary(max_size=2000), st.sampled_from(sorted(CODINGS)))
def test_what_was_compressed_comes_back(body: bytes, coding: str) -> None:
    assert decompress(CODINGS[coding](body), coding.upper()) == body


@every_coding
def test_large_bodies_come_back(coding: str) -> None:
    for body in (random.Random(1).randbytes(300_000), b"edge" * 300_000):
        assert decompress(CODINGS[coding](body), coding) == body


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_pieces_one_after_the_other_are_one_body(coding: str) -> None:
    compress = CODINGS[coding]
    assert decompress(compress(b"one ") + compress(b"two"), coding) == b"one two"


@every_coding
def test_a_small_body_that_grows_large_is_cut_off(coding: str) -> None:
    bomb = CODINGS[coding](b"0" * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(BodyError) as caught:
            decompress(bomb, coding, limit=1_000_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.status == 413
    assert most < 8_000_000


@every_coding
@pytest.mark.parametrize("size", [0, 99, 200_000])
def test_what_is_cut_off_or_has_something_behind_it_is_refused(coding: str, size: int) -> None:
    whole = CODINGS[coding](random.Random(size).randbytes(size))
    for broken in (whole[:-1], whole[: len(whole) // 2], whole + b"xx"):
        if broken:
            with pytest.raises(BodyError) as caught:
                decompress(broken, coding)
            assert caught.value.status == 400


@every_coding
def test_what_is_not_compressed_is_refused(coding: str) -> None:
    with pytest.raises(BodyError, match=coding) as caught:
        decompress(b"not compressed at all", coding)
    assert caught.value.status == 400


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(BodyError, match=r"lzma.*gzip, deflate, br, zstd") as caught:
        decompress(b"x", "lzma")
    assert caught.value.status == 415


def test_pieces_of_any_number_are_joined_up_to_a_limit() -> None:
    one = gzip.compress(b"x" * 100_000)
    assert decompress(one * MAX_MEMBERS, "gzip", limit=10**9) == b"x" * 100_000 * MAX_MEMBERS
    with pytest.raises(BodyError, match="members") as caught:
        decompress(gzip.compress(b"") * (MAX_MEMBERS + 1), "gzip")
    assert caught.value.status == 413
