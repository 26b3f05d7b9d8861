"""Types never poison a column, and no value is lost."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.store.bodies import json_values
from edgewise.store.known import KNOWN_STREAMS
from edgewise.store.schema import MAX_COLUMNS, Schema, cast
from edgewise.store.tables import Converter

NOW = 1_795_224_000_000_000
CONVERTER = Converter()


def fit(schema: Schema, *records: Any) -> list[dict[str, Any]]:
    values = json_values(json.dumps(records).encode())
    if schema.are_plain(values.items):
        return values.items
    fitted, failures = schema.fit_all(values.exact(), NOW)
    assert failures == {}
    return fitted


def test_a_value_that_does_not_fit_is_kept_beside_its_column() -> None:
    schema = Schema("edge")
    (row,) = fit(
        schema, {"status": "none of your business", "duration_ms": True, "cold": "maybe", "path": "/"}
    )
    assert {"status", "duration_ms", "cold"}.isdisjoint(row)
    assert json.loads(row["_conflicts"]) == {
        "status": "none of your business",
        "duration_ms": True,
        "cold": "maybe",
    }
    assert schema.kinds["status"] == "int"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", "404", 404),
        ("int", "4.0", 4),
        ("int", 200.0, 200),
        ("float", 3, 3.0),
        ("float", "2.5e3", 2500.0),
        ("bool", "true", True),
        ("text", 1.5, "1.5"),
        ("text", False, "false"),
        ("text", 10**30, str(10**30)),
    ],
)
def test_what_fits_without_loss_is_cast(kind: Any, value: object, expected: object) -> None:
    assert cast(kind, value) == expected
    assert type(cast(kind, value)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 1.5),
        ("int", 2**63),
        ("int", True),
        ("float", 2**53 + 1),
        ("float", "1e999"),
        ("int", " 7"),
        ("bool", 1),
    ],
)
def test_what_would_lose_something_is_not(kind: Any, value: object) -> None:
    schema = Schema("mine", {"x": kind})
    schema._fixed = frozenset(schema.kinds)
    (row,) = fit(schema, {"x": value})
    assert json.loads(row["_conflicts"]) == {"x": value}
    assert "x" not in row


def test_an_integer_column_widens_when_a_fraction_arrives_but_a_known_one_does_not() -> None:
    schema = Schema("mine")
    assert fit(schema, {"x": 1}, {"x": 2.5}, {"x": 3})[1:] == [
        {"_timestamp": NOW, "x": 2.5},
        {"_timestamp": NOW, "x": 3.0},
    ]
    assert schema.kinds["x"] == "float"
    known = Schema("edge")
    assert json.loads(fit(known, {"status": 200.5})[0]["_conflicts"]) == {"status": 200.5}
    assert known.kinds["status"] == "int"


def test_integers_beyond_64_bits_keep_every_digit() -> None:
    schema = Schema("mine")
    (row,) = fit(schema, {"big": 123456789012345678901234567890, "edge": 2**63 - 1})
    assert row["big"] == "123456789012345678901234567890"
    assert row["edge"] == 2**63 - 1


def test_keys_beyond_the_limit_and_names_that_cannot_be_columns_go_to_one_column() -> None:
    schema = Schema("mine")
    (row,) = fit(schema, {f"k{number}": number for number in range(MAX_COLUMNS + 50)} | {"": 1, "x" * 500: 2})
    assert len(schema.kinds) == MAX_COLUMNS
    overflow = json.loads(row["_overflow"])
    assert overflow[""] == 1
    assert overflow["x" * 500] == 2
    kept = {name: value for name, value in (row | overflow).items() if name.startswith("k")}
    assert kept == {f"k{number}": number for number in range(MAX_COLUMNS + 50)}


def test_a_client_cannot_write_into_our_own_columns() -> None:
    (row,) = fit(Schema("edge"), {"_conflicts": "forged", "_overflow": "forged"})
    assert "_conflicts" not in row
    assert json.loads(row["_overflow"]) == {"_conflicts": "forged", "_overflow": "forged"}


def test_one_bad_record_does_not_take_the_others_with_it() -> None:
    schema = Schema("edge")
    fitted, failures = schema.fit_all([{"path": "/a"}, 5, {"_timestamp": "x"}, {"path": "/b"}], NOW)
    assert [row["path"] for row in fitted] == ["/a", "/b"]
    assert failures == {1: "flatten value must be an object", 2: "invalid time format [string]"}


def test_a_familiar_shape_with_a_strange_time_is_looked_at_again() -> None:
    schema = Schema("edge")
    fit(schema, {"_timestamp": NOW, "path": "/"})
    assert fit(schema, {"_timestamp": NOW, "path": "/"}, {"_timestamp": 1766000000, "path": "/"}) == [
        {"_timestamp": NOW, "path": "/"},
        {"_timestamp": 1766000000000000, "path": "/"},
    ]


def test_the_known_streams_have_the_agreed_columns() -> None:
    assert KNOWN_STREAMS["access"]["functions_ms"] == "float"
    assert KNOWN_STREAMS["edge"]["environment_age_ms"] == "int"


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
records = st.lists(
    st.dictionaries(st.sampled_from(["a", "B", "c d", "status", "e"]), values, max_size=5), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(records)
def test_whatever_arrives_fits_a_table_and_keeps_its_row(found: list[dict[str, Any]]) -> None:
    schema = Schema("edge")
    fitted = fit(schema, *found)
    assert len(fitted) == len(found)
    table = CONVERTER.table("x", [orjson.dumps(fitted)] if fitted else [], schema.kinds)
    assert [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()] == fitted


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "status"]), scalars), min_size=1, max_size=5))
def test_seen_before_or_not_a_record_comes_out_the_same(found: list[dict[str, Any]]) -> None:
    stamped = [{"_timestamp": NOW, **record} for record in found]
    schema = Schema("edge")
    fit(schema, *stamped)
    closely, _ = schema.fit_all(stamped, NOW)
    assert fit(schema, *stamped) == closely
