"""Every example in docs/edge.md and docs/memory.md runs, and the tables are the code's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.doubles import Context, load_event
from edgewise.edge import Edge
from edgewise.edge.record import BOOLEANS, FLOATS, INTEGERS, TEXT
from edgewise.store.derived import AGENT_COLUMNS
from edgewise.store.known import CONFLICTS, KNOWN_STREAMS, OVERFLOW

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "edge.md").read_text()
MEMORY = (ROOT / "docs" / "memory.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE + MEMORY, re.DOTALL | re.MULTILINE)


@pytest.fixture(params=range(len(EXAMPLES)), ids=lambda index: f"example {index + 1}")
def example(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that an example defines, run from the project's own folder."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(EXAMPLES[request.param], f"docs, example {request.param + 1}", "exec"), names)
    return names


def test_the_examples_run(example: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    tests: list[Callable[[], None]] = [value for name, value in example.items() if name.startswith("test_")]
    for test in tests:
        test()
    edge = example.get("handler", example.get("edge"))
    assert tests or isinstance(edge, Edge)
    if edge:
        for trigger in ("viewer-request", "origin-request", "origin-response", "viewer-response"):
            edge(load_event(trigger), Context())
        records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(record["trigger"], record["failed_steps"]) for record in records] == [
            ("viewer-request", 0),
            ("origin-response", 0),
        ]


def answer_of(example: int, trigger: str, **changes: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(EXAMPLES[example], names)
    event = load_event(trigger)
    event["Records"][0]["cf"]["request"].update(changes)
    answer: dict[str, Any] = names["edge"](event, Context())
    return answer


def test_the_examples_do_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    moved = answer_of(0, "viewer-request", uri="/catalogue/7")
    assert (moved["status"], moved["headers"]["location"][0]["value"]) == ("301", "/shop/7")
    assert "strict-transport-security" in answer_of(0, "viewer-response")["headers"]

    assert answer_of(1, "viewer-request")["headers"]["x-visitor-theme"][0]["value"] == "dark"
    assert answer_of(1, "viewer-request", headers={})["uri"] == "/shirts/17"

    wanted = {"x-version": [{"key": "X-Version", "value": "next"}]}
    rerouted = answer_of(2, "origin-request", headers=wanted)
    assert rerouted["origin"]["custom"]["domainName"] == rerouted["headers"]["host"][0]["value"]
    assert "set-cookie" not in answer_of(2, "viewer-response")["headers"]
    assert (
        "Max-Age=2592000" in answer_of(2, "viewer-response", headers={})["headers"]["set-cookie"][0]["value"]
    )


def test_the_table_of_fields_is_the_list_of_fields() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (integer|text|float|boolean) \|.*\| (\d*) ?\|$", PAGE, re.MULTILINE)
    documented = {name: (kind, limit) for name, kind, limit in rows}
    expected = {name: ("text", str(limit)) for name, limit in TEXT.items()}
    expected |= dict.fromkeys(INTEGERS, ("integer", ""))
    expected |= dict.fromkeys(FLOATS, ("float", "")) | dict.fromkeys(BOOLEANS, ("boolean", ""))
    expected |= {"truncated": ("text", "")}
    assert documented == expected


def test_the_store_has_a_column_for_every_field_from_the_start() -> None:
    kinds = dict.fromkeys((*TEXT, "truncated"), "text") | dict.fromkeys(INTEGERS, "int")
    kinds |= dict.fromkeys(FLOATS, "float") | dict.fromkeys(BOOLEANS, "bool")
    # The store's own: what follows from the user agent, and what its columns cannot hold.
    kinds |= dict.fromkeys((*AGENT_COLUMNS, CONFLICTS, OVERFLOW), "text")
    assert KNOWN_STREAMS["edge"] == kinds
