"""Exports: whatever a record says, a spreadsheet shows it as text and reads back what was there."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.dashboard.exports import as_csv, as_download, as_json, safe

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "  =1", "=cmd|'/c calc'!A0"]
)
def test_a_formula_becomes_text(text: str) -> None:
    assert safe(text) == "'" + text


@pytest.mark.parametrize("value", [-1, 0, 2.5, "/path?a=b", "plain", "", "'quoted"])
def test_what_is_no_formula_stays(value: object) -> None:
    assert safe(value) == value


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=5))
def test_csv_reads_back_row_by_row(rows: list[dict[str, object]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(["a", "b"], rows).decode(), newline="")))
    assert read[0] == ["a", "b"]
    assert len(read) == len(rows) + 1
    for row, cells in zip(rows, read[1:], strict=True):
        for value, cell in zip((row["a"], row["b"]), cells, strict=True):
            if isinstance(value, str):
                assert cell.removeprefix("'") == value.removeprefix("'")
                assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_only_a_download_has_the_mark_that_spreadsheets_need() -> None:
    rows = [{"a": "ü"}]
    assert as_csv(["a"], rows) == "a\r\nü\r\n".encode()
    assert as_download(["a"], rows) == b"\xef\xbb\xbf" + as_csv(["a"], rows)


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=5))
def test_json_is_what_was_there(rows: list[dict[str, object]]) -> None:
    assert json.loads(as_json(["a", "b"], rows)) == rows
    assert json.loads(as_json(["a", "b"], [{"a": 1}])) == [{"a": 1, "b": None}]
