"""OpenObserve's short questions: `_values`, `streams`, `schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from store.asgi import call, store_at
from store.engines import NOW


def put(store: Any, stream: str, *records: dict[str, Any]) -> None:
    body = json.dumps([{"_timestamp": NOW, **one} for one in records]).encode()
    assert call(store, "POST", f"/api/default/{stream}/_json", body).status == 200


def get(store: Any, path: str) -> Any:
    reply = call(store, "GET", f"/api/default/{path}")
    assert reply.status == 200, reply.body
    return reply.json


def test_values_are_the_most_frequent_first(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        put(store, "mine", *({"a": a, "n": 1} for a in ["x", "y", "y", "It's", None]), {"a": "late"})
        found = get(store, "mine/_values?fields=a,n&size=2")["hits"]
        assert found == [
            {
                "field": "a",
                "values": [{"zo_sql_key": "y", "zo_sql_num": 2}, {"zo_sql_key": "It's", "zo_sql_num": 1}],
            },
            {"field": "n", "values": [{"zo_sql_key": 1, "zo_sql_num": 5}]},
        ]
        (only,) = get(store, f"mine/_values?fields=a&keyword={quote(chr(39) + 'S')}")["hits"]
        assert only["values"] == [{"zo_sql_key": "It's", "zo_sql_num": 1}]
        (none,) = get(store, f"mine/_values?fields=a&start_time={NOW + 1}")["hits"]
        assert none["values"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("mine/_values", 400),
        ("mine/_values?fields=" + ",".join("abcdefghijklmnopqrstu"), 400),
        ("mine/_values?fields=a&size=x", 400),
        ("mine/_values?fields=nothing", 400),
        ('mine/_values?fields=a"%20FROM%20edge--', 400),
        ("nowhere/_values?fields=a", 400),
        ("streams/nowhere/schema", 404),
    ],
)
def test_what_cannot_be_answered_is_refused(tmp_path: Path, path: str, status: int) -> None:
    with store_at(tmp_path) as store:
        put(store, "mine", {"a": "x"})
        reply = call(store, "GET", f"/api/default/{path}")
        assert reply.status == status
        assert reply.json["message"]


def test_streams_and_their_columns(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        put(store, "mine", {"text": "x", "int": 1, "float": 1.5, "bool": True})
        listed = get(store, "streams")
        assert [one["name"] for one in listed["list"]] == ["edge", "access", "page_views", "mine"]
        assert listed["total"] == 4 and "schema" not in listed["list"][0]
        assert all("schema" in one for one in get(store, "streams?fetchSchema=true")["list"])
        schema = get(store, "streams/mine/schema")
    assert {field["name"]: field["type"] for field in schema["schema"]} == {
        "_timestamp": "Int64",
        "record_id": "Utf8",
        "text": "Utf8",
        "int": "Int64",
        "float": "Float64",
        "bool": "Boolean",
    }


@pytest.mark.parametrize(
    "query", ["size=99999999999999999999", "from=-1", "from=x", "start_time=1" + "0" * 30]
)
def test_a_number_that_cannot_be_is_refused(tmp_path: Path, query: str) -> None:
    with store_at(tmp_path) as store:
        reply = call(store, "GET", f"/api/default/edge/_values?fields=host&{query}")
        assert reply.status == 400
        assert query.partition("=")[0] in reply.json["message"]


def test_a_size_below_zero_is_all_values(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        put(store, "mine", *({"a": number} for number in range(20)))
        assert len(get(store, "mine/_values?fields=a&size=-1")["hits"][0]["values"]) == 20
