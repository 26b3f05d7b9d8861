"""`edgewise stats` as people see it: wide, narrow, empty, compared, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edgewise.cli.statistics.figures import bar, change, figure, sparkline
from edgewise.cli.statistics.pages import PAGES, filters_of, gather, questions_of, recently
from edgewise.cli.statistics.period import period, written
from edgewise.cli.statistics.screen import show
from edgewise.questions import QuestionError, load
from edgewise.store import open_reader
from edgewise.store.search import Searcher
from questions.traffic import MINUTE, Row, classified, run, view
from store.engines import engine_at, put
from support.command import edgewise

EDGEWISE = [sys.executable, "-c", "from edgewise.cli.main import main; main()"]
HOSTILE = "=cmd|'/c calc'!A1\x1b[31m[bold]red\x9b0m"


def now() -> int:
    return time.time_ns() // 1000


def _requests() -> list[Row]:
    """Twelve page views, two errors and a bot within the last hour, and half of it in the hour before."""
    moment = now()
    rows = [
        view(n, 0, f"/page-{n % 3}", _timestamp=moment - (n + 1) * 4 * MINUTE, client_ip=f"192.0.2.{n % 4}")
        for n in range(12)
    ]
    rows += [
        view(20, 0, HOSTILE, _timestamp=moment - MINUTE, status=502, result="Error"),
        view(21, 0, "/none", _timestamp=moment - MINUTE, status=404, result="Error"),
        view(
            22, 0, "/page-1", _timestamp=moment - MINUTE, agent="bot", bot_reason="crawler: X", user_agent="X"
        ),
    ]
    earlier = [
        {**row, "_timestamp": row["_timestamp"] - 60 * MINUTE, "record_id": f"{n}:b", "request_id": f"b{n}"}
        for n, row in enumerate(rows[:6])
    ]
    return rows + earlier


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    with engine_at(folder) as engine:
        put(engine, *map(classified, _requests()), stream="access")
        put(engine, run(1, 0, _timestamp=now() - MINUTE, version="v2"), stream="edge")
    (folder / "lock").touch()
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    with engine_at(folder):
        (folder / "lock").touch()
    return folder


def stats(store: Path, *options: str, width: int = 100) -> subprocess.CompletedProcess[str]:
    return edgewise("stats", "--store", str(store), *options, columns=width)


def test_the_overview_shows_what_happened(filled: Path) -> None:
    shown = stats(filled, "--since", "1h", width=200)
    assert (shown.returncode, shown.stderr) == (0, "")
    for text in (
        "Page views",
        "Visitors  ",
        "Server errors",
        "Top pages",
        "/page-0",
        "Bots",
        "crawler: X",
    ):
        assert text in shown.stdout
    assert "404 /none" in shown.stdout and "502 =cmd" in shown.stdout
    assert "▲" not in shown.stdout and "Visitors a day" not in shown.stdout
    assert "\x1b" not in shown.stdout and "\\x1b[31m[bold]red\\x9b" in shown.stdout


def test_visitors_a_day_are_shown_when_there_was_a_full_day(filled: Path) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    whole = stats(filled, "--since", "2026-01-01", "--until", f"{tomorrow:%Y-%m-%d}").stdout
    assert "Visitors a day" in whole


def test_compared_with_the_time_before(filled: Path) -> None:
    shown = stats(filled, "--since", "1h", "--compare").stdout
    assert "compared with" in shown
    (figures,) = [line for line in shown.splitlines() if line.startswith("16 ")]
    assert "▲ 167 %" in figures, "16 requests after 6"
    assert "new" in shown, "an error that was not there before"


@pytest.fixture(scope="module")
def remembering(filled: Path) -> Iterator[Any]:
    """A reader that answers what it was asked before from memory: pages have many questions in common."""
    with engine_at(filled) as engine:
        searcher = Searcher(engine)
        yield SimpleNamespace(query=cache(searcher.query), hour=period("1h", None, now()))
        searcher.close()


@pytest.mark.parametrize("page", PAGES)
def test_no_line_is_wider_than_the_terminal(remembering: Any, page: str) -> None:
    report = gather(remembering, page, remembering.hour, {}, 5, compare=True)
    for width in (40, 60, 80, 96, 140, 220):
        out = io.StringIO()
        show(report, Console(file=out, width=width, highlight=False))
        lines = out.getvalue().splitlines()
        assert len(lines) > 3 and max(map(len, lines)) <= width


def test_an_empty_store_says_what_to_do(empty: Path, filled: Path) -> None:
    shown = stats(empty)
    assert shown.returncode == 0
    assert "No requests in this time." in shown.stdout and "edgewise up" in shown.stdout
    other_time = stats(filled, "--page", "errors", "--since", "2020-01-01", "--until", "2020-01-02").stdout
    assert "2020-01-01 to 2020-01-02 UTC" in other_time
    assert any(f"The newest request is of {day:%Y-%m-%d}" in other_time for day in _today())


def _today() -> tuple[datetime, datetime]:
    """Of what was stored a while ago, which may have been before midnight."""
    moment = datetime.now(UTC)
    return moment, moment - timedelta(hours=1)


def test_json_has_every_answer_of_the_page(filled: Path) -> None:
    whole = json.loads(stats(filled, "--page", "sources", "--since", "1h", "--json", "--compare").stdout)
    assert whole["answers"].keys() == {"overview", *PAGES["sources"]} == whole["before"].keys()
    assert whole["answers"]["overview"][0]["requests"] == 16
    assert whole["before"]["overview"][0]["requests"] == 6
    assert whole["end"] - whole["start"] == 60 * MINUTE
    options = ("--where", "status=5xx", "--where", "path=!/none")
    filtered = json.loads(stats(filled, "--page", "errors", "--json", *options).stdout)
    assert filtered["answers"]["overview"][0]["requests"] == 1
    assert filtered["filters"] == {"status": "5xx", "path": "!/none"}


def test_csv_is_one_table_without_formulas(filled: Path) -> None:
    text = stats(filled, "--csv", "--page", "errors").stdout
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == [column.name for column in load()["errors_by_path"].columns]
    assert sorted(row[0] for row in rows[1:]) == ["'" + HOSTILE, "/none"]


@pytest.mark.parametrize("page", ["bots", "versions", "cache_results", "errors"])
def test_a_table_has_no_more_rows_than_asked_for(filled: Path, page: str) -> None:
    rows = list(csv.DictReader(io.StringIO(stats(filled, "--csv", "--page", page).stdout)))
    assert len(rows) > 1
    cut = list(csv.DictReader(io.StringIO(stats(filled, "--csv", "--page", page, "--top", "1").stdout)))
    assert cut == rows[:1], "and the first column is called as it is"


def test_a_page_may_be_a_question(filled: Path) -> None:
    shown = stats(filled, "--page", "versions").stdout
    assert "Versions side by side" in shown and "v2" in shown
    assert "User agents" in stats(filled, "--page", "user_agents").stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--page", "paiges"), "Pages are overview"),
        (("--where", "colour=red"), "'colour=red' is no filter"),
        (("--where", "status=nope"), "'nope' is no status"),
        (("--since", "soon"), "is no time"),
        (("--since", "1h", "--until", "2h"), "the period ends before it begins"),
        (("--json", "--csv"), "choose one"),
    ],
)
def test_what_does_not_fit_is_said(filled: Path, options: tuple[str, ...], message: str) -> None:
    shown = stats(filled, *options, width=200)
    assert shown.returncode != 0
    assert message in shown.stderr and "Traceback" not in shown.stderr


def test_live_shows_it_again_and_ends_quietly(filled: Path) -> None:
    command = [*EDGEWISE, "stats", "--live", "--since", "1h", "--store", str(filled)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Top pages" in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=90)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert errors == ""


@pytest.fixture(scope="module")
def viewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _viewed_just_now(tmp_path_factory.mktemp("viewed"))


def _viewed_just_now(folder: Path) -> Path:
    """The finished page views of six minutes: of people, of a bot, and one that came twice."""
    moment = now()
    views = [
        {"schema": "pageview/1", "event_id": f"e{n}", "_timestamp": moment - (n + 1) * MINUTE, "host": "shop.example",
         "page": HOSTILE if n == 5 else f"/page-{n % 2}", "status": 200, "country": "DE", "visitor": f"v{n % 3}",
         "device": "bot" if n == 4 else "tablet", "language": "de", "referrer_host": "[bold]evil.example"}
        for n in (*range(6), 0)
    ]  # fmt: skip
    with engine_at(folder) as engine:
        put(engine, *views, stream="page_views")
    (folder / "lock").touch()
    return folder


# A page of few questions.
VIEWED = ("--source", "page-views", "--page", "sources")


def test_page_views_are_shown_as_far_as_they_know(viewed: Path) -> None:
    shown = stats(viewed, "--source", "page-views", "--since", "1h")
    assert (shown.returncode, shown.stderr) == (0, "")
    for text in (
        "page views of the site's statistics",
        "DE Germany",
        "tablet",
        "Languages",
        "[bold]evil.example",
    ):
        assert text in shown.stdout
    assert "\x1b" not in shown.stdout and "\\x1b[31m[bold]red" in shown.stdout
    for text in ("Requests", "Server errors", "From the cache", "Browsers", "bot "):
        assert text not in shown.stdout
    pages = stats(viewed, "--source", "page-views", "--since", "1h", "--page", "top_pages", "--csv").stdout
    assert [row["page_views"] for row in csv.DictReader(io.StringIO(pages))] == ["2", "2", "1"]
    table = stats(viewed, "--source", "page-views", "--since", "1h", "--page", "devices").stdout
    assert "requests" not in table and "bot" not in table
    whole = json.loads(stats(viewed, *VIEWED, "--since", "1h", "--json").stdout)
    assert whole["source"] == "page_views" and whole["answers"]["overview"][0]["page_views"] == 5


def test_what_page_views_do_not_know_is_said(viewed: Path, empty: Path, filled: Path) -> None:
    refused = stats(viewed, "--source", "page-views", "--page", "latency", width=200)
    assert refused.returncode == 1 and "page views know nothing of 'latency'" in refused.stderr
    assert "overview, pages, sources, visitors" in refused.stderr
    assert "No requests in this time." in stats(viewed, "--page", "versions").stdout
    for store in (empty, filled):
        nothing = stats(store, *VIEWED).stdout
        assert "No page views in this time." in nothing and "[statistics]" in nothing
    old = stats(viewed, *VIEWED, "--since", "2020-01-01", "--until", "2020-01-02").stdout
    assert any(f"The newest page view is of {day:%Y-%m}" in old for day in _today())
    nobody = stats(viewed, *VIEWED, "--where", "country=XX").stdout
    assert "No page views in this time." in nobody and "The newest" not in nobody
    refused = stats(viewed, "--source", "page-views", "--where", "browser=Firefox", width=200)
    assert refused.returncode == 1 and "page views know no browser" in refused.stderr


def test_live_says_what_the_last_minutes_brought(tmp_path: Path) -> None:
    reader = open_reader(_viewed_just_now(tmp_path))
    report = gather(reader, "overview", period("1h", None, now()), {}, 5, source="page_views")
    report.recent = recently(reader, report)
    reader.close()
    out = io.StringIO()
    show(report, Console(file=out, width=80, highlight=False))
    assert re.search(r"in the last 5 minutes [34] page views of 3 visitors", out.getvalue())


def test_periods() -> None:
    moment = int(datetime(2026, 11, 21, 8, 30, tzinfo=UTC).timestamp()) * 1_000_000
    for since, until, expected in [
        ("today", None, "2026-11-21 to 2026-11-21 08:30 UTC"),
        ("yesterday", "today", "2026-11-20 to 2026-11-21 UTC"),
        ("2026-11-01", "2026-11-02T06:00", "2026-11-01 to 2026-11-02 06:00 UTC"),
        ("2026-11-01T02:00+02:00", None, "2026-11-01 to 2026-11-21 08:30 UTC"),
        ("90m", None, "2026-11-21 07:00 to 2026-11-21 08:30 UTC"),
    ]:
        assert str(period(since, until, moment)) == expected
    week = period("7d", None, moment)
    assert week.before().end == week.start and str(week.before()).startswith("2026-11-07 08:30")
    with pytest.raises(typer.BadParameter):
        period("tomorrow", None, moment)


def test_pages_and_filters_are_checked_before_the_store_is_asked() -> None:
    assert [each.name for each in questions_of("sources")] == ["referrers", "campaigns"]
    assert filters_of(["path=/a=b", "country="]) == {"path": "/a=b", "country": ""}
    for wrong in ("path", "start=1", "x=1"):
        with pytest.raises(QuestionError):
            filters_of([wrong])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234, "count", "1,234"),
        (2.5, "count", "2.5"),
        (12_345_678, "count", "12.3M"),
        (999, "bytes", "999 B"),
        (1500, "bytes", "1.5 kB"),
        (741_000_000, "bytes", "741 MB"),
        (3e15, "bytes", "3,000.0 TB"),
        (9.94, "ms", "9.9 ms"),
        (326.4, "ms", "326 ms"),
        (12_345, "ms", "12 s"),
        (90.4, "s", "1 min 30 s"),
        (3.25, "percent", "3.2 %"),
        (None, "text", "(unknown)"),
        (None, "ms", "–"),
        ("a\x1b", "text", "a\\x1b"),
        (1_795_219_200_000_000, "time", "2026-11-21"),
    ],
)
def test_figures(value: Any, unit: str, text: str) -> None:
    assert figure(value, unit) == text


def test_every_unit_of_a_question_can_be_written() -> None:
    for asked in load().values():
        for column in asked.columns:
            assert figure("x" if column.unit == "text" else 1, column.unit)


@pytest.mark.parametrize(
    ("after", "before", "unit", "text"),
    [
        (110, 100, "count", "▲ 10 %"),
        (90, 100, "ms", "▼ 10 %"),
        (100, 100, "count", "= 0 %"),
        (5, 0, "count", "new"),
        (0, 0, "count", ""),
        (None, 5, "count", ""),
        (12.5, 11.0, "percent", "▲ 1.5 pt"),
        (500, 10, "count", "▲ 50×"),
        (5000, 10, "count", "new"),
    ],
)
def test_changes(after: Any, before: Any, unit: str, text: str) -> None:
    assert change(after, before, unit) == text


@given(st.lists(st.integers(0, 10**9), max_size=80))
def test_a_sparkline_has_a_mark_for_everything_that_was(values: list[int]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    assert [each != " " for each in line] == [value > 0 for value in values]
    if any(values):
        assert line[values.index(max(values))] == "█"


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 40))
def test_a_bar_stays_in_its_room(value: int, highest: int, width: int) -> None:
    assert len(bar(min(value, highest), highest, width)) <= width
    assert bar(highest, highest, width) == "█" * width


def test_moments_are_written_in_utc() -> None:
    assert written(1_795_219_200_000_000 + MINUTE) == "2026-11-21 00:01"


@pytest.fixture(autouse=True)
def no_store_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
