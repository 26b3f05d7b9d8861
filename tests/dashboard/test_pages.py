"""The pages in a real browser: what a reader sees, chooses, and takes away."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dashboard.conftest import VIEWS, now
from store.conftest import Server

# How many points of a canvas are neither grey nor see-through: what is drawn, without axes and grid.
COLOURED = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue, alpha] = data.slice(at, at + 4);
        if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) found += 1;
    }
    return found;
}"""


def request(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "_timestamp": now(), "record_id": f"r{number}", "request_id": f"q{number}", "method": "GET",
        "host": "a.example", "path": f"/new/{number}", "status": 200, "duration_ms": 12.5, "result": "Miss",
        "country": "SE", **fields,
    }  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_something_and_fits_a_phone(shop: Server, look: Any, view: str) -> None:
    with look(shop, width=360, scheme="dark") as looking:
        page = looking.open(f"?view={view}&range=7d")
        assert page.locator("#views [aria-current]").count() == 1
        assert page.locator("tbody tr").count() > 0
        assert page.locator("#view .failed").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        looking.fine()


def test_the_numbers_are_those_of_the_questions(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?range=7d")
        query = page.evaluate(
            "performance.getEntriesByType('resource').map((e) => e.name).find((n) => n.includes('/overview?'))"
        )
        _, content = shop.request("GET", query.removeprefix(shop.url))
        row = json.loads(content)["rows"][0]
        shown = page.locator(".tile", has_text="Requests").locator(".value").inner_text()
        assert int(shown.replace(",", "")) == row["requests"] > 1000
        assert "UTC" in page.locator("#when").inner_text()


def test_a_row_is_a_filter_in_the_address_that_can_be_shared(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?view=countries&range=7d")
        page.get_by_role("button", name="Germany").first.click()
        looking.settle()
        assert "country=DE" in page.url
        assert "Germany" in page.locator(".chip").inner_text()
        first = page.locator("section.panel").first.locator("tbody tr")
        assert first.count() == 1
        page.get_by_role("link", name="Pages").click()
        looking.settle()
        assert "country=DE" in page.url and "view=pages" in page.url
        looking.open(page.url.removeprefix(shop.url + "/"))
        assert "Germany" in page.locator(".chip").inner_text()
        page.get_by_role("button", name=re.compile("Remove the filter")).click()
        looking.settle()
        assert "country" not in page.url
        page.go_back()
        looking.settle()
        assert "country=DE" in page.url
        looking.fine()


def test_the_period_and_the_comparison_are_in_the_address(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open()
        page.get_by_role("button", name="Last 7 days").click()
        page.get_by_role("button", name="Compare").click()
        looking.settle()
        assert page.url.endswith("?range=7d&compare=no")
        assert page.locator(".tile .change").count() == 0
        page.get_by_text("Dates", exact=True).click()
        page.get_by_label("From (UTC)").fill("2026-01-02T03:04")
        page.get_by_label("To (UTC)").fill("2026-01-01T00:00")
        page.get_by_role("button", name="Show", exact=True).click()
        assert page.get_by_text("The end must be after the beginning.").is_visible()
        page.get_by_label("To (UTC)").fill("2026-01-03T00:00")
        page.get_by_role("button", name="Show", exact=True).click()
        looking.settle()
        assert "from=2026-01-02T03%3A04&to=2026-01-03T00%3A00" in page.url
        page.get_by_role("button", name="Show all that there is").click()
        looking.settle()
        assert page.locator(".tile .value").first.inner_text() != "0"
        looking.fine()


def test_a_filter_that_makes_no_sense_is_told(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?view=errors&status=abc")
        note = page.locator("#view .note")
        assert " ".join(note.inner_text().split()) == "'abc' is no status Write 404, 4xx or unknown."
        assert page.locator("#view section").first.is_hidden(), "it is told once, not by every panel"
        page.get_by_role("button", name="Remove the filter").click()
        looking.settle()
        assert page.locator("#view section").first.is_visible()


def test_what_an_address_says_in_vain_is_told(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?period=bogus&view=nope&country=DE")
        notes = [each.inner_text() for each in page.locator("#view .note").all()]
        assert [re.findall("“(.*)”", note) for note in notes] == [["period=bogus"], ["view=nope"]]
        page.get_by_role("link", name="Pages").click()
        looking.settle()
        assert page.locator("#view .note").count() == 0
        looking.fine()


def test_live_shows_a_request_as_it_comes_and_stops_when_told(empty: Server, look: Any) -> None:
    with look(empty) as looking:
        page = looking.open("?view=live")
        page.get_by_text("No request in the last hour").wait_for()
        empty.post("access", [request(1, status=503)])
        page.get_by_role("button", name="/new/1").wait_for()
        assert page.locator("td.status-5").inner_text().endswith("503")
        page.get_by_role("button", name="Pause").click()
        empty.post("access", [request(2)])
        page.wait_for_timeout(1500)
        assert page.get_by_text("/new/2").count() == 0
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("/new/2").wait_for()
        page.get_by_role("searchbox").fill("nowhere")
        page.get_by_role("button", name="Find", exact=True).click()
        page.get_by_text("No request of the last hour has “nowhere” in its path").wait_for()
        page.get_by_role("searchbox").fill("new/2")
        page.keyboard.press("Enter")
        page.get_by_text("/new/2").wait_for()
        page.get_by_text("/new/1").wait_for(state="detached")
        looking.fine()


def test_one_record_opens_in_full_and_gives_the_focus_back(empty: Server, look: Any) -> None:
    empty.post("access", [request(1, user_agent="x" * 8000)])
    with look(empty) as looking:
        page = looking.open("?view=live")
        page.locator("[data-request]").focus()
        page.keyboard.press("Enter")
        page.get_by_text("x" * 8000).wait_for()
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert page.evaluate("document.activeElement.dataset.request") == "q1"
        looking.fine()


def test_the_first_requests_are_drawn_though_they_have_no_neighbour(empty: Server, look: Any) -> None:
    """Of a chart and of a small line; what was measured once is no line."""
    empty.post("access", [request(n, result="Hit") for n in range(3)])
    with look(empty) as looking:
        page = looking.open("?compare=no")
        for title in ("Cache hits", "Latency"):
            canvas = page.locator(f'section[aria-label="{title}"] canvas')
            assert canvas.evaluate(COLOURED) > 15, title
        line = page.locator(".tile", has_text="Cache hits").locator("polyline")
        assert line.evaluate("(line) => line.getTotalLength()") > 1
        assert page.locator(".tile dt").nth(2).inner_text() == "Visitors", "no full day, so no mean of days"
        looking.fine()


def test_columns_beyond_the_edge_are_announced_by_a_shadow(shop: Server, look: Any) -> None:
    with look(shop, width=360) as looking:
        page = looking.open("?view=latency")
        place = page.locator('section[aria-label="Latency by path"] .scroll')
        assert place.evaluate("(place) => place.scrollWidth > place.clientWidth")
        assert "gradient" in place.evaluate("(place) => getComputedStyle(place).backgroundImage")
        box = place.bounding_box()
        heads = place.locator("thead th button")
        edges = {head.inner_text(): head.bounding_box()["x"] for head in heads.all()}
        assert edges["p95"] < box["x"] + box["width"], "begins within the screen"
    with look(shop, width=1280) as looking:
        for view, title in (("latency", "What the cache did"), ("edge", "Execution environments")):
            page = looking.open(f"?view={view}")
            place = page.locator(f'section[aria-label="{title}"] .scroll')
            assert place.evaluate("(place) => place.scrollWidth <= place.clientWidth"), title


def test_an_empty_store_says_how_to_begin(empty: Server, look: Any) -> None:
    with look(empty) as looking:
        page = looking.open()
        page.get_by_text("The store is empty").wait_for()
        assert page.get_by_text("edgewise up", exact=True).is_visible()
        assert page.get_by_text("edgewise import").is_visible()
        looking.fine()


def test_a_chart_can_be_read_without_seeing_it(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?range=7d")
        page.locator(".plot").first.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        said = page.locator("#announcer")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d.* UTC: 2xx [\d,]+, 3xx .*", said.inner_text())
        page.get_by_role("button", name="Table").first.click()
        assert (
            page.locator("section.panel", has_text="By the class of the answer").locator("tbody tr").count()
            > 10
        )


def test_a_chart_and_a_table_can_be_taken_away(shop: Server, look: Any, tmp_path: Path) -> None:
    with look(shop) as looking:
        page = looking.open("?range=6h")
        panel = page.locator("section.panel", has_text="By the class of the answer")

        def taken(name: str) -> Path:
            panel.get_by_text("Export", exact=True).click()
            with page.expect_download() as download:
                panel.get_by_text(name).click()
            target = tmp_path / download.value.suggested_filename
            download.value.save_as(target)
            page.keyboard.press("Escape")
            return target

        page.locator(".legend", has_text="Period before").first.wait_for()
        svg = ElementTree.parse(taken("Picture as SVG")).getroot()
        assert [each.get("stroke-dasharray") for each in svg.findall("./{*}path")][-1], "in front of the bars"
        assert svg.tag.endswith("svg") and len(svg.findall(".//{*}path")) >= 4
        assert taken("Picture as PNG").read_bytes().startswith(b"\x89PNG")
        assert taken("Download CSV").read_text(encoding="utf-8-sig").startswith("time,requests,")
        assert json.loads(taken("Download JSON").read_bytes())[0]["requests"] > 0
        looking.fine()


def test_the_theme_is_chosen_and_kept(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?view=live")

        def back() -> str:
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        light = back()
        page.get_by_text("Theme", exact=True).click()
        page.get_by_role("button", name="Dark").click()
        dark = back()
        assert dark != light
        page.reload()
        looking.settle()
        assert back() == dark


def test_the_keyboard_reaches_the_content_first(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Shift+Tab")
        focused = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{focused}.outlineStyle") == "solid"
        assert page.evaluate(f"{focused}.outlineWidth") == "2px"


def test_the_focus_stays_where_it_was_or_goes_to_the_content(shop: Server, look: Any) -> None:
    with look(shop) as looking:
        page = looking.open("?view=countries&range=7d")
        focused = "document.activeElement.textContent"
        page.get_by_role("button", name="Last 24 hours").focus()
        page.keyboard.press("Enter")
        assert page.evaluate(focused) == "24h"
        assert "range" not in page.url  # the browser has told of it when the page has answered
        looking.settle()
        page.get_by_role("button", name="Germany").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_a_store_that_went_away_is_told_and_not_guessed(empty: Server, look: Any) -> None:
    with look(empty) as looking:
        page = looking.open("?view=pages")
        page.route("**/data/questions/**", lambda route: route.abort())
        page.get_by_role("button", name="Refresh").click()
        page.get_by_text("The store does not answer.").first.wait_for()
