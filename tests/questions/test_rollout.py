"""The questions about a release, the same from every engine."""

from __future__ import annotations

from pathlib import Path

from edgewise.questions import question
from questions.traffic import MIDNIGHT, MINUTE, run, site

RELEASE = {"release": "2026-11-21-a1b2"}


def answer(number: int, minute: float, version: str, status: int, origin_ms: float) -> dict[str, object]:
    return run(number, minute, trigger="origin-response", version=version, status=status, origin_ms=origin_ms)


RECORDS = [
    run(1, 0, decision="no-state", version="v1"),
    run(2, 1, decision="weight", version="v1", **RELEASE),
    run(3, 2, decision="weight", version="v2", **RELEASE),
    run(4, 3, decision="cookie", version="v2", **RELEASE),
    run(5, 3, path="/not-steered"),
    answer(6, 1.5, "v1", 200, 10.0),
    answer(7, 2.5, "v2", 503, 30.0),
    answer(8, 3.5, "v2", 404, 20.0),
    run(9, 4, trigger="origin-response", status=200),
]


def test_versions_and_decisions(tmp_path: Path) -> None:
    with site(tmp_path, edge=RECORDS) as one:
        versions, decisions = question("rollout_versions"), question("rollout_decisions")
        assert one.ask_datafusion(decisions) == one.ask_athena(decisions) == one.ask(decisions)
        assert one.ask_athena(versions) == one.ask(versions)
        new, old = one.ask(versions)
        assert (old["version"], old["answers"], old["server_errors"], old["p95_ms"]) == ("v1", 1, 0, 10.0)
        assert (new["version"], new["answers"], new["server_errors"]) == ("v2", 2, 1)
        assert (new["error_percent"], new["client_errors"], new["p50_ms"]) == (50.0, 1, 25.0)
        assert [
            (row.get("release"), row["decision"], row["version"], row["requests"], row["percent"])
            for row in one.ask(decisions)
        ] == [
            ("2026-11-21-a1b2", "cookie", "v2", 1, 25.0),
            ("2026-11-21-a1b2", "weight", "v2", 1, 25.0),
            ("2026-11-21-a1b2", "weight", "v1", 1, 25.0),
            (None, "no-state", "v1", 1, 25.0),
        ]
        assert one.ask(decisions)[0]["last_seen"] == MIDNIGHT + 3 * MINUTE
