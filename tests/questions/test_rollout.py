"""The questions about releases, the same from every engine."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edgewise.cli.statistics.pages import Report
from edgewise.cli.statistics.period import Period
from edgewise.cli.statistics.screen import show
from edgewise.questions import question
from questions.traffic import MIDNIGHT, MINUTE, run, site

FIRST, SECOND = "2026-11-20-ffff", "2026-11-21-a1b2"


def asked(number: int, minute: float, **more: Any) -> dict[str, object]:
    return run(number, minute, request_id=f"r{number}", **more)


def answer(
    number: int, minute: float, of: int, version: str, status: int, origin_ms: float, **more: Any
) -> dict[str, object]:
    """The origin's answer to the request of that number; a policy may keep the release from its record."""
    return run(
        number,
        minute,
        request_id=f"r{of}",
        trigger="origin-response",
        version=version,
        status=status,
        origin_ms=origin_ms,
        **more,
    )


RECORDS = [
    asked(1, 0, decision="no-state", version="v1"),
    answer(11, 0.5, 1, "v1", 500, 90.0),
    # A release that went back, and the next one on the same two versions.
    asked(2, 1, decision="weight", version="v2", release=FIRST),
    answer(12, 1.5, 2, "v2", 500, 70.0),
    asked(3, 2, decision="weight", version="v1", release=SECOND),
    asked(4, 3, decision="weight", version="v2", release=SECOND),
    asked(5, 4, decision="cookie", version="v2", release=SECOND),
    asked(6, 4, path="/not-steered"),
    answer(13, 2.5, 3, "v1", 200, 10.0),
    answer(14, 3.5, 4, "v2", 503, 30.0, release=SECOND),
    answer(15, 4.5, 5, "v2", 404, 20.0),
    run(16, 5, request_id="r6", trigger="origin-response", status=200),
    # Links only lead on: their records have the version of the function.
    asked(7, 1, decision="tester-link", version="1", release=FIRST),
    asked(8, 0, decision="tester-refused", version="1"),
]


def test_each_release_has_its_versions(tmp_path: Path) -> None:
    with site(tmp_path, edge=RECORDS) as one:
        versions = question("rollout_versions")
        rows = one.ask(versions)
        assert one.ask_athena(versions) == rows
        assert [
            (row.get("release"), row["version"], row["answers"], row["server_errors"]) for row in rows
        ] == [
            (SECOND, "v1", 1, 0),
            (SECOND, "v2", 2, 1),
            (FIRST, "v2", 1, 1),
            (None, "v1", 1, 1),
        ]
        assert (rows[0]["p95_ms"], rows[1]["p50_ms"]) == (10.0, 25.0)
        assert (rows[1]["error_percent"], rows[1]["client_errors"]) == (50.0, 1)


def test_each_release_has_its_decisions(tmp_path: Path) -> None:
    with site(tmp_path, edge=RECORDS) as one:
        decisions = question("rollout_decisions")
        rows = one.ask(decisions)
        assert one.ask_datafusion(decisions) == one.ask_athena(decisions) == rows
        assert [
            (row.get("release"), row["decision"], row.get("version"), row["requests"], row["percent"])
            for row in rows
        ] == [
            (SECOND, "cookie", "v2", 1, 33.33),
            (SECOND, "weight", "v1", 1, 33.33),
            (SECOND, "weight", "v2", 1, 33.33),
            (FIRST, "tester-link", None, 1, 50.0),
            (FIRST, "weight", "v2", 1, 50.0),
            (None, "no-state", "v1", 1, 50.0),
            (None, "tester-refused", None, 1, 50.0),
        ]
        assert rows[0]["last_seen"] == MIDNIGHT + 4 * MINUTE


@pytest.mark.parametrize("width", [80, 100])
def test_names_are_whole_on_a_narrow_terminal(width: int) -> None:
    times = {"first_seen": MIDNIGHT, "last_seen": MIDNIGHT + MINUTE}
    reasons = ("cookie", "earlier", "session-unknown", "tester-refused", "weight")
    numbers = {"answers": 1234, "server_errors": 3, "error_percent": 1.5, "p50_ms": 12.5, "p95_ms": 120.0}
    answers: dict[str, list[dict[str, Any]]] = {
        "overview": [{"requests": 1}],
        "rollout_decisions": [
            {"release": FIRST, "decision": each, "version": "v1", "requests": 1234, "percent": 12.5, **times}
            for each in reasons
        ],
        "rollout_versions": [
            {"release": each, "version": "v1", **numbers, "client_errors": 2, "p99_ms": 2000.0, **times}
            for each in (FIRST, SECOND, "2026-11-22-a", "2026-11-23-b", "2026-11-24-c")
        ],
    }
    screen = io.StringIO()
    show(Report("rollout", Period(0, MIDNIGHT), {}, answers), Console(file=screen, width=width))
    shown = screen.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count(FIRST) == len(reasons) + 1, shown
    assert all(shown.split().count(each) == 1 for each in (*reasons, SECOND, "2026-11-24-c")), shown
    assert shown.count("1,234") == 10 and shown.count("2,000 ms") == 5, shown
