"""`edgewise report`: one file that says what the store knows and loads nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgewise.cli.reporting.chart import Chart, Series, drawn, scale
from store.conftest import Server


def test_the_report_says_what_the_questions_say(
    shop: Server, run_report: Any, run_cli: Any, tmp_path: Path
) -> None:
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
    assert "No requests in this period." in html and "<svg" not in html


def test_a_place_that_cannot_be_written_is_told(shop: Server, tmp_path: Path, run_cli: Any) -> None:
    done = run_cli("report", "--store", str(shop.directory), "--out", str(tmp_path / "no/such/folder.html"))
    assert done.returncode == 1
    assert "error[cli.report]" in done.stderr and "Traceback" not in done.stderr


def test_a_chart_stacks_bars_and_leaves_gaps_in_lines() -> None:
    bars = drawn(
        Chart("A", "count", 0, 60_000_000, [Series("a", "c1", [1, None]), Series("b", "c2", [2, 3])], True)
    )
    assert bars.count("<path") == 2 and "NaN" not in bars
    line = drawn(Chart("<b>", "ms", 0, 60_000_000, [Series("a", "c1", [1, None, 2])]))
    assert line.count("M") == 2 and "&lt;b&gt;" in line


def test_an_axis_has_round_marks_up_to_the_largest_value() -> None:
    assert scale(0) == [0, 1]
    assert scale(230) == [0, 100, 200, 300]
    for most in (0.3, 1, 7, 99, 101, 12_345, 1e9):
        marks = scale(most)
        assert marks[0] == 0 and marks[-1] >= most and 3 <= len(marks) <= 7
