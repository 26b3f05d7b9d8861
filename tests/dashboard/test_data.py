"""What the pages ask for: answers, refusals, exports, headers; over HTTP from a running store."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboard.conftest import now
from store.conftest import Server

DAY = 86_400_000_000


def get(server: Server, path: str, headers: dict[str, str] | None = None, /, **values: Any) -> Any:
    query = f"?{urlencode(values)}" if values else ""
    return server.request("GET", path + query, headers=headers)


def data(server: Server, path: str, /, **values: Any) -> Any:
    response, content = get(server, path, **values)
    assert response.status == 200, content
    return json.loads(content)


def period() -> dict[str, int]:
    return {"start": now() - 3 * DAY, "end": now() + DAY}


def test_the_questions_are_told_with_what_they_take(shop: Server) -> None:
    told = data(shop, "/data/questions")
    assert "path" in told["filters"] and "start" not in told["filters"]
    assert told["questions"]["top_pages"]["parameters"] == ["top"]
    assert {"name": "page", "unit": "text"}.items() <= told["questions"]["top_pages"]["columns"][0].items()


def test_every_question_answers_with_its_own_columns(shop: Server) -> None:
    for name, question in data(shop, "/data/questions")["questions"].items():
        answer = data(shop, f"/data/questions/{name}", **period())
        known = {column["name"] for column in question["columns"]}
        assert all(set(row) <= known for row in answer["rows"]), name


def test_a_filter_holds_in_every_question(shop: Server) -> None:
    wanted = {**period(), "country": "DE", "agent": "person"}
    for name in ("overview", "top_pages", "over_time", "errors_by_path", "functions", "latest"):
        assert data(shop, f"/data/questions/{name}", **wanted)["rows"], name
    assert [row["country"] for row in data(shop, "/data/questions/countries", **wanted)["rows"]] == ["DE"]
    assert data(shop, "/data/questions/bots", **wanted)["rows"] == []


@pytest.mark.parametrize(
    ("path", "values", "status", "key"),
    [
        ("/data/questions/nothing", {"start": 1, "end": 2}, 404, None),
        ("/data/questions/overview", {}, 400, "start"),
        ("/data/questions/overview", {"start": "now", "end": 2}, 400, "start"),
        ("/data/questions/overview", {"start": -1, "end": 2}, 400, "start"),
        ("/data/questions/overview", {"start": 2, "end": 2}, 400, "end"),
        ("/data/questions/overview", {"start": 1, "end": 2**53 - 1}, 400, "end"),
        ("/data/questions/overview", {"start": 1, "end": 2, "status": "abc"}, 400, "status"),
        ("/data/questions/overview", {"start": 1, "end": 2, "path": "a\0b"}, 400, "path"),
        ("/data/questions/overview", {"start": 1, "end": 2, "sql": "SELECT 1"}, 400, "sql"),
        ("/data/questions/top_pages", {"start": 1, "end": 2, "top": "1; DROP TABLE x"}, 400, "top"),
        ("/export/overview.xlsx", {"start": 1, "end": 2}, 404, None),
        ("/data/record", {"request_id": "x"}, 400, "at"),
        ("/data/record", {"at": 5}, 400, "request_id"),
        ("/data/record", {"request_id": "' OR true --", "at": 5}, 404, "request_id"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    shop: Server, path: str, values: dict[str, Any], status: int, key: str | None
) -> None:
    response, content = get(shop, path, **values)
    assert response.status == status
    told = json.loads(content)
    assert told["message"] and told["key"] == key


def test_a_value_given_twice_is_refused(shop: Server) -> None:
    response, content = shop.request("GET", "/data/questions/overview?start=1&end=2&path=/a&path=/b")
    assert (response.status, json.loads(content)["message"]) == (400, "path is given twice")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(shop: Server, method: str) -> None:
    for path in ("/", "/data/questions", "/data/questions/overview", "/export/overview.csv"):
        assert shop.request(method, path, b"{}")[0].status == 405


def test_every_answer_carries_the_policy(shop: Server) -> None:
    for path in ("/", "/data/questions", "/data/questions/overview", "/nothing", "/static/x/y.js"):
        headers = shop.request("GET", path)[0].headers
        policy = headers["Content-Security-Policy"]
        assert (
            "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == ("no-cache" if path == "/" else "no-store")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:5080", 200),
        ("127.0.0.1:5080", 200),
        ("[::1]:5080", 200),
        ("127.0.0.1", 200),
        ("rebound.example:5080", 403),
        ("127.0.0.1.rebound.example", 403),
        ("localhost.example", 403),
        ("[", 403),
        ("10.0.0.1", 403),
    ],
)
def test_only_names_of_this_machine_are_answered(shop: Server, host: str, status: int) -> None:
    assert get(shop, "/data/questions", {"Host": host})[0].status == status


def test_strangers_are_asked_who_they_are(shop: Server) -> None:
    for path in ("/", "/data/questions", "/export/overview.csv"):
        assert shop.request("GET", path, headers={"Authorization": ""})[0].status == 401


def test_the_whole_page_is_small_and_kept_by_the_browser(shop: Server) -> None:
    response, page = shop.request("GET", "/", headers={"Accept-Encoding": "gzip"})
    html = gzip.decompress(page).decode()
    assets = {each.partition('"')[0] for mark in ('href="/', 'src="/') for each in html.split(mark)[1:]}
    assert len(assets) > 10 and all(asset.startswith("static/") for asset in assets)
    size = len(page)
    for asset in assets:
        response, content = shop.request("GET", f"/{asset}", headers={"Accept-Encoding": "gzip, br"})
        assert (response.status, response.headers["Content-Encoding"]) == (200, "br"), asset
        assert "immutable" in response.headers["Cache-Control"]
        size += len(content)
    assert size < 100_000


def test_an_export_is_the_whole_answer(shop: Server) -> None:
    wanted = {**period(), "top": 1000}
    rows = data(shop, "/data/questions/top_pages", **wanted)["rows"]
    response, content = get(shop, "/export/top_pages.json", **wanted)
    assert response.headers["Content-Disposition"] == 'attachment; filename="edgewise-top_pages.json"'
    assert json.loads(content) == rows
    response, content = get(shop, "/export/top_pages.csv", **wanted)
    assert response.headers["Content-Type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["page"] for row in read] == [row["page"] for row in rows]
    assert [int(row["page_views"]) for row in read] == [row["page_views"] for row in rows]


def test_one_request_in_full(shop: Server) -> None:
    row = data(shop, "/data/questions/latest", **period(), status="502", top=1)["rows"][0]
    found = data(shop, "/data/record", request_id=row["request_id"], at=row["_timestamp"])
    assert [record["trigger"] for record in found["edge"]] == ["viewer-request", "origin-response"]
    assert found["edge"][1]["failure"] == "TimeoutError: stock took too long"
    assert found["access"][0]["bytes_sent"] == row["bytes_sent"]


def test_the_store_says_what_time_it_covers(shop: Server, empty: Server) -> None:
    covered = data(shop, "/data/store")
    assert covered["first"] < covered["last"] <= now() + DAY
    assert data(empty, "/data/store") == {}
