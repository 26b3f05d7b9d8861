"""The table of the two versions: what it counts, and how that differs from what the judge says."""

from __future__ import annotations

from dataclasses import replace

from edgewise.cli.rollingout.picture import versions
from edgewise.rollout.evidence import Total
from rollout.traffic import RELEASE, evidence

WELL = replace(evidence(()), old=Total(90, 80, 90, p50_ms=12.0, p95_ms=120.0), new=Total(9, 8, 9))


def test_requests_without_an_answer_have_a_column_that_is_explained() -> None:
    bad = replace(WELL, new=Total(142, 41, 120, errors=51, unanswered=22, p50_ms=12.0, p95_ms=120.0))
    head, _, new, *notes = versions(RELEASE, bad).splitlines()
    assert head.split()[:5] == ["visitors", "asked", "answered", "unanswered", "errors"]
    assert new.split()[:6] == ["v2", "41", "142", "120", "22", "51"]
    assert max(map(len, (head, new))) <= 80
    assert notes == [
        "Unanswered: nothing but the origin can answer, and no record says that it has in 30 s.",
        "The table is of all requests; the judge counts a visitor's errors once, and not what he asks later.",
    ]


def test_where_nothing_is_wrong_there_is_nothing_to_explain() -> None:
    assert len(versions(RELEASE, WELL).splitlines()) == 3
