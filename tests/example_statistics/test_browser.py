"""A browser reads the walking guide, and every page that it showed is counted once."""

from __future__ import annotations

from typing import Any

from example_statistics.conftest import Guide
from support.site import eventually


def test_every_page_that_a_browser_shows_is_counted_once(guide: Guide, chromium: Any) -> None:
    context = chromium.new_context(locale="fr-CA")
    page = context.new_page()
    ids: list[str] = []
    page.on(
        "response",
        lambda answer: (
            ids.append(answer.headers["x-amz-cf-id"]) if answer.request.resource_type == "document" else None
        ),
    )
    page.goto(guide.up.addresses["url"])
    for link in ("Paths", "The ridge", "The hut", "About"):
        page.get_by_role("link", name=link, exact=True).first.click()
        page.wait_for_load_state()
    context.close()
    eventually(lambda: len(ids) >= 5)
    views = guide.views(*ids)
    assert [view["page"] for view in views] == ["/", "/paths", "/paths/ridge", "/places/hut.html", "/about"]
    assert [view["entry"] for view in views] == [True, False, False, False, False]
    assert {view["language"] for view in views} == {"fr"}
    assert len({view["visitor"] for view in views}) == 1
