"""Two browsers in a release: each stays on its version with its files and its basket, until the release goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

from support.site import eventually

from .conftest import Tea
from .visitors import one_on_each

PAPER = {"v1": "rgb(246, 241, 228)", "v2": "rgb(16, 35, 31)"}
SESSION, RELEASE = "session", "edgewise-release"


class Browser:
    """Somebody's browser: cookies of its own, and a user agent by which the edge tells it from the others."""

    def __init__(self, context: Any, url: str) -> None:
        self.context = context
        self.url = url
        self.page = context.new_page()

    def go(self, path: str = "/") -> str:
        """Go to a page, and give its version."""
        self.page.goto(f"{self.url}{path}")
        version: str = self.page.text_content("#version")
        return version

    def open(self, path: str = "/") -> str:
        """The same of a page whose stylesheet has to be of its version."""
        version = self.go(path)
        paper = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == PAPER[version], f"a page of {version} with a stylesheet of the other version"
        return version

    def put(self, tea: str) -> None:
        with self.page.expect_navigation():
            self.page.click(f"button[value={tea}]")

    @property
    def basket(self) -> str | None:
        basket: str | None = self.page.text_content("#basket")
        return basket

    def cookie(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self.context.cookies() if each["name"] == name), None)


@pytest.fixture
def browser(chromium: Any, tea: Tea) -> Iterator[Callable[[], Browser]]:
    numbers = count(1)
    with ExitStack() as contexts:

        def fresh() -> Browser:
            agent = f"Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.{next(numbers)}"
            context = chromium.new_context(user_agent=agent)
            contexts.callback(context.close)
            context.set_default_timeout(20_000)
            return Browser(context, tea.url)

        yield fresh


def met(fresh: Callable[[], Browser], version: str) -> Browser:
    """A new visitor who met that version; fifty in a row on the other side do not happen by chance."""
    for _ in range(50):
        one = fresh()
        if one.open() == version:
            return one
    raise AssertionError(f"nobody meets {version}")


def test_two_browsers_stay_on_their_versions_until_one_goes_back(
    tea: Tea, browser: Callable[[], Browser]
) -> None:
    assert browser().open() == "v1"
    tea.rollout("start", "--steps", "50:1h")
    one_on_each(tea.up)  # the edge knows of it now
    ada, bo = met(browser, "v1"), met(browser, "v2")
    for one in (ada, bo):
        one.put("oolong")
        one.put("sencha")
        assert one.basket == "2"
        # Cookies of others, before and behind ours in the alphabet.
        one.page.evaluate("document.cookie = '_ga=1'; document.cookie = 'theme=dark'")
    for _ in range(5):
        assert (ada.open(), bo.open()) == ("v1", "v2")
    tea.rollout("set", "0")
    for _ in range(5):
        assert (ada.open(), bo.open()) == ("v1", "v2")
    for name in (SESSION, RELEASE):
        cookie = bo.cookie(name)
        assert cookie is not None
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        assert cookie["path"] == "/" and cookie["expires"] > 0
    session = bo.cookie(SESSION)

    tea.rollout("rollback")
    # Environments hear of it one after the other: until Bo has a page of version 1, his files may be of either.
    eventually(lambda: bo.go() == "v1", 60)
    assert [bo.open() for _ in range(3)] == ["v1"] * 3
    assert bo.basket == "2" and bo.cookie(SESSION) == session
    assert (ada.open(), ada.basket) == ("v1", "2")
    assert all(request["status"] < 500 for request in tea.up.events if request.get("event") == "request")


def test_a_tester_comes_by_a_link_and_stays(tea: Tea, browser: Callable[[], Browser]) -> None:
    link = tea.rollout("link", "v2").strip()
    tester = browser()
    assert tester.open(f"/{link[link.index('?') :]}") == "v2"
    assert tester.page.url == f"{tea.url}/"
    assert [tester.open() for _ in range(3)] == ["v2"] * 3
