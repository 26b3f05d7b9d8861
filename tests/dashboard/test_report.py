"""`edgewise report`: one file that says what the store knows and loads nothing."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cli.reporting.chart import Chart, Series, drawn, scale, ticks
from edgewise.cli.reporting.document import Content, document
from edgewise.cli.statistics.period import Period
from edgewise.questions import question
from store.conftest import Server
from support.command import edgewise


def test_the_report_says_what_the_questions_say(shop: Server, run_report: Any, tmp_path: Path) -> None:
    html = run_report(shop, tmp_path / "report.html", "--since", "7d").read_text()
    for heading in (
        "Top pages",
        "Countries",
        "Bots, with the reason",
        "Versions side by side",
        "crawler: Googlebot",
    ):
        assert heading in html
    (requests,) = re.findall(r'<dt>Requests</dt><dd class="value">([\d,]+)</dd>', html)
    asked = shop.rows("SELECT count(DISTINCT request_id) AS n FROM access")
    assert int(requests.replace(",", "")) == asked[0]["n"]
    assert html.count("<svg") == 2
    assert not re.search(r'(src|href|action)=|url\(|@import|<script|\son\w+="', html)
    assert "default-src &#x27;none&#x27;; style-src &#x27;sha256-" in html


def test_filters_hold_in_the_report_and_are_said(shop: Server, run_report: Any, tmp_path: Path) -> None:
    html = run_report(shop, tmp_path / "de.html", "--since", "7d", "--where", "country=DE").read_text()
    assert "only country = DE" in html
    assert re.search(r'<th scope="row">DE</th>', html) and not re.search(r'<th scope="row">JP</th>', html)


def test_an_empty_period_is_a_short_report(shop: Server, run_report: Any, tmp_path: Path) -> None:
    html = run_report(shop, tmp_path / "x.html", "--since", "2020-01-01", "--until", "2020-01-02").read_text()
    assert "No requests in this period. The newest request is of 20" in html and "<svg" not in html


def test_a_place_that_cannot_be_written_is_told(shop: Server, tmp_path: Path) -> None:
    done = edgewise("report", "--store", str(shop.directory), "--out", str(tmp_path / "no/such/folder.html"))
    assert done.returncode == 1
    assert "error[cli.report]" in done.stderr and "Traceback" not in done.stderr


def test_a_chart_stacks_bars_and_leaves_gaps_in_lines() -> None:
    bars = drawn(
        Chart("A", "count", 0, 60_000_000, [Series("a", "c1", [1, None]), Series("b", "c2", [2, 3])], True)
    )
    assert bars.count("<path") == 2 and "NaN" not in bars
    line = drawn(Chart("<b>", "ms", 0, 60_000_000, [Series("a", "c1", [1, None, 2])]))
    assert line.count("M") == 2 and "&lt;b&gt;" in line


def test_a_value_without_a_neighbour_is_a_point() -> None:
    line = drawn(Chart("A", "ms", 0, 60_000_000, [Series("a", "c1", [1, None, 2, 2])]))
    points, lines = (re.findall(rf'd="([^"]*)" class="line{kind} c1"', line) for kind in (" point", ""))
    assert points[0].count("h0") == 1 and lines[0].count("L") == 1


HOUR = 3_600_000_000
MIDNIGHT = 1_795_219_200_000_000  # 2026-11-21


@pytest.mark.parametrize(
    ("start", "hours", "names"),
    [
        (-147, 168, ["15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov"]),
        (-12, 24, ["12:00", "15:00", "18:00", "21:00", "21 Nov", "03:00", "06:00", "09:00"]),
        (-30, 48, ["18:00", "20 Nov", "06:00", "12:00", "18:00", "21 Nov", "06:00", "12:00"]),
        (0, 1, ["21 Nov", "00:10", "00:20", "00:30", "00:40", "00:50"]),
    ],
)
def test_the_axis_names_midnights_and_whole_hours(start: int, hours: int, names: list[str]) -> None:
    first = MIDNIGHT + start * HOUR
    assert [name for _, name in ticks(first, first + hours * HOUR)] == names


@given(st.integers(0, 2**51), st.integers(2_000_000, 20 * 366 * 24 * HOUR))
def test_an_axis_has_a_few_dates_and_none_twice(start: int, length: int) -> None:
    found = ticks(start, start + length)
    assert 1 <= len(found) <= 11
    assert all(start <= moment < start + length for moment, _ in found)
    if length < 300 * 24 * HOUR:
        assert all(a[1] != b[1] for a, b in pairwise(found))


def test_headings_and_cells_are_as_on_the_dashboard() -> None:
    """An error of which no function said anything has nothing there, and what a reader knows by its name keeps it."""
    rows = {
        "errors_by_path": [{"path": "/a", "status": 404, "requests": 1, "bots": 0, "last_seen": MIDNIGHT}],
        "systems": [{"page_views": 1, "visitors": 1, "requests": 1}],
        "latency_by_path": [{"path": "/a", "requests": 1, "p50_ms": 1.0}],
        "top_pages": [{"page": "/" + "x" * 60, "page_views": 1, "visitors": 1, "percent": 100.0}],
    }
    tables = [(question(name), each) for name, each in rows.items()]
    total = {"requests": 6200, "page_views": 4, "error_percent": 2.0}
    content = Content(
        Period(0, MIDNIGHT),
        {},
        MIDNIGHT,
        question("overview"),
        total,
        {"requests": 1, "error_percent": 1.0},
        (),
        tables,
    )
    html = document(content).decode()
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', html)
    assert {"p50", "p95", "OS", "Share"} <= set(heads) and not {"P50", "Os", "Percent"} & set(heads)
    assert "<td>–</td>" in html and html.count("(unknown)") == 1, "the failure, and the system"
    assert re.search(r'<th class="long" scope="row">/x+</th>', html), "only a long text may be broken"
    assert "▲" not in html and "too few requests to compare with" in html


def test_an_axis_has_round_marks_up_to_the_largest_value() -> None:
    assert scale(0) == [0, 1]
    assert scale(230) == [0, 100, 200, 300]
    for most in (0.3, 1, 7, 99, 101, 12_345, 1e9):
        marks = scale(most)
        assert marks[0] == 0 and marks[-1] >= most and 3 <= len(marks) <= 7
