"""Paths of pages become those of a bucket's files; files, and what is not ours to change, stay as they are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import ENVIRON, Context, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.edge.rewrite import rewritten
from edgewise.edge.statistics.page import page_name

EVERYWHERE = [["*", True]]
SOME = [["/api/*", False], ["docs/*", True], ["/?/x*", True], ["*", False]]


def asked_for(path: str, behaviors: Any = EVERYWHERE, index: str = "index.html", **request: Any) -> str:
    """The path that goes on to the cache."""
    edge = Edge({"rewrite": {"index": index, "behaviors": behaviors}}, write=Output(), environ=ENVIRON)
    event = load_event("viewer-request")
    event["Records"][0]["cf"]["request"] |= {"uri": path, **request}
    return str(edge(event, Context())["uri"])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/index.html"),
        ("/a", "/a/index.html"),
        ("/a/", "/a/index.html"),
        ("/a.b/c", "/a.b/c/index.html"),
        ("/a/index.html", "/a/index.html"),
        ("/fonts/inter.woff2", "/fonts/inter.woff2"),
        ("/site.webmanifest", "/site.webmanifest"),
        ("/.env", "/.env"),
        ("/a.", "/a."),
        ("/.well-known/security", "/.well-known/security"),
        ("/.well-known/", "/.well-known/"),
        ("/.well-known", "/.well-known"),
        ("/docs/.well-known/x", "/docs/.well-known/x/index.html"),
        ("/caf%C3%A9", "/caf%C3%A9/index.html"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert asked_for(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/docs/", "/docs/index.html"),
        ("/docs/a/b", "/docs/a/b/index.html"),
        ("/DOCS/a", "/DOCS/a"),
        ("/api/docs/a", "/api/docs/a"),
        ("/a/x", "/a/x/index.html"),
        ("/ab/x", "/ab/x"),
        ("/", "/"),
    ],
)
def test_the_first_behavior_that_matches_decides(path: str, expected: str) -> None:
    assert asked_for(path, SOME) == expected


def test_another_index() -> None:
    assert asked_for("/a/", index="start.htm") == "/a/start.htm"


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "get"])
def test_only_what_reads_is_rewritten(method: str) -> None:
    assert asked_for("/a/", method=method) == "/a/"
    assert asked_for("/a/", method="HEAD") == "/a/index.html"


def test_what_would_be_too_long_for_cloudfront_stays() -> None:
    path = "/" + "a" * 8_170
    assert asked_for(path, querystring="") == f"{path}/index.html"
    assert asked_for(path, querystring="b" * 20) == path


def test_the_authors_steps_see_the_viewers_path() -> None:
    edge = Edge({"rewrite": {"behaviors": EVERYWHERE}}, write=Output(), environ=ENVIRON)
    seen = []

    @edge.viewer_request
    def moved(request: Request) -> Any:
        seen.append(request.path)
        return request.redirect("/new/") if request.path == "/old" else None

    answers = []
    for path in ("/old", "/a"):
        event = load_event("viewer-request")
        event["Records"][0]["cf"]["request"]["uri"] = path
        answers.append(edge(event, Context()))
    assert seen == ["/old", "/a"]
    assert answers[0]["headers"]["location"][0]["value"] == "/new/"
    assert answers[1]["uri"] == "/a/index.html"


def test_the_behavior_is_that_of_the_path_as_the_visitor_asked_for_it() -> None:
    """CloudFront has chosen it before any step changes the path, and stays with it."""
    behaviors = [["/docs/*", True], ["*", False]]
    edge = Edge({"rewrite": {"behaviors": behaviors}}, write=Output(), environ=ENVIRON)

    @edge.viewer_request
    def move(request: Request) -> None:
        request.path = request.path.removeprefix("/docs") if request.path != "/guide" else "/docs/guide"

    found = {}
    for path in ("/docs/guide", "/guide"):
        event = load_event("viewer-request")
        event["Records"][0]["cf"]["request"]["uri"] = path
        found[path] = edge(event, Context())["uri"]
    assert found == {"/docs/guide": "/guide/index.html", "/guide": "/docs/guide"}


@given(
    st.text(alphabet="*?ab/", max_size=8),
    st.text(alphabet="ab/", max_size=12),
)
def test_a_pattern_matches_what_it_says(pattern: str, path: str) -> None:
    """As a plain reading of the guide does, which tries every place."""
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in "/" + pattern.lstrip("/"))
    is_its = re.fullmatch(expression, f"/{path}") is not None
    expected = rewritten(f"/{path}", "index.html") if is_its else f"/{path}"
    assert asked_for(f"/{path}", [["/" + pattern.lstrip("/"), True]]) == expected


def test_a_path_that_is_made_for_it_takes_no_longer() -> None:
    """With every place tried this would take years."""
    path = "/" + "ab" * 4_000
    assert asked_for(path, [["*a*b*a*b*a*b*a*b*.x", True], ["*", False]]) == path


def test_other_triggers_are_left_alone() -> None:
    edge = Edge({"rewrite": {"behaviors": EVERYWHERE}}, write=Output(), environ=ENVIRON)
    assert edge(load_event("origin-request"), Context())["uri"] == "/shirts/17"


@pytest.mark.parametrize(
    "rewrite",
    [
        {},
        {"behaviors": "*"},
        {"behaviors": [["*"]]},
        {"behaviors": [["*", 1]]},
        {"behaviors": EVERYWHERE, "index": "../secret"},
        {"behaviors": EVERYWHERE, "indices": "a"},
        [],
    ],
)
def test_settings_that_are_wrong_are_told_and_nothing_is_rewritten(rewrite: Any) -> None:
    output = Output()
    edge = Edge({"rewrite": rewrite}, write=output, environ=ENVIRON)
    assert "rewrite" in output.notes[0]
    assert edge(load_event("viewer-request"), Context())["uri"] == "/shirts/17"


@given(st.text(alphabet="/ab.%;", max_size=12))
def test_a_page_has_the_same_name_before_and_after(path: str) -> None:
    assert page_name(rewritten(f"/{path}", "index.html")) == page_name(f"/{path}")
