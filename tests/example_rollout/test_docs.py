"""docs/rollout.md says what the program does: its examples work, its tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgewise.edge.rollout.decision import REASONS
from edgewise.rollout.release import STATES
from edgewise.sessions import MemorySessions
from edgewise.site import load_site
from sessions.browser import ask

PAGE = (Path(__file__).parents[2] / "docs/rollout.md").read_text()
SITE = """
name = "shop"
[origins.v1]
domain = "v1.shop.test"
[origins.v2]
domain = "v2.shop.test"
[default]
origin = "v1"
"""


def block(language: str) -> str:
    (only,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(only)


def test_the_example_is_a_site_with_a_rollout(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE + block("toml"))
    rollout = load_site(tmp_path).rollout
    assert rollout is not None
    assert (rollout.stable, rollout.new, rollout.regions[0]) == ("v1", "v2", "us-east-1")


def test_the_example_of_an_app_keeps_a_basket() -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block("python"), "docs/rollout.md", "exec"), names)
    table = MemorySessions()
    names["app"].user_middleware[0].kwargs["store"] = table
    assert ask(names["app"], [], "/basket", "POST").status == 422
    answer = ask(names["app"], [], "/basket?item=lamp", "POST")
    assert answer.status == 200
    (row,) = table.rows.values()
    assert (row.version, row.data) == ("v2", '{"basket":["lamp"]}')


def test_every_reason_has_its_row() -> None:
    section = PAGE.split("## How a decision is made")[1].split("\n## ")[0]
    told = re.findall(r"^\|[^|]*\| `([a-z-]+)` \|", section, re.MULTILINE)
    assert sorted(told) == sorted(REASONS)


def test_every_state_has_its_row() -> None:
    section = PAGE.split("## The states of a release")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE) == list(STATES)
