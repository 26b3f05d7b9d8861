"""HTML from strangers' text: it can only ever be text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.control.html import h
from support.pages import Elements, assert_valid


@pytest.mark.parametrize(
    "wrong",
    [
        "<p><div></div></p>",
        "<tr></tr>",
        "<p>",
        "<b></p>",
        '<a href="#x">x</a>',
        "<input>",
        '<i id="a"></i><i id="a"></i>',
    ],
)
def test_a_page_that_is_not_valid_is_noticed(wrong: str) -> None:
    page = '<!DOCTYPE html><html lang="en"><body><h1>x</h1>%s</body></html>'
    assert_valid(page % "")
    with pytest.raises(AssertionError):
        assert_valid(page % wrong)


@given(st.text(), st.text())
def test_text_and_attributes_are_escaped(content: str, attribute: str) -> None:
    [(tag, attributes)] = Elements(h("a", content, href="/" + attribute)).found
    assert tag == "a" and list(attributes) == ["href"]


def test_text_that_turns_around_or_hides_is_shown() -> None:
    assert h("p", "a\u202eb\u200fc\x00\n") == r"<p>a\u202eb\u200fc\x00" + "\n</p>"
