"""Columns that follow from others: filled once, the same before and after a seal, never over what a record brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgewise.store.derived import derivation
from edgewise.store.engine import Limits
from store.engines import NOW, ask, engine_at, put

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@dataclass
class Kind:
    """What the stand-in for the classification says."""

    kind: str
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    reason: str | None = None


class Counting:
    """Knows two agents and one country, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def classify(self, user_agent: str) -> Kind:
        self.asked[user_agent] += 1
        if user_agent == "bot":
            return Kind("bot", reason="crawler: it says so")
        return Kind("person", "Firefox", "Linux", "desktop", "")

    def country(self, address: str) -> str | None:
        self.asked[address] += 1
        return "DE" if address == "192.0.2.1" else None


def call(number: int, **fields: Any) -> dict[str, Any]:
    return {"_timestamp": NOW + number, "record_id": f"r{number}", "request_id": f"q{number}", **fields}


FIELDS = "agent, browser, os, device, bot_reason, country"


@pytest.mark.parametrize("stream", ["edge", "access"])
def test_they_are_filled_in_the_tail_and_in_parquet_alike(tmp_path: Path, stream: str) -> None:
    known = Counting()
    derive = derivation(known.classify, known.country)
    sql = f"SELECT {FIELDS} FROM {stream} ORDER BY _timestamp"
    expected = [
        {"agent": "person", "browser": "Firefox", "os": "Linux", "device": "desktop", "country": "DE"},
        {"agent": "bot", "bot_reason": "crawler: it says so"},
        {},
        {"agent": "tool", "browser": "Firefox", "os": "Linux", "device": "tv", "country": "FR"},
    ]
    with engine_at(tmp_path, derive=derive) as engine:
        put(
            engine,
            call(1, user_agent="one", client_ip="192.0.2.1"),
            call(2, user_agent="bot", client_ip="no address"),
            call(3),
            call(4, user_agent="one", client_ip="192.0.2.1", agent="tool", device="tv", country="FR"),
            stream=stream,
        )
        assert ask(engine, sql) == expected
        assert known.asked == {"one": 1, "bot": 1, "192.0.2.1": 1, "no address": 1}
    with engine_at(tmp_path, derive=derive) as engine:
        assert len(list(tmp_path.rglob("*.parquet"))) == 1
        assert ask(engine, sql) == expected


def test_other_streams_are_their_owners(tmp_path: Path) -> None:
    known = Counting()
    with engine_at(tmp_path, derive=derivation(known.classify)) as engine:
        put(
            engine,
            call(1, user_agent="one", agent=None, device=""),
            call(2, user_agent="x", agent="their own"),
        )
        assert ask(engine, "SELECT agent FROM mine ORDER BY _timestamp") == [{}, {"agent": "their own"}]
    assert not known.asked


def test_a_store_from_before_has_the_columns_too(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, call(1, user_agent="one"), stream="access")
    known = Counting()
    with engine_at(tmp_path, derive=derivation(known.classify)) as engine:
        put(engine, call(2, user_agent="one"), stream="access")
        assert ask(engine, "SELECT agent FROM access ORDER BY _timestamp") == [{}, {"agent": "person"}]


def test_each_request_says_who_asked(server: Any) -> None:
    server.post("access", [call(1, user_agent=FIREFOX, path="/"), call(2, user_agent=GOOGLEBOT, path="/")])
    first, second = server.rows(
        "SELECT agent, browser, os, device, bot_reason FROM requests ORDER BY request_id"
    )
    assert (first["agent"], first["browser"], first["os"], first["device"]) == (
        "person",
        "Firefox",
        "Linux",
        "desktop",
    )
    assert second["agent"] == "bot" and "Googlebot" in second["bot_reason"]


def test_taking_records_waits_for_no_classification(tmp_path: Path) -> None:
    known = Counting()
    with engine_at(tmp_path, derive=derivation(known.classify), limits=Limits(seal_after=1e9)) as engine:
        put(engine, call(1, user_agent="one"), stream="edge")
        assert not known.asked
    assert known.asked == {"one": 1}
