"""Which behavior serves a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.behavior import matches, normalise, select
from edgewise.cdn.distribution import Behavior


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/images/*.jpg", "/images/a/b.jpg", True),
        ("images/*.jpg", "/images/a.jpg", True),
        ("/Images/*", "/images/a", False),
        ("/a?", "/ab", True),
        ("/a?", "/a", False),
        ("*.php", "/x/y.php", True),
        ("/a.c", "/abc", False),
        ("/api/*", "/api", False),
        ("*", "/", True),
    ],
)
def test_path_patterns(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/a/b/..", "/a/"),
        ("/a//b", "/a/b"),
        ("/a/./b/", "/a/b/"),
        ("/../a", "/a"),
        ("/a/../../b", "/b"),
        ("/..", "/"),
        ("/.hidden", "/.hidden"),
        ("/a..b", "/a..b"),
        ("/", "/"),
    ],
)
def test_paths_are_normalised_for_the_match(path: str, normal: str) -> None:
    assert normalise(path) == normal


@given(st.text("/.ab%2e", max_size=20).map(lambda text: f"/{text}"))
def test_a_normal_path_has_no_dot_segments_and_stays_as_it_is(path: str) -> None:
    normal = normalise(path)
    assert normal.startswith("/") and "//" not in normal
    assert not {".", ".."} & set(normal.split("/"))
    assert normalise(normal) == normal


def test_the_guides_example_of_dot_segments() -> None:
    behaviors = [Behavior("/a/b*", "o"), Behavior("/a*", "o"), Behavior("*", "o")]
    assert select(behaviors, "/a/b/..").pattern == "/a*"
    assert select(behaviors, "/a/bc").pattern == "/a/b*"
    assert select(behaviors, "/x").pattern == "*"
