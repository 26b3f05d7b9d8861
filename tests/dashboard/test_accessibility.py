"""Accessibility by axe-core, where a copy of it is: AXE names the file `axe.min.js` of the npm package `axe-core`.

It is not kept here: it is larger than all of the dashboard.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from store.conftest import Server

AXE = Path(os.environ.get("AXE", "axe.min.js"))
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("AXE does not name axe-core's axe.min.js")
    return AXE.read_text(encoding="utf-8")


def problems(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
@pytest.mark.parametrize("view", ["overview", "live", "versions", "edge", "bots"])
def test_axe_finds_nothing(shop: Server, look: Any, axe: str, view: str, scheme: str, width: int) -> None:
    with look(shop, width, scheme) as looking:
        page = looking.open(f"?view={view}&range=7d&country=DE")
        assert not problems(page, axe)


def test_axe_finds_nothing_in_what_opens(shop: Server, look: Any, axe: str) -> None:
    with look(shop) as looking:
        page = looking.open("?view=errors&range=7d")
        page.get_by_role("button", name="Table").click()
        page.get_by_text("Export", exact=True).first.click()
        assert not problems(page, axe)
        page.get_by_text("Dates", exact=True).click()
        assert not problems(page, axe)
        looking.open("?view=live")
        page.locator("[data-request]").first.click()
        page.locator("dialog dd").first.wait_for()
        assert not problems(page, axe)


def test_axe_finds_nothing_on_the_page_of_an_empty_store(empty: Server, look: Any, axe: str) -> None:
    with look(empty) as looking:
        page = looking.open()
        page.get_by_text("The store is empty").wait_for()
        assert not problems(page, axe)
