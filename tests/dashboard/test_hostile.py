"""Records that want to be more than text, through a real browser: nothing runs, nothing is mangled, nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dashboard.conftest import VIEWS, now
from store.conftest import Server, serving

LONG = "L" * 8190
TEXTS = [
    "/<script>window.hacked=1;alert(1)</script>",
    '/"><img src=x onerror=window.hacked=1>',
    "/<svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "/{{constructor.constructor('window.hacked=1')()}}${window.hacked=1}",
    "/\x1b[31mred\x1b[0m\x07\x1b]0;title\x07",
    "/nul\x00byte\x01\x7f\x85",
    "/abc\u202egnp.exe\u2066\u2069",
    "/שלום/مرحبا",
    "=cmd|'/c calc'!A0",
    "+1+1",
    "@SUM(1)",
    "/new\r\nline\u2028",
    "/😀\u200d👩",
    "/" + LONG,
    "/a b&c=d?e#f%00%2e%2e",
]

FIELDS = (
    *("host", "path", "query", "user_agent", "referrer", "country", "device", "content_type"),
    *("version", "region", "failure"),
)


def records() -> Iterator[tuple[str, dict[str, Any]]]:
    for number, text in enumerate(TEXTS):
        # A host cannot have all of it, but whoever can write records can.
        everywhere = dict.fromkeys(FIELDS, text)
        common = {"_timestamp": now(), "request_id": f"q{number}", "client_ip": text, "method": text[:20]}
        yield (
            "access",
            {
                **{key: value for key, value in everywhere.items() if key not in ("version", "region", "failure")},
                **common, "record_id": f"a{number}", "status": 500 + number, "result": text, "edge_location": text,
                "duration_ms": 1.5, "content_type": "text/html", "referrer": f"https://{text}",
            },
        )  # fmt: skip
        seen = {
            **everywhere,
            **common,
            "request_id": f"p{number}",
            "record_id": f"p{number}",
            "agent": "person",
        }
        seen |= {"status": 200, "method": "GET", "content_type": "text/html", "referrer": f"https://{text}/x"}
        # None of it is a host, so that no referrer is shown; a campaign's tag may be anything.
        seen["query"] = f"utm_source={quote(text)}"
        yield (
            "access",
            {key: value for key, value in seen.items() if key not in ("version", "region", "failure")},
        )
        yield (
            "edge",
            {
                **everywhere, **common, "record_id": f"e{number}", "trigger": text, "environment_id": text,
                "function_version": text, "duration_ms": 1.0, "cold": True, "agent": text, "bot_reason": text,
                "browser": text, "os": text,
            },
        )  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hostile")) as server:
        for stream, record in records():
            assert server.post(stream, record)["successful"] == 1
        yield server


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_runs_and_nothing_breaks(hostile: Server, look: Any, view: str) -> None:
    with look(hostile, width=360) as looking:
        page = looking.open(f"?view={view}&range=1h")
        scripts = page.evaluate("document.scripts.length")
        assert page.locator("#view .failed").count() == 0
        assert page.locator("tbody tr").count() > 0
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("document.scripts.length") == scripts == 3
        assert page.locator("main img, main svg[onload], main iframe").count() == 0
        looking.fine()


def test_the_page_shows_what_was_sent_and_what_would_hide_as_escapes(hostile: Server, look: Any) -> None:
    with look(hostile) as looking:
        page = looking.open("?view=live")
        page.locator("[data-request]").first.wait_for()
        shown = page.locator("tbody").inner_text()
        for text in (
            TEXTS[0],
            "/\\x1b[31mred",
            "/abc\\u202egnp.exe\\u2066\\u2069",
            "שלום",
        ):
            assert text in shown
        assert not set(shown) & set("\x1b\x07\x00\u202e\u2066")
        looking.fine()


def test_one_record_in_full_has_all_of_the_text(hostile: Server, look: Any) -> None:
    with look(hostile) as looking:
        page = looking.open("?view=live")
        page.locator("[data-request='q14']").click()
        page.locator("dialog dd").first.wait_for()
        values = page.locator("dialog dd").all_inner_texts()
        assert values.count("/" + LONG) >= 3
        page.keyboard.press("Escape")
        page.locator("[data-request='q0']").click()
        page.locator("dialog dd").first.wait_for()
        assert TEXTS[0] in page.locator("dialog dd").all_inner_texts()
        looking.fine()


def test_a_hostile_row_is_a_filter_like_any_other(hostile: Server, look: Any) -> None:
    with look(hostile) as looking:
        for text in (TEXTS[0], TEXTS[5], TEXTS[9], TEXTS[15]):
            page = looking.open("?view=errors&range=1h")
            shown = text.replace("\x1b", "\\x1b").replace("\x07", "\\x07")
            page.locator(f"button.pick[title={json.dumps(shown)}]").first.click()
            looking.settle()
            assert page.locator(".chip").count() == 1
            assert page.locator("section.panel").last.locator("tbody tr").count() == 1
            # A picture for mail and tickets: the address alone brings it back.
            looking.open(page.url.removeprefix(hostile.url + "/"))
            assert page.locator("section.panel").last.locator("tbody tr").count() == 1
        looking.fine()


def test_an_export_has_no_formula(hostile: Server) -> None:
    _, content = hostile.request(
        "GET", f"/export/errors_by_path.csv?start={now() - 10**10}&end={now() + 10**10}&top=1000"
    )
    cells = content.decode("utf-8-sig")
    assert (
        "'=cmd|'/c calc'!A0" in cells
        and "\n=cmd" not in cells
        and "\n+1" not in cells
        and "\n@SUM" not in cells
    )


def test_the_report_is_text_only(hostile: Server, run_report: Any, chromium: Any, tmp_path: Path) -> None:
    out = run_report(hostile, tmp_path / "report.html", "--since", "1h")
    assert b"<script" not in out.read_bytes()
    troubles: list[str] = []
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.on("console", lambda message: troubles.append(message.text))
    page.on("request", lambda request: troubles.append(request.url) if request.url != out.as_uri() else None)
    page.goto(out.as_uri())
    assert TEXTS[0] in page.locator("body").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not troubles
    page.close()
