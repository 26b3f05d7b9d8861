"""What a page is and what a request says of where its visitor comes from: golden cases, and any text at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.agents.pages import PAGE
from edgewise.edge.statistics.finish import finish
from edgewise.edge.statistics.page import (
    campaign,
    cut,
    is_page,
    language,
    page_name,
    referrer_host,
    site_host,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "page-views.json").read_text())
NAMES = {"DE": "Germany", "CI": "Côte d’Ivoire"}
ANYTHING = st.text(alphabet=st.characters(exclude_categories=())) | st.text(
    alphabet="/.;:@?#&=%+[]utm_www\0é"
)


def ids(case: dict[str, Any]) -> str:
    return " ".join(str(value) for value in case.values())[:60]


@pytest.mark.parametrize("case", GOLDEN["is_page"], ids=ids)
def test_what_a_page_is_at_the_edge(case: dict[str, Any]) -> None:
    assert is_page(case["method"], case["status"], case["content_type"], case["path"]) is case["is_page"]


def test_what_a_page_is_in_sql() -> None:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE r (method TEXT, status INT, content_type TEXT, path TEXT, n INT)")
        for number, case in enumerate(GOLDEN["is_page"]):
            row = [case["method"], case["status"], case["content_type"], case["path"], number]
            database.execute("INSERT INTO r VALUES (?, ?, ?, ?, ?)", row)
        found = [row[0] for row in database.sql(f"SELECT {PAGE} FROM r ORDER BY n").fetchall()]
    assert found == [case["is_page"] for case in GOLDEN["is_page"]]


@pytest.mark.parametrize("case", GOLDEN["page"], ids=ids)
def test_a_page_has_one_name(case: dict[str, Any]) -> None:
    assert page_name(case["path"]) == case["page"]


@pytest.mark.parametrize("case", GOLDEN["referrer"], ids=ids)
def test_where_a_visitor_was_before(case: dict[str, Any]) -> None:
    found, own = referrer_host(case["referrer"] or ""), site_host(case["host"])
    assert (None if found == own else found, found != own) == (case["referrer_host"], case["entry"])


@pytest.mark.parametrize("case", GOLDEN["campaign"], ids=ids)
def test_campaigns(case: dict[str, Any]) -> None:
    expected = {name: value for name, value in case.items() if name != "query" and value is not None}
    assert campaign(case["query"]) == expected


@pytest.mark.parametrize("case", GOLDEN["language"], ids=ids)
def test_languages(case: dict[str, Any]) -> None:
    assert language(case["accept_language"] or "") == case["language"]


@pytest.mark.parametrize("case", GOLDEN["finished"], ids=lambda case: str(case["finished"]["device"]))
def test_a_finished_view_has_all_keys_in_their_order(case: dict[str, Any]) -> None:
    assert json.dumps(finish(case["raw"], NAMES)) == json.dumps(case["finished"])


@given(ANYTHING)
def test_a_name_of_a_page_is_short_and_has_no_slash_at_its_end(path: str) -> None:
    name = page_name(f"/{path}")
    assert name == "/" or not name.endswith("/")
    assert name.startswith("/")
    assert ";" not in name
    assert len(name.encode()) <= 1024


@given(ANYTHING)
def test_a_referrer_is_a_host_or_nothing(referrer: str) -> None:
    host = referrer_host(referrer)
    assert host is None or set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")


@given(st.lists(st.tuples(st.sampled_from(("utm_source", "utm_medium", "utm_campaign", "q")), ANYTHING)))
def test_campaigns_are_short_text_whatever_the_query(tags: list[tuple[str, str]]) -> None:
    for value in campaign("&".join(f"{name}={value}" for name, value in tags)).values():
        assert 0 < len(value.encode()) <= 128


@given(st.text(min_size=1, max_size=60))
def test_a_campaign_is_read_as_it_was_written(text: str) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "replace"))
    expected = cut(text.encode("utf-8", "replace").decode().strip(" "), 128)
    assert campaign(f"utm_source={encoded}") == ({"campaign_source": expected} if expected else {})


@given(ANYTHING)
def test_a_language_is_a_short_word(accepted: str) -> None:
    found = language(accepted)
    assert found is None or (found.isascii() and found.isalpha() and len(found) in (2, 3))


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert campaign("utm_source=a%FFb&utm_medium=%zz%4") == {
        "campaign_source": "a\ufffdb",
        "campaign_medium": "%zz%4",
    }
    assert page_name("/" + "é" * 1000) == "/" + "é" * 511
