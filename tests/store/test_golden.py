"""Names, nesting, times and types come out as OpenObserve's own code brings them out, or as we say they do.

`openobserve.json` holds what OpenObserve's code gave when it was run (its `source` says which), ours what was worked
out by hand from its rules.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewise.store.known import Kind
from edgewise.store.normalize import RecordError, flatten, stream_name
from edgewise.store.schema import Schema
from edgewise.store.timestamps import TimestampError, to_micros

FOLDER = Path(__file__).with_name("golden")
OURS = json.loads((FOLDER / "names_and_times.json").read_text("utf-8"))
THEIRS = json.loads((FOLDER / "openobserve.json").read_text("utf-8"))
NOW = 1_795_000_000_000_000


def vectors(kind: str) -> list[Any]:
    sets = {"ours": OURS.get(kind, []), "theirs": THEIRS.get(kind, [])}
    return [
        pytest.param(one, id=f"{name}-{i}") for name, cases in sets.items() for i, one in enumerate(cases)
    ]


@pytest.mark.parametrize("case", vectors("timestamp"))
def test_timestamps(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(TimestampError) as caught:
            to_micros(case["in"], NOW)
        assert str(caught.value) == case["error"]
    else:
        assert to_micros(case["in"], NOW) == (NOW if case["micros"] == "now" else case["micros"])


@pytest.mark.parametrize(
    ("level", "case"),
    [
        pytest.param(level, *one.values, id=f"level{level}-{one.id}")
        for level in (0, 1, 3)
        for one in vectors(f"flatten_level_{level}")
    ],
)
def test_flattening(level: int, case: dict[str, Any]) -> None:
    record = json.loads(case["in_text"])
    if "error" in case:
        with pytest.raises(RecordError, match=case["error"]):
            flatten(record, level)
    else:
        assert (
            json.dumps(flatten(record, level), separators=(",", ":"), ensure_ascii=False) == case["out_text"]
        )


@pytest.mark.parametrize("case", vectors("stream_name"))
def test_stream_names(case: dict[str, Any]) -> None:
    assert stream_name(case["in"]) == case["out"]


@pytest.mark.parametrize("value", [10**30, -(10**30), "9" * 30, -(10**14)])
def test_times_no_calendar_has_are_refused(value: object) -> None:
    with pytest.raises(TimestampError, match="out of range"):
        to_micros(value, NOW)


# OpenObserve's types as ours. Its UInt64 is for integers beyond 63 bits, which here are text with all their digits.
KINDS: dict[str, Kind] = {"Boolean": "bool", "Int64": "int", "Float64": "float", "Utf8": "text"}
VALUES = {"Boolean": True, "Int64": 7, "Float64": 7.5, "Utf8": "seven", "UInt64": 2**63 + 1}
# Where OpenObserve changes a column for good, it stays what it is here, and the value is kept beside it. This one
# change we make too.
WIDENED = {("Int64", "Float64")}


@pytest.mark.parametrize("arriving", VALUES)
@pytest.mark.parametrize("existing", KINDS)
def test_a_column_widens_in_one_case_only_and_no_value_is_lost(existing: str, arriving: str) -> None:
    changes_there = arriving in THEIRS["widening"][existing]
    schema = Schema("mine")
    schema.fit_all([{"a": VALUES[existing]}], NOW)
    assert schema.kinds["a"] == KINDS[existing]
    ((row,), failures) = schema.fit_all([{"a": VALUES[arriving]}], NOW)
    assert failures == {}
    changed = schema.kinds["a"] != KINDS[existing]
    assert changed == ((existing, arriving) in WIDENED)
    assert changes_there or not changed
    if "a" in row:
        assert row["a"] == (VALUES[arriving] if existing != "Utf8" else spelled(VALUES[arriving]))
    else:
        assert json.loads(row["_conflicts"]) == {"a": VALUES[arriving]}


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
