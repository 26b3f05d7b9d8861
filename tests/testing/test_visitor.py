"""A visitor of a test keeps, sends back and drops cookies as a browser does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgewise.site import create_site
from edgewise.testing import EdgeSite, FakeOrigin, Reply, run_site


@pytest.fixture(scope="module")
def origin() -> Iterator[FakeOrigin]:
    with FakeOrigin() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, origin: FakeOrigin) -> Iterator[EdgeSite]:
    folder = tmp_path_factory.mktemp("cookies") / "notes"
    create_site(folder)
    with run_site(folder, origins={"app": origin}) as running:
        yield running


def set_cookies(origin: FakeOrigin, *lines: str) -> None:
    origin.replies["/set"] = Reply(headers=[("Set-Cookie", line) for line in lines])


@pytest.mark.parametrize("pair", ['prefs={"a":1}', "a[b]=1", "u=h\xe9", 'q="quoted"', "e=", "t=a=b", "s=a b"])
def test_whatever_a_cookie_holds_comes_back_as_it_was(site: EdgeSite, origin: FakeOrigin, pair: str) -> None:
    set_cookies(origin, f"{pair}; Path=/; Secure")
    visitor = site.visitor()
    visitor.get("/set")
    assert visitor.cookies == dict([pair.split("=", 1)])
    visitor.get("/back")
    assert origin.received[-1].headers["cookie"] == pair


@pytest.mark.parametrize(
    "attributes",
    [
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=/",
        "Max-Age=0",
        "Max-Age=-1",
        "Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ],
)
def test_a_cookie_that_is_over_is_dropped(site: EdgeSite, origin: FakeOrigin, attributes: str) -> None:
    visitor = site.visitor()
    set_cookies(origin, "sid=abc", "other=1")
    visitor.get("/set")
    set_cookies(origin, f"sid=; {attributes}", f"never=; {attributes}")
    visitor.get("/set")
    assert visitor.cookies == {"other": "1"}


@pytest.mark.parametrize(
    "attributes",
    [
        "Max-Age=60",
        "Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        "Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires=soon",
        "Max-Age=long",
    ],
)
def test_any_other_is_kept(site: EdgeSite, origin: FakeOrigin, attributes: str) -> None:
    set_cookies(origin, f"sid=abc; {attributes}", "nameless", "=1")
    visitor = site.visitor()
    visitor.get("/set")
    assert visitor.cookies == {"sid": "abc"}


@pytest.mark.parametrize(
    ("attributes", "goes", "stays"),
    [
        ("Path=/account", ["/account", "/account/x?y=/", "/account/"], ["/", "/accounts", "/a"]),
        ("path=/account/; Secure; Domain=shop.example.com", ["/account/x"], ["/account", "/"]),
        ("Path=none", ["/", "/anything"], []),
    ],
)
def test_a_cookie_goes_where_its_path_says(
    site: EdgeSite, origin: FakeOrigin, attributes: str, goes: list[str], stays: list[str]
) -> None:
    set_cookies(origin, f"sid=abc; {attributes}")
    visitor = site.visitor()
    visitor.get("/set")
    for path in (*goes, *stays):
        visitor.get(path)
        assert ("cookie" in origin.received[-1].headers) == (path in goes), path


def test_a_cookie_without_a_path_is_of_the_folder_that_gave_it(site: EdgeSite, origin: FakeOrigin) -> None:
    origin.replies["/shop/cart/add"] = Reply(headers=[("Set-Cookie", "cart=1")])
    visitor = site.visitor()
    visitor.get("/shop/cart/add?item=/a/b")
    for path, is_sent in (("/shop/cart", True), ("/shop/cart/show", True), ("/shop", False)):
        visitor.get(path)
        assert ("cookie" in origin.received[-1].headers) == is_sent, path


def test_a_cookie_is_over_by_the_clock_of_the_site(site: EdgeSite, origin: FakeOrigin) -> None:
    visitor = site.visitor()
    set_cookies(origin, "a=1; Max-Age=60", "b=2", f"c=3; Max-Age={'9' * 5_000}")
    visitor.get("/set")
    visitor.get("/back")
    assert origin.received[-1].header("cookie") == "a=1; b=2; c=3"
    site.clock.move(61)
    visitor.get("/back")
    assert origin.received[-1].header("cookie") == "b=2; c=3" and "a" not in visitor.cookies
    set_cookies(origin, f"c=3; Max-Age=-{'9' * 5_000}")
    visitor.get("/set")
    assert visitor.cookies == {"b": "2"} and repr(visitor.cookies) == "{'b': '2'}"


def test_cookies_of_one_name_and_several_paths_are_several(site: EdgeSite, origin: FakeOrigin) -> None:
    visitor = site.visitor()
    set_cookies(origin, "p=root; Path=/", "p=deep; Path=/deep")
    visitor.get("/set")
    for path, sent in (("/", "p=root"), ("/deep/er", "p=deep; p=root")):
        visitor.get(path)
        assert origin.received[-1].header("cookie") == sent
    assert visitor.cookies["p"] == "deep" and len(visitor.cookies) == 1
    set_cookies(origin, "p=; Max-Age=0; Path=/deep")
    visitor.get("/set")
    assert visitor.cookies == {"p": "root"}
    del visitor.cookies["p"]
    with pytest.raises(KeyError):
        del visitor.cookies["p"]
    assert "p" not in visitor.cookies


def test_only_the_same_path_deletes_a_cookie(site: EdgeSite, origin: FakeOrigin) -> None:
    visitor = site.visitor()
    set_cookies(origin, "sid=abc; Path=/account", "sid=; Max-Age=0; Path=/", "set-by-hand=1")
    visitor.get("/set")
    assert "sid" in visitor.cookies
    visitor.cookies["by-hand"] = "1"
    set_cookies(origin, "sid=; Max-Age=0; Path=/account", "by-hand=; Max-Age=0")
    visitor.get("/set")
    assert visitor.cookies == {"set-by-hand": "1"}
    visitor.cookies["set-by-hand"] = "2"
    visitor.get("/")
    assert origin.received[-1].header("cookie") == "set-by-hand=2"


def test_a_visitor_with_an_unknown_option_is_refused(site: EdgeSite) -> None:
    with pytest.raises(TypeError, match="'contry' is no option of a request: they are headers, country"):
        site.visitor(contry="JP")  # type: ignore[call-arg]
