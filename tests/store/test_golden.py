"""Names, nesting and times come out as OpenObserve's own code brings them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewise.store.normalize import RecordError, flatten, stream_name
from edgewise.store.timestamps import TimestampError, to_micros

OURS = json.loads(Path(__file__).with_name("golden").joinpath("names_and_times.json").read_text("utf-8"))
_shared = Path(__file__).parents[3] / "shared" / "golden" / "openobserve.json"
THEIRS = json.loads(_shared.read_text("utf-8")) if _shared.is_file() else {}
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
