"""Which behavior serves a path, and what its patterns match; which names a distribution answers to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn import hosts
from edgewise.cdn.behavior import matches, normalise, select
from edgewise.cdn.distribution import Behavior, Distribution
from edgewise.cdn.policies import Selection


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
        ("/a**b", "/ab", True),
        ("/*/x/*", "/a/x/", True),
        ("/*ab*b", "/ab", False),
        ("/*a?*a", "/aba", True),
        ("/*a?*a", "/aa", False),
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


def simply(pattern: str, text: str) -> bool:
    """What a pattern means, told without any thought of the time that it takes."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(simply(pattern[1:], text[begin:]) for begin in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and simply(pattern[1:], text[1:])


@given(st.text("ab?*.", max_size=8), st.text("ab.\n", max_size=10))
def test_a_pattern_matches_what_it_says(pattern: str, text: str) -> None:
    assert matches(f"/{pattern}", f"/{text}") is simply(pattern, text)
    assert Selection("patterns", frozenset({pattern, "other"})).takes(text) is simply(pattern, text)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("pattern", ["/" + "*a" * 127, "*" * 255 + "b", "/" + "*a?" * 84 + "b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    # With a matcher that tries every way these would outlast the universe.
    assert not matches(pattern, "/" + "a" * 8_000 + "c")
    assert not Selection("patterns", frozenset({pattern})).takes("a" * 8_000 + "c")


SHOP = Distribution("d", "d111.cloudfront.net", (), {}, {}, aliases=("shop.example.com", "*.example.org"))


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "localhost:8080", "LOCALHOST.", "a.localhost", "my_app.localhost:1", "localhost:"),
        *("d111.cloudfront.net", "shop.example.com:443", "a.example.org", "a.b.example.org"),
        *("127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8080"),
    ],
)
def test_names_that_are_served(host: str) -> None:
    assert hosts.is_served(host, SHOP)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "example.org",
            "evil.example/.localhost",
            "evil.example\\.localhost",
            "a b.localhost",
        ),
        *(
            "evil.example#.example.org",
            "evil.example?a.example.org",
            "u@a.localhost",
            ".localhost",
            "a..localhost",
        ),
        *("localhost:80:80", "localhost:x", "localhost:123456", "[::1", "::1]", "[::1%/evil]", "[localhost]"),
        *("caf\xe9.localhost", "localhost\t.localhost", "/"),
    ],
)
def test_names_that_are_not_served(host: str) -> None:
    assert not hosts.is_served(host, SHOP)
    assert repr(host) in hosts.why_not(host, SHOP)
