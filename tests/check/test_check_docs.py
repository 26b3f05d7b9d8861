"""`docs/check.md` says what the rules are, and every rule has an id and a place of its own."""

from __future__ import annotations

import re
from pathlib import Path

from edgewise.check import RULES

PAGE = (Path(__file__).parents[2] / "docs/check.md").read_text(encoding="utf-8")


def test_every_rule_has_its_row_and_back() -> None:
    expected = []
    for rule in RULES:
        page = rule.source.rpartition("/")[2].removesuffix(".html")
        expected.append(f"| `{rule.id}` | {rule.level} | {rule.title} | [{page}]({rule.source}) |")
    assert [line for line in PAGE.splitlines() if line.startswith("| `EDGE")] == expected


def test_ids_are_unique_and_made_alike() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"EDGE[1-9]\d\d", each) for each in ids)
    assert all(re.fullmatch(r"[EWI]9[1-9]\d\d", rule.cfn_lint_id) for rule in RULES)


def test_titles_and_hints_read_alike() -> None:
    for rule in RULES:
        for text in (rule.title, rule.hint):
            assert text and not text.endswith("."), f"{rule.id}: {text}"
        assert "\n" not in rule.title and "|" not in rule.title
