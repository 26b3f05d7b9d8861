"""Bodies: how many records they may have, what is JSON and what is not."""

from __future__ import annotations

import gzip
from typing import Any

import pyarrow as pa
import pytest

from edgewise.store.bodies import MAX_CONTAINERS, MAX_RECORDS, json_values, line_values
from edgewise.store.errors import BodyError


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


def test_more_records_than_one_request_may_have_are_refused() -> None:
    assert len(json_values(b"[" + b"{}," * (MAX_RECORDS - 1) + b"{}]").items) == MAX_RECORDS
    for values in (
        lambda: json_values(b"[" + b"{}," * MAX_RECORDS + b"{}]"),
        lambda: line_values(b"{}\n" * (MAX_RECORDS + 1)),
    ):
        with pytest.raises(BodyError, match=r"at most 100000 are taken|more than 100000 lines") as caught:
            values()
        assert caught.value.status == 413


def test_small_objects_are_counted_before_they_are_made() -> None:
    nested = b"[" + b"[]," * MAX_CONTAINERS + b"[]]"
    for read in (json_values, line_values):
        with pytest.raises(BodyError, match="objects and arrays") as caught:
            read(nested)
        assert caught.value.status == 413
    # With so many beginnings and no end it is no JSON, and nothing is made of it either.
    for beginning in (b"[", b'{"a":'):
        with pytest.raises(BodyError, match="not JSON"):
            json_values(beginning * (2 * MAX_CONTAINERS // len(beginning)))
    # Those in a text are none.
    assert json_values(b'{"a":"' + b'\\"{' * (MAX_CONTAINERS + 1) + b'"}').items[0]["a"][:2] == '"{'


@pytest.mark.parametrize("compress", [gzip.compress, lambda body: pa.compress(body, "zstd", asbytes=True)])
def test_a_body_that_hides_its_compression_is_called_that(compress: Any) -> None:
    with pytest.raises(BodyError, match="Content-Encoding"):
        json_values(compress(b"[]"))
