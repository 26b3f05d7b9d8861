"""The release document: what is written is read back, and what is none is refused with the field at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.rollout import DocumentError, Release, Step, parse
from edgewise.rollout.links import make_token, with_token
from edgewise.rollout.release import MOST_STEPS

GOLDEN = Path(__file__).parents[1] / "golden"
RELEASES = json.loads((GOLDEN / "release.json").read_text())
LINKS = json.loads((GOLDEN / "rollout-links.json").read_text())
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
TIMES = st.integers(0, 2**50)
RELEASE: st.SearchStrategy[Release] = st.builds(
    Release,
    release=NAMES,
    stable=st.just("v1"),
    new=st.just("v2"),
    state=st.sampled_from(["ramping", "frozen", "full", "draining", "done", "rolled-back"]),
    weight=st.floats(0, 100),
    steps=st.lists(st.builds(Step, st.floats(0, 100), st.floats(0, 1e6)), min_size=1, max_size=5).map(tuple),
    step=st.integers(0, MOST_STEPS),
    since=TIMES,
    started=TIMES,
    drain_until=st.none() | TIMES,
    evict=st.none(),
    reached=st.none() | st.floats(0, 100),
    off=st.booleans(),
    revision=st.integers(1, 2**40),
    reason=st.text(),
    by=st.text(),
)


@pytest.mark.parametrize("one", RELEASES["documents"], ids=lambda one: one["name"])
def test_documents_are_read_and_written_back(one: dict[str, Any]) -> None:
    text = json.dumps(one["document"])
    assert json.loads(parse(text).to_json()) == one["document"]


@pytest.mark.parametrize("one", RELEASES["malformed"], ids=lambda one: one["name"])
def test_what_is_none_is_refused(one: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        parse(one["text"])


@settings(deadline=None)
@given(RELEASE)
def test_any_release_comes_through_its_text(release: Release) -> None:
    assert parse(release.to_json()) == release


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5), st.data())
def test_any_value_in_any_place_is_read_or_refused_by_its_field(value: Any, data: st.DataObject) -> None:
    whole = dict(RELEASES["documents"][0]["document"])
    key = data.draw(st.sampled_from(sorted(whole)))
    whole[key] = value
    try:
        parse(json.dumps(whole))
    except DocumentError as error:
        assert key == "schema" or (error.key or "").startswith(key)


def test_fields_of_later_versions_are_left_alone() -> None:
    assert parse(json.dumps({**RELEASES["documents"][0]["document"], "later": 1})).state == "ramping"


@pytest.mark.parametrize("vector", LINKS["vectors"], ids=lambda each: each["token"])
def test_links_are_those_that_the_edge_takes(vector: dict[str, Any]) -> None:
    assert make_token(vector["key"], vector["version"], vector["expires"]) == vector["token"]
    rotated = json.dumps({"current": vector["key"], "next": "the next one, long enough"})
    assert make_token(rotated, vector["version"], vector["expires"]) == vector["token"]


def test_a_token_goes_into_the_query() -> None:
    assert with_token("https://shop.example", "1.v2.a") == "https://shop.example/?edgewise-version=1.v2.a"
    assert with_token("https://shop.example/a?b=1#c", "t").endswith("/a?b=1&edgewise-version=t#c")
