"""What the edge is given of the rules: small, and no text is looked for without which a pattern could match."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgewise.agents import exported
from edgewise.agents.export import needed_texts


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("Googlebot\\/", [("Googlebot/", True)]),
        ("^curl", [("curl", False)]),
        ("[wW]get", [("get", False)]),
        ("AdsBot-Google([^-]|$)", [("AdsBot-Google", False)]),
        ("(^| )sentry\\/", [("sentry/", False)]),
        ("Chirp|gotosocial", [("Chirp", True), ("gotosocial", True)]),
        ("SSL Labs \\(https", [("SSL Labs (https", True)]),
        ("ab?cde", [("cde", False)]),
        ("abc+d", [("abc", False)]),
        ("abc{2}", [("ab", False)]),
        ("a.b\\d", [("a", False)]),
        ("[]a]bcd", [("bcd", False)]),
        ("(?i)bot", [("", False)]),
        ("((a)b)c", [("", False)]),
        ("", [("", True)]),
    ],
)
def test_the_text_without_which_a_pattern_cannot_match(pattern: str, texts: list[tuple[str, bool]]) -> None:
    assert needed_texts(pattern) == texts


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "bc",
                ".",
                "\\.",
                "\\d",
                "[xy]",
                "[^z]",
                "(k|l)",
                "(mn)",
                "a?",
                "b*",
                "c+",
                "d{2}",
                "|",
                "^",
                "$",
            ]
        ),
        max_size=6,
    ).map("".join),
    st.data(),
)
def test_what_matches_a_pattern_has_one_of_its_texts(pattern: str, data: st.DataObject) -> None:
    compiled = re.compile(pattern)
    text = data.draw(st.from_regex(compiled) | st.text(alphabet="abcdxyzklmn.1 ", max_size=8))
    assume(compiled.search(text))
    assert any(needed in text for needed, _ in needed_texts(pattern))


def test_what_is_baked_is_json_of_a_size_that_costs_nothing_to_read() -> None:
    assert len(json.dumps(exported(names=False))) < 32 * 1024
    with_names = exported(names=True)
    assert with_names["countries"]["CI"] == "Côte d’Ivoire"
    assert "countries" not in exported(names=False)


def test_nearly_every_pattern_is_found_by_a_text() -> None:
    assert len(exported(names=False)["expressions"]) < 10
