"""The guides keep their word: the reference is the code's, the example runs, pages and alerts are all told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgewise.cli.statistics.pages import PAGES
from edgewise.questions import UNITS, load
from edgewise.questions.__main__ import reference
from edgewise.questions.boards.alerts import alerts
from questions.traffic import view
from store.engines import engine_at, put

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = (DOCS / "questions.md").read_text()


def test_the_reference_is_the_code_s() -> None:
    made = reference()
    assert QUESTIONS.endswith(made + "\n"), (
        "run `python -m edgewise.questions` and put it at the end of the page"
    )


def test_the_example_runs(tmp_path: Path, monkeypatch: Any) -> None:
    store = tmp_path / "examples/shop/.edgewise/store"
    store.mkdir(parents=True)
    with engine_at(store) as engine:
        put(engine, view(1, 0, "/lamp"), view(2, 0, "/lamp", country="FR"), stream="access")
    (store / "lock").touch()
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"^```python\n(.*?)^```", QUESTIONS, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(example, names)
    assert [(row["page"], row["page_views"]) for row in names["rows"]] == [("/lamp", 1)]


def test_every_question_is_whole() -> None:
    for name, asked in load().items():
        assert asked.name == name and asked.title and asked.description.endswith(".")
        assert asked.columns and {column.unit for column in asked.columns} <= set(UNITS)
        assert len({column.name for column in asked.columns}) == len(asked.columns)
        assert asked.sql.count("$top") == ("top" in {each.name for each in asked.parameters})


def test_pages_and_alerts_are_told() -> None:
    stats, dashboards = (DOCS / "stats.md").read_text(), (DOCS / "dashboards.md").read_text()
    for page, names in PAGES.items():
        (row,) = [line for line in stats.splitlines() if line.startswith(f"| `{page}` |")]
        assert re.findall(r"`(\w+)`", row)[1:] == list(names)
    for each in alerts():
        assert f"| {each.title} | {each.description} |" in dashboards
