"""Files of finished page views into the stream `page_views`: JSON lines and Parquet, once for each event."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgewise.logfiles.errors import FormatError
from edgewise.logfiles.views import read_file
from edgewise.questions import bound, question
from logfiles.samples import bring, line, log, rows

NOON = 1_795_262_400_000_000  # 2026-11-21 12:00:00 UTC
KEY = "page_views/view_date=2026-11-21/page-views-1"
SQL = "SELECT * FROM page_views ORDER BY event_id"


def view(number: int, **fields: Any) -> dict[str, Any]:
    """A finished page view of the noon of 2026-11-21."""
    return {
        "schema": "pageview/1",
        "event_id": f"e{number}==",
        "_timestamp": NOON + number * 1_000_000,
        "view_time": "2026-11-21T12:00:00.000Z",
        "view_date": "2026-11-21",
        "host": "shop.example",
        "page": "/a",
        "status": 200,
        "country": "DE",
        "country_name": "Germany",
        "device": "mobile",
        "referrer_host": None,
        "campaign_source": None,
        "campaign_medium": None,
        "campaign_name": None,
        "language": "de",
        "visitor": "v1",
        "entry": True,
    } | fields


def lines(*views: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in views)


def test_a_folder_of_views_is_imported_once(tmp_path: Path) -> None:
    folder = tmp_path / "files/view_date=2026-11-21"
    folder.mkdir(parents=True)
    (folder / "one").write_bytes(lines(view(1), view(2, device="bot", country=None)))
    (folder / "two.gz").write_bytes(
        gzip.compress(lines(view(2, device="bot", country=None), view(3, visitor="v2")))
    )
    store = tmp_path / "store"
    summary, _ = bring(store, tmp_path / "files")
    assert (summary.records, summary.bad, len(summary.files)) == (4, 0, 2)
    assert bring(store, tmp_path / "files")[0].skipped == 2
    found = rows(store, SQL)
    assert [row["record_id"] for row in found] == ["e1==", "e2==", "e2==", "e3=="]
    assert found[0] == {"record_id": "e1==", **{k: v for k, v in view(1).items() if v is not None}}
    # The event that is in both files is one view.
    (answer,) = rows(store, bound(question("overview"), {}, "page_views"))
    assert (answer["page_views"], answer["visitors"], answer["bot_requests"]) == (2, 2, 1)


def test_views_and_logs_go_their_ways_in_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "access.log").write_text(log(line(), line(x_edge_request_id="req-2")))
    (folder / "views.json").write_bytes(lines(view(1)))
    store = tmp_path / "store"
    summary, _ = bring(store, folder)
    assert (summary.records, len(summary.files)) == (3, 2)
    assert len(rows(store, "SELECT * FROM access")) == 2 and len(rows(store, SQL)) == 1
    assert bring(store, folder)[0].skipped == 2


def test_parquet_takes_the_date_of_its_key(tmp_path: Path) -> None:
    folder = tmp_path / "page_views/view_date=2026-11-21"
    folder.mkdir(parents=True)
    path = folder / "views.parquet"
    written = [{k: v for k, v in view(n).items() if k != "view_date"} for n in (1, 2)]
    pq.write_table(pa.Table.from_pylist([*written, {**written[0], "event_id": None}]), path)
    store = tmp_path / "store"
    summary, rejects = bring(store, tmp_path / "page_views")
    assert (summary.records, summary.bad) == (2, 1)
    assert rejects.shown == [f"{path}:3: event_id, page: no such value can be"]
    assert [row["view_date"] for row in rows(store, SQL)] == ["2026-11-21"] * 2
    records, bad = read_file(f"{KEY}.parquet", path.read_bytes())
    assert [each["view_date"] for each in records] == ["2026-11-21"] * 2 and len(bad) == 1


RAW = {"schema": "pageview/1", "event_id": "x", "_timestamp": NOON, "host": "h", "page": "/", "bot": True}


@pytest.mark.parametrize(
    ("given_line", "reason"),
    [
        (b"{broken", "no JSON"),
        (b"[]", "no page view"),
        (b'{"schema": "edge/1"}', "no page view"),
        (json.dumps(RAW).encode(), "not finished: without view_time, device"),
        (lines(view(1, event_id="")), "event_id"),
        (lines(view(1, page=None)), "page"),
        (lines(view(1, status="200")), "status: no such value can be"),
        (lines(view(1, status=2**63)), "status: no such value can be"),
        (lines(view(1, status=9999)), "status: no such value can be"),
        (lines(view(1, entry=1)), "entry: no such value can be"),
        (lines(view(1, _timestamp=1_795_262_400)), "the time is not a date"),
        (lines(view(1, _timestamp=True)), "_timestamp: no such value can be"),
        (lines(view(1, host="x" * 3000)), "host: no such value can be"),
    ],
)
def test_what_is_no_finished_view_is_told_by_its_line(tmp_path: Path, given_line: bytes, reason: str) -> None:
    path = tmp_path / "views.json"
    path.write_bytes(lines(view(7)) + given_line.rstrip(b"\n") + b"\n")
    summary, rejects = bring(tmp_path / "store", path)
    assert (summary.records, summary.bad) == (1, 1)
    assert rejects.shown[0].startswith(f"{path}:2: ") and reason in rejects.shown[0]


def test_a_broken_line_in_front_takes_no_view_along(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    path.write_bytes(b"{broken\n" + lines(view(7)))
    summary, rejects = bring(tmp_path / "store", path)
    assert (summary.records, summary.bad) == (1, 1)
    assert rejects.shown[0].startswith(f"{path}:1: ") and "no JSON" in rejects.shown[0]


def test_an_object_of_the_bucket_becomes_records() -> None:
    body = lines(view(1), view(2)) + b"nonsense\n"
    for name, content in (("", body), (".gz", gzip.compress(body))):
        records, bad = read_file(KEY + name, content)
        assert [each["record_id"] for each in records] == ["e1==", "e2=="]
        assert {k: v for k, v in records[0].items() if k != "record_id"} == view(1)
        assert [(one.line, one.text) for one in bad] == [(3, b"nonsense")]


@pytest.mark.parametrize(
    "body", [gzip.compress(b"x" * 100, mtime=0)[:-9], b"\x1f\x8bnothing", b"PAR1nothing"]
)
def test_an_object_that_is_damaged_is_said_to_be(body: bytes) -> None:
    with pytest.raises(FormatError):
        read_file(KEY, body)


def parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="none", use_dictionary=False)
    return file.getvalue()


PARQUET = parquet(pa.Table.from_pylist([view(1)]))


@given(st.lists(st.tuples(st.integers(4, len(PARQUET) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example([(PARQUET.index(b"shop.example"), 0xFF)])
@example([(len(PARQUET) - 9, 0xFF), (len(PARQUET) - 10, 0xFF)])
def test_damaged_parquet_is_read_or_said_to_be_damaged(places: list[tuple[int, int]]) -> None:
    body = bytearray(PARQUET)
    for place, byte in places:
        body[place] = byte
    with contextlib.suppress(FormatError):
        records, _ = read_file(KEY, bytes(body))
        assert all(each["record_id"] for each in records)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**31 - 1], pa.date32()),
        pa.array([2**62], pa.timestamp("ms")),
        functools.reduce(lambda inner, _: pa.ListArray.from_arrays([0, 1], inner), range(260), pa.array([1])),
        pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xff")),
    ],
    ids=["date", "time", "deep", "text"],
)
def test_parquet_with_a_value_that_is_none_is_damaged(tmp_path: Path, column: pa.Array) -> None:
    body = parquet(pa.Table.from_pylist([view(1)]).append_column("more", column))
    with pytest.raises(FormatError, match="not readable as Parquet"):
        read_file(KEY, body)
    # An import goes on with the other files.
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.parquet").write_bytes(body)
    (files / "b.json").write_bytes(lines(view(2)))
    summary, _ = bring(tmp_path / "store", files)
    assert (summary.records, list(summary.failed)) == (1, [str(files / "a.parquet")])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*view(1), "more"]), _JSON))
def test_any_value_is_a_record_or_told(changes: dict[str, Any]) -> None:
    records, bad = read_file(KEY, json.dumps(view(1) | changes).encode())
    assert len(records) + len(bad) == 1
    for each in records:
        assert each["record_id"] and each.keys() == {"record_id", *view(1)}
