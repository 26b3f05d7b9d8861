"""Bodies: encodings, limits, what is JSON and what is not."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.store.bodies import MAX_MEMBERS, MAX_RECORDS, decompress, json_values, line_values
from edgewise.store.errors import BodyError


@given(st.binary(max_size=2000))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert decompress(gzip.compress(body), "gzip") == body
    assert decompress(zlib.compress(body), "deflate") == body
    assert decompress(gzip.compress(body) + gzip.compress(b"more"), "GZIP") == body + b"more"


def test_a_small_body_that_grows_large_is_cut_off() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    with pytest.raises(BodyError) as caught:
        decompress(bomb, "gzip", limit=1_000_000)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    argnames=("body", "encoding", "status"),
    ids=["not gzip", "cut off", "unknown"],
    argvalues=[
        (b"not gzip", "gzip", 400),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], "gzip", 400),
        (b"x", "br", 415),
    ],
)
def test_what_cannot_be_decompressed_is_refused(body: bytes, encoding: str, status: int) -> None:
    with pytest.raises(BodyError) as caught:
        decompress(body, encoding)
    assert caught.value.status == status


def test_lines() -> None:
    assert line_values(b'{"a":1}\r\n\n  \n{"a":2}').items == [{"a": 1}, {"a": 2}]
    with pytest.raises(BodyError, match="record 2"):
        line_values(b'{"a":1}\n{"a":\n')


@pytest.mark.parametrize(
    "body", [b"", b"5", b'"x"', b"[1", b'{"a":NaN}', b'{"a":1e999}', b"\xff", b"[" * 5000, b"9" * 5000]
)
def test_what_is_not_json_or_not_records_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        json_values(body)
    assert caught.value.status == 400


def test_every_digit_of_a_long_number_can_be_had() -> None:
    for values in (
        json_values(b'[{"a":98765432109876543210987}]'),
        line_values(b'{"a":98765432109876543210987}'),
    ):
        assert values.items == [{"a": 98765432109876543210987.0}]
        assert values.exact() == [{"a": 98765432109876543210987}]


def test_pieces_of_any_number_are_joined_up_to_a_limit() -> None:
    one = gzip.compress(b"x" * 100_000)
    assert decompress(one * MAX_MEMBERS, "gzip", limit=10**9) == b"x" * 100_000 * MAX_MEMBERS
    with pytest.raises(BodyError, match="members") as caught:
        decompress(gzip.compress(b"") * (MAX_MEMBERS + 1), "gzip")
    assert caught.value.status == 413


def test_more_records_than_one_request_may_have_are_refused() -> None:
    assert len(json_values(b"[" + b"{}," * (MAX_RECORDS - 1) + b"{}]").items) == MAX_RECORDS
    for values in (
        lambda: json_values(b"[" + b"{}," * MAX_RECORDS + b"{}]"),
        lambda: line_values(b"{}\n" * (MAX_RECORDS + 1)),
    ):
        with pytest.raises(BodyError, match="at most 100000 are taken") as caught:
            values()
        assert caught.value.status == 413
