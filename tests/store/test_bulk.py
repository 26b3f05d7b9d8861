"""`_bulk` as log shippers speak it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewise.store.bodies import json_values
from store.asgi import call, rows, store_at
from store.engines import NOW, FaultyDisk, engine_at


def lines(*values: Any) -> bytes:
    return b"\n".join(json.dumps(value).encode() for value in values) + b"\n"


def bulk(store: Any, *values: Any) -> dict[str, Any]:
    reply = call(store, "POST", "/api/default/_bulk", lines(*values))
    assert reply.status == 200, reply.body
    return dict(reply.json)


def test_every_action_adds_a_record_and_items_are_in_order(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        answer = bulk(
            store,
            {"create": {"_index": "One"}},
            {"n": 1},
            {"index": {"_index": "two", "_id": "x"}},
            {"n": 2},
            {"delete": {"_index": "one", "_id": "gone"}},
            {"update": {"_index": "one"}},
            {"n": 3},
        )
        assert (answer["took"], answer["errors"]) == (0, True)
        assert [(*item, next(iter(item.values()))["status"]) for item in answer["items"]] == [
            ("create", 201),
            ("index", 200),
            ("delete", 400),
            ("update", 200),
        ]
        assert answer["items"][1]["index"] | {"_seq_no": 1, "_version": 1} == answer["items"][1]["index"]
        assert rows(store, "SELECT n FROM one ORDER BY n") == [{"n": 1}, {"n": 3}]
        assert rows(store, "SELECT n, _id FROM two") == [{"n": 2, "_id": "x"}]


def test_a_record_that_fails_is_named_and_the_others_are_stored(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        action = {"index": {"_index": "mine"}}
        answer = bulk(store, action, {"n": 1}, action, 5, action, {"_timestamp": "soon"}, action, {"n": 4})
        statuses = [item["index"]["status"] for item in answer["items"]]
        assert (answer["errors"], statuses) == (True, [200, 422, 422, 200])
        assert answer["items"][2]["index"]["error"]["reason"] == "invalid time format [string]"
        assert rows(store, "SELECT n FROM mine ORDER BY n") == [{"n": 1}, {"n": 4}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"index":{"_index":"mine"}}\n{}\n{"index":{"_index":"mine"}}\n{"n":', "action 2: not JSON"),
        (b'{"index":{"_index":"mine"}}\n', "no record after it"),
        (b'{"index":{}}\n{}', "action 1: 'index' names no _index"),
        (b'{"upsert":{"_index":"mine"}}\n{}', "expected one of create, index, update and delete"),
        (b"[1]\n{}", "expected one of"),
        (b'{"index":{"_index":"mine"}}\n{}\n{"index":{"_index":"requests"}}\n{}', "view"),
    ],
)
def test_what_is_no_bulk_body_is_refused(tmp_path: Path, body: bytes, message: str) -> None:
    with store_at(tmp_path) as store:
        reply = call(store, "POST", "/api/default/_bulk", body)
        assert (reply.status, reply.json["code"]) == (400, 400)
        assert message in reply.json["message"]


def test_every_digit_and_repeats_count_as_elsewhere(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        action = {"index": {"_index": "mine", "_id": "d"}}
        record = {"_timestamp": NOW, "record_id": "r", "big": 98765432109876543210987}
        bulk(store, action, record, action, record)
        assert rows(store, "SELECT big, _id FROM mine") == [{"big": "98765432109876543210987", "_id": "d"}]


def test_a_request_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        one, other = {"index": {"_index": "mine"}}, {"index": {"_index": "requests"}}
        record = {"_timestamp": NOW, "record_id": "r", "n": 1}
        reply = call(store, "POST", "/api/default/_bulk", lines(one, record, other, {}))
        assert reply.status == 400
        bulk(store, one, record)
        assert rows(store, "SELECT n FROM mine") == [{"n": 1}]


def test_a_request_over_several_streams_is_written_as_one(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with engine_at(tmp_path, disk=disk) as engine:
        syncs = disk.log.count("sync")
        given = {name: json_values(b'[{"n":1}]') for name in ("one", "two", "three")}
        for accepted in engine.ingest_all(given):
            accepted.durable.result(60)
        assert disk.log.count("sync") == syncs + 1
