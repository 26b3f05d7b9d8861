"""The very link that is printed, in a real browser: it opens the dashboard, and the key is seen nowhere after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from store.conftest import Server
from support.command import edgewise
from support.site import running


def opened(chromium: Any, link: str) -> list[str]:
    """Everything that an open page can tell of where it is and was, after it showed its numbers."""
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(link)
        page.locator(".tile .value, .start").first.wait_for()
        assert page.locator("#view .failed").count() == 0
        said = page.evaluate("[location.href, document.baseURI, document.referrer, document.cookie]")
        return [*map(str, said), *page.evaluate("performance.getEntries().map((each) => each.name)")]
    finally:
        context.close()


def test_the_printed_link_opens_the_dashboard(shop: Server, chromium: Any) -> None:
    link = edgewise("store", "link", "--store", str(shop.directory)).stdout.strip()
    told = opened(chromium, link)
    assert told[0] == f"{shop.url}/"
    assert not [each for each in told if "o2or_" in each]


def test_an_address_with_the_key_in_it_works_too(shop: Server, chromium: Any) -> None:
    """As a bookmark of it has it, or the store's own user and password."""
    link = edgewise("store", "link", "--store", str(shop.directory)).stdout.strip()
    assert opened(chromium, link.removesuffix("enter") + "?range=7d")


def test_the_link_of_up_opens_its_dashboard_and_can_be_printed_again(tmp_path: Path, chromium: Any) -> None:
    site = tmp_path / "site"
    assert edgewise("init", str(site)).returncode == 0
    with running(str(site), folder=tmp_path) as up:
        assert up.request("/")[0] == 200
        link = up.addresses["dashboard"]
        assert edgewise("store", "link").stdout.strip() == link, "from any folder, as its only run"
        assert opened(chromium, link)[0] == up.addresses["store"] + "/"
