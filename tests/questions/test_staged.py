"""How a staged change compares with what everybody meets: by what records say already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.questions import question
from questions.traffic import Site, run, site

PAGE = Path(__file__).parents[2] / "docs/deploy/staged.md"


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[Site]:
    """Twenty requests, of which two met version 8 on the staging distribution, and one of them failed."""
    edge: list[dict[str, Any]] = [
        run(
            number,
            number,
            trigger="origin-response",
            function_version="8" if number in (4, 14) else "7",
            distribution_id="E2STAGING" if number in (4, 14) else "E1PRIMARY",
            settings_hash="new" if number in (4, 14) else "old",
            status=502 if number == 14 else 200,
        )
        for number in range(1, 21)
    ]
    with site(tmp_path, edge=edge) as found:
        yield found


def test_the_versions_stand_side_by_side(tried: Site) -> None:
    rows = {row["version"]: row for row in tried.ask(question("versions"))}

    assert rows["7"]["requests"] == 18
    assert rows["7"]["error_percent"] == 0
    assert rows["8"]["requests"] == 2
    assert rows["8"]["error_percent"] == 50


def test_the_query_of_the_guide_tells_the_distributions_apart(tried: Site) -> None:
    (sql,) = re.findall(r'edgewise query "(.*?)"', PAGE.read_text(), re.DOTALL)

    rows = {row["distribution_id"]: row for row in tried.searcher.query(sql).rows}

    assert (rows["E1PRIMARY"]["runs"], rows["E1PRIMARY"]["errors"]) == (18, 0)
    assert (rows["E2STAGING"]["runs"], rows["E2STAGING"]["errors"]) == (2, 1)
    assert rows["E2STAGING"]["settings_hash"] == "new"
