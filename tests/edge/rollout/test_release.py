"""The document of the release: read as it is written, and refused as a whole if anything in it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import HandClock
from edge.rollout.site import RELEASE, document
from edgewise.edge.rollout.release import ReleaseError, parse_release

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "release.json").read_text())


@pytest.mark.parametrize("example", GOLDEN["documents"], ids=lambda example: example["name"])
def test_a_document_is_read_as_the_command_writes_it(example: dict[str, Any]) -> None:
    written = example["document"]
    release = parse_release(json.dumps(written))
    assert (release.name, release.state, release.weight) == (
        written["release"],
        written["state"],
        written["weight"],
    )
    assert (release.stable, release.new, release.off) == (written["stable"], written["new"], written["off"])
    assert (release.revision, release.drain_until) == (written["revision"], written["drain_until"])
    assert release.started == written["started"]
    evict = written["evict"] or {"version": "", "before": None}
    before = float("inf") if evict["before"] is None else evict["before"]
    assert (release.evict_version, release.evict_before) == (evict["version"], before)


@pytest.mark.parametrize("example", GOLDEN["malformed"], ids=lambda example: example["name"])
def test_a_malformed_document_is_refused(example: dict[str, str]) -> None:
    with pytest.raises(ReleaseError):
        parse_release(example["text"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "release/2"),
        ("release", "a.b"),
        ("release", ""),
        ("release", 7),
        ("stable", None),
        ("new", "v 2"),
        ("state", "paused"),
        ("state", ["ramping"]),
        ("weight", 100.1),
        ("weight", -1),
        ("weight", True),
        ("weight", "10"),
        ("weight", float("nan")),
        ("off", 0),
        ("off", None),
        ("revision", 1.0),
        ("revision", None),
        ("drain_until", "tomorrow"),
        ("started", "today"),
        ("evict", {"version": "v2"}),
        ("evict", {"version": "v2", "before": "now"}),
        ("evict", []),
    ],
)
def test_what_is_wrong_is_named(key: str, value: Any) -> None:
    with pytest.raises(ReleaseError, match=f"has no {key} that can be used"):
        parse_release(json.dumps(document(HandClock(), **{key: value})))


@pytest.mark.parametrize("key", ["schema", "release", "stable", "new", "state", "weight", "off", "revision"])
def test_nothing_that_is_needed_may_be_missing(key: str) -> None:
    partial = document(HandClock())
    del partial[key]
    with pytest.raises(ReleaseError, match=key):
        parse_release(json.dumps(partial))


def test_what_the_edge_does_not_need_is_not_looked_at() -> None:
    text = json.dumps(document(HandClock(), steps="?", since=None, more={"a": 1}))
    assert parse_release(text).name == RELEASE


@given(
    st.text(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5).map(json.dumps)
)
def test_any_other_text_is_refused_in_the_same_way(text: str) -> None:
    with pytest.raises(ReleaseError):
        parse_release(text)


def test_not_even_the_deepest_nesting_is_another_error() -> None:
    with pytest.raises(ReleaseError):
        parse_release("[" * 30_000)
