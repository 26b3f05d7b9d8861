"""The edge says of every user agent what `edgewise.agents` says: who is a person, and with which device."""

from __future__ import annotations

import json
import re
import runpy
from functools import cache

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.statistics.views import FIREFOX
from edgewise.agents import classify, devices, exported, is_person
from edgewise.edge.statistics.people import People
from support.shared import shared

PATTERNS = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
WORDS = (
    *(
        "Mozilla/5.0 ",
        "(",
        "Windows NT 10.0",
        "Android 9; ",
        "CUBOT",
        "bot",
        " Mobile",
        "iPad",
        "tv",
        "curl",
        ")",
    ),
    *(
        "Gecko/20100101 ",
        "Silk/",
        "Windows Phone",
        "KFTT",
        "Linux",
        "+http",
        "MIDP",
        "Chrome/1",
        "Tizen",
        "\x00",
    ),
)


@cache
def people() -> People:
    """Over the data as they are baked."""
    return People(json.loads(json.dumps(exported(names=False))))


def assert_the_same(user_agent: str) -> None:
    kinds = devices(user_agent) - {"android", "ios"}
    expected = {"smart-tv" if kind == "smarttv" else kind for kind in kinds}
    is_one, told = people().about(user_agent)
    assert (is_one, set(told)) == (is_person(user_agent), expected), user_agent


def test_of_every_crawler_of_the_list() -> None:
    instances = [each for entry in CRAWLER_USER_AGENTS_DATA for each in entry.get("instances", ())]
    assert len(instances) > 1000
    for user_agent in instances:
        assert_the_same(user_agent)
        assert_the_same(FIREFOX + user_agent)


def test_of_whatever_a_pattern_of_the_list_is_made_of() -> None:
    for pattern in PATTERNS:
        text = re.sub(r"[\\^$()|\[\]]", "", pattern)
        for user_agent in (text, f"{FIREFOX} {text}", f"{FIREFOX} cu{text}", f"x{text}x {FIREFOX}"):
            assert_the_same(user_agent)


@pytest.mark.parametrize("name", ["tools/gen_cloudfront_v1.py", "data/access-2015.log"])
def test_of_the_shared_corpora(name: str) -> None:
    file = shared(name)
    if file.suffix == ".py":
        table = next(
            v for v in runpy.run_path(str(file)).values() if isinstance(v, list) and "Mozilla" in str(v)
        )
        known = [str(row[-1]) for row in table]
    else:
        known = re.findall(r'"([^"]*)"$', file.read_text(errors="replace"), re.MULTILINE)
    assert len(known) > 10
    for user_agent in set(known):
        assert_the_same(user_agent)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(WORDS) | st.sampled_from(PATTERNS).map(lambda text: text.replace("\\", ""))).map(
        "".join
    )
    | st.text(alphabet=st.characters(exclude_categories=()))
    | st.text(min_size=500, max_size=600)
)
def test_of_any_text(user_agent: str) -> None:
    assert_the_same(user_agent)
    assert (classify(user_agent).kind == "person") == is_person(user_agent)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_of_what_matches_a_pattern(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(PATTERNS))
    assert_the_same(data.draw(st.from_regex(pattern)))


def test_a_header_as_long_as_all_of_them_is_judged_by_its_beginning() -> None:
    assert_the_same(f"{FIREFOX} {'x' * 8000} Googlebot/2.1")
    assert people().about("Googlebot/2.1 " + "x" * 8000)[0] is False
