"""Dashboards and alerts: OpenObserve's shape, and statements that run and answer as the store does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import datafusion
import duckdb
import pyarrow as pa
import pytest
import sqlglot

from edgewise.questions import athena, load, question
from edgewise.questions.boards import grafana, openobserve
from edgewise.questions.boards.alerts import alerts
from edgewise.questions.boards.edge import COLUMNS, alert_for_openobserve, athena_view
from edgewise.questions.boards.panels import OF_PAGE_VIEWS, PANELS, Panel, tabs
from edgewise.store.known import KNOWN_STREAMS
from questions.fake_openobserve import missing_fields
from questions.traffic import MIDNIGHT, MINUTE, Row, Site, run, site, without_nulls
from support.shared import shared

PERSON = {
    "agent": "person",
    "browser": "Firefox",
    "os": "Linux",
    "device": "desktop",
    "client_ip": "192.0.2.1",
}
VISIT = {**PERSON, "method": "GET", "host": "shop.example", "user_agent": "Mozilla/5.0 Firefox/140.0"}
RECORDS = [
    run(1, 0, request_id="a", path="/", country="DE", **VISIT),
    run(2, 0.01, request_id="a", path="/index", status=200, trigger="origin-response", **VISIT),
    run(3, 1, request_id="b", path="/lamp", status=200, referrer="https://t.co/x", **VISIT),
    run(4, 2, request_id="c", path="/gone", status=404, dropped=1, batch_age_ms=5, waited_ms=1.0, **VISIT),
    run(5, 3, request_id="d", path="/", query="utm_source=news", agent="bot", user_agent="x", method="GET"),
]  # fmt: skip


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("store"), edge=RECORDS) as one:
        yield one


def panel_id(panel: Panel) -> str:
    return panel.id


def test_columns_are_those_of_the_store() -> None:
    kinds = {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "text": "VARCHAR"}
    known = {name: kinds[kind] for name, kind in KNOWN_STREAMS["edge"].items()}
    assert dict(COLUMNS).items() <= known.items()


def test_the_shape_is_that_which_openobserve_takes() -> None:
    golden = json.loads(shared("golden/openobserve_dashboard_v8.json").read_text())
    ours = openobserve.dashboard("edge", COLUMNS)
    assert _shape(golden) <= _shape(ours)
    assert missing_fields(ours) is None and missing_fields(golden) is None


def test_layouts_are_whole_and_numbered() -> None:
    for tab in openobserve.dashboard("edge", COLUMNS)["tabs"]:
        layouts = [panel["layout"] for panel in tab["panels"]]
        assert len({layout["i"] for layout in layouts}) == len(layouts) and all(each["i"] for each in layouts)
        assert all(each["x"] + each["w"] <= 192 for each in layouts)
        cells = [
            (x, y)
            for each in layouts
            for x in range(each["x"], each["x"] + each["w"])
            for y in range(each["y"], each["y"] + each["h"])
        ]
        assert len(cells) == len(set(cells)), f"panels of {tab['name']} lie on each other"
    ids = [panel.id for panel in PANELS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("panel", PANELS, ids=panel_id)
def test_openobserve_answers_as_the_store(edge: Site, panel: Panel) -> None:
    made = openobserve.dashboard("edge", COLUMNS)
    (query,) = [
        each["queries"][0]
        for tab in made["tabs"]
        for each in tab["panels"]
        if each["id"] == f"Panel_{panel.id}"
    ]
    # `histogram` is OpenObserve's own; DataFusion's for the same is this.
    sql = query["query"].replace(
        "histogram(_timestamp, '$bucket')", "date_bin(INTERVAL '1 hour', to_timestamp_micros(_timestamp))"
    )
    rows = [_plain(row) for row in edge.datafusion.sql(sql).to_pylist()]
    ours = edge.ask(panel.question)
    aliases = [axis["alias"] for axis in query["fields"]["x"] + query["fields"]["y"]]
    assert [[row.get(name) for name in aliases] for row in rows] == [
        [_near(row.get(name)) for name in aliases] for row in ours
    ]


@pytest.mark.parametrize("panel", PANELS, ids=panel_id)
def test_grafana_answers_as_the_store(edge: Site, panel: Panel) -> None:
    sql = grafana.statement(panel, "edge")
    start, end = MIDNIGHT, MIDNIGHT + 10**12
    for variable, value in {
        "${__from}": start // 1000,
        "${__to}": end // 1000,
        "${__interval_ms}": 3_600_000,
    }.items():
        sql = sql.replace(variable, str(value))
    (back,) = sqlglot.transpile(sql, read="athena", write="duckdb")
    answer = edge.database.sql(back.replace("APPROX_QUANTILE(", "QUANTILE_CONT("))
    rows = [_plain(row) for row in answer.to_arrow_table().to_pylist()]
    names = [column.name for column in (*panel.names, *panel.drawn)]
    ours = [[row.get(name) for name in names] for row in edge.ask(panel.question, start=start, end=end)]
    theirs = [[row.get(name) for name in names] for row in rows]
    assert sorted(map(str, theirs)) == sorted(map(str, ours))


def test_a_stream_without_a_column_is_asked_all_the_same(edge: Site) -> None:
    known = ["_timestamp", "request_id", "trigger", "method", "path", "user_agent", "client_ip"]
    session = datafusion.SessionContext()
    table = edge.database.sql(f"SELECT {', '.join(known)} FROM edge").to_arrow_table()
    session.from_arrow(table, name="lean")
    for tab in openobserve.dashboard("lean", known)["tabs"]:
        for panel in tab["panels"]:
            sql = panel["queries"][0]["query"].replace("histogram(_timestamp, '$bucket')", "_timestamp")
            session.sql(sql).to_pylist()


def _alert(name: str, records: list[Row]) -> list[Row]:
    """The rows of an alert over the records, the same on both engines."""
    (one,) = [each for each in alerts() if each.name == name]
    sql = alert_for_openobserve(one.sql, "edge", COLUMNS)
    schema = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_()}
    table = pa.Table.from_pylist(records, pa.schema([(n, schema[kind]) for n, kind in COLUMNS.items()]))
    session = datafusion.SessionContext()
    session.from_arrow(table, name="edge")
    rows: list[Row] = session.sql(sql).to_pylist()
    with duckdb.connect(":memory:") as connection:
        connection.register("edge", table)
        assert connection.sql(one.sql).to_arrow_table().num_rows == len(rows)
    return rows


def _records(count: int, minutes_ago: float = 1.0, **fields: Any) -> list[Row]:
    moment = time.time_ns() // 1000 - int(minutes_ago * MINUTE)
    return [{**run(n + 1, 0), "_timestamp": moment, "status": 200, **fields} for n in range(count)]


def test_the_alert_on_errors() -> None:
    assert _alert("error_rate", _records(19) + _records(1, status=500)) == [
        {"answers": 20, "errors": 1, "error_percent": 5.0}
    ]
    assert _alert("error_rate", _records(20) + _records(1, status=500)) == []
    assert _alert("error_rate", _records(18, status=500)) == [], "too few to tell"
    assert _alert("error_rate", []) == []


def test_the_alert_on_a_drop_of_traffic() -> None:
    before = _records(100, minutes_ago=30)
    assert _alert("traffic_drop", before + _records(5)) == [{"earlier": 100, "recent": 5}]
    assert _alert("traffic_drop", before) == [{"earlier": 100, "recent": 0}]
    assert _alert("traffic_drop", before + _records(6)) == []
    assert _alert("traffic_drop", _records(99, minutes_ago=30)) == []


def test_the_alert_on_slow_functions() -> None:
    (row,) = _alert("latency", _records(30, duration_ms=900.0) + _records(30, trigger="x"))
    assert (row["trigger"], row["runs"], row["p95_ms"]) == ("viewer-request", 30, 900.0)
    assert _alert("latency", _records(10, duration_ms=900.0)) == []


def test_the_alert_on_the_shipper() -> None:
    assert len(_alert("shipper", _records(1, dropped=0) + _records(1, dropped=3))) == 1
    assert len(_alert("shipper", _records(1, batch_age_ms=60_001))) == 1
    assert _alert("shipper", _records(5, dropped=2)) == [], "given up before"


def test_numbers_and_headings_tell_what_they_are() -> None:
    made = openobserve.dashboard("edge", COLUMNS)
    first = made["tabs"][0]["panels"][:5]
    assert [panel["title"] for panel in first][:4] == [
        "Requests",
        "Page views",
        "Visitors",
        "Error percent",
    ]
    assert first[3]["config"]["unit"] == "percent"
    assert first[4]["title"] == "Requests and errors over time: requests, page views, bots"
    assert question("over_time").title == "Requests and errors over time"


def test_every_panel_of_grafana_has_its_place() -> None:
    for made, drawn in ((grafana.dashboard(), PANELS), (grafana.page_views(), OF_PAGE_VIEWS)):
        panels = made["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels) == len(drawn) + len(tabs(drawn))
        assert not re.search(r"100000000000000\d|1000003", json.dumps(panels))
    assert grafana.dashboard()["uid"] != grafana.page_views()["uid"]


def _shape(value: Any, place: str = "") -> set[str]:
    """The keys of an object as paths; items of a list stand for each other."""
    if isinstance(value, dict):
        return {
            path
            for key, each in value.items()
            for path in {f"{place}.{key}"} | _shape(each, f"{place}.{key}")
        }
    if isinstance(value, list):
        return {path for each in value for path in _shape(each, f"{place}[]")}
    return set()


def _plain(row: Row) -> Row:
    """Times as microseconds, as the store has them."""
    return {
        name: int(value.timestamp() * 1e6) if hasattr(value, "timestamp") else value
        for name, value in row.items()
    }


def _near(value: Any) -> Any:
    return pytest.approx(value, rel=0.01, abs=0.1) if isinstance(value, float) else value


def test_athena_answers_over_the_view_as_the_store(edge: Site) -> None:
    with duckdb.connect(":memory:") as athena_alike:
        athena_alike.register("edge", edge.database.sql("SELECT * FROM edge").to_arrow_table())
        (view,) = sqlglot.transpile(athena_view("edge"), read="athena", write="duckdb")
        athena_alike.execute(view)
        for asked in load().values():
            # What only the CDN knows, and what is of two records of a request, the view cannot have.
            if asked.name in ("hosts", "latest", "versions") or asked.name.startswith(("latency", "cache")):
                continue
            (sql,) = sqlglot.transpile(athena(asked), read="athena", write="duckdb")
            rows = (
                athena_alike.sql(sql.replace("APPROX_QUANTILE(", "QUANTILE_CONT("))
                .to_arrow_table()
                .to_pylist()
            )
            assert [without_nulls(row) for row in rows] == edge.ask(asked), asked.name
