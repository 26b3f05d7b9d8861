"""Finished page views: the same rules as the edge's, the same questions, and queries that Athena's readers find."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datafusion
import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.questions import PAGE_VIEWS, QuestionError, athena, bound, load, question, saved_queries
from edgewise.questions import datafusion as for_datafusion
from edgewise.questions.boards import grafana
from edgewise.questions.boards.panels import OF_PAGE_VIEWS, Panel
from edgewise.questions.engines import ANY, DUCKDB, Engine
from edgewise.store.search import Searcher
from questions.traffic import DAY, Row, without_nulls
from store.engines import engine_at, put

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/page-views.json").read_text())
NOW = time.time_ns() // 1000
NOON = NOW - NOW % DAY - DAY // 2
COLUMNS = ("schema", "event_id", "_timestamp", "view_date", "host", "page", "status", "country", "device",
           "referrer_host", "campaign_source", "campaign_medium", "campaign_name", "language", "visitor")  # fmt: skip
OF_VIEWS = [name for name, each in load().items() if PAGE_VIEWS in each.sources]


def finished(number: int, minute: float, page: str, **fields: Any) -> Row:
    """A view some minutes after yesterday's noon."""
    moment = NOON + int(minute * 60_000_000)
    date = time.strftime("%Y-%m-%d", time.gmtime(moment // 1_000_000))
    row = {"schema": "pageview/1", "event_id": f"e{number}", "_timestamp": moment, "view_date": date,
           "host": "shop.example", "page": page, "status": 200, "country": "DE", "device": "mobile",
           "visitor": "v1", "language": "de"}  # fmt: skip
    return row | fields


VIEWS = [
    finished(1, 0, "/", referrer_host="t.co", campaign_source="news letter", campaign_medium="email"),
    finished(2, 1, "/lamp"),
    finished(2, 1, "/lamp"),
    finished(3, 45, "/lamp", device="tablet", country=None),
    finished(4, 2, "/lamp", device="bot", visitor="b", language=None),
    finished(5, 3, "/cart", visitor="v2", referrer_host="shop.example", host="www.shop.example", status=304),
    finished(6, -24 * 60, "/", visitor="v3", referrer_host="t.co", language="en"),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    with engine_at(tmp_path_factory.mktemp("store")) as engine:
        # As files of the bucket are imported: without an id that the store would drop repeats by.
        put(engine, *VIEWS, stream=PAGE_VIEWS)
        one = Searcher(engine)
        yield one
        one.close()


@pytest.fixture(scope="module")
def table() -> Any:
    rows = [{name: view.get(name) for name in COLUMNS} for view in VIEWS]
    return pa.Table.from_pylist(rows)


def ask(searcher: Searcher, name: str, **values: Any) -> list[Row]:
    return searcher.query(bound(question(name), values, PAGE_VIEWS)).rows


def computed(engine: Engine, name: str, rows: list[Row]) -> list[Any]:
    with duckdb.connect(":memory:") as connection:
        for known in ("requests", "known requests"):
            connection.register(known, pa.Table.from_pylist(rows))
        return [row[0] for row in connection.sql(engine.fill(f"SELECT {{{name}}} FROM requests")).fetchall()]


@pytest.mark.parametrize("engine", [ANY, DUCKDB], ids=["any", "store"])
def test_pages_and_languages_are_named_as_the_edge_names_them(engine: Engine) -> None:
    for kind, column, answer in (("page", "path", "page"), ("language", "language", "language")):
        given_as = {"language": "accept_language"}.get(kind, column)
        rows = [{column: case[given_as]} for case in GOLDEN[kind]]
        assert computed(engine, kind, rows) == [case[answer] for case in GOLDEN[kind]]


@pytest.mark.parametrize("engine", [ANY, DUCKDB], ids=["any", "store"])
def test_referrers_are_named_as_the_edge_names_them(engine: Engine) -> None:
    rows = [{"referrer": case["referrer"], "host": case["host"]} for case in GOLDEN["referrer"]]
    hosts = zip(computed(engine, "referrer", rows), computed(engine, "own_host", rows), strict=True)
    assert [None if came == own else came for came, own in hosts] == [
        case["referrer_host"] for case in GOLDEN["referrer"]
    ]


def test_campaigns_are_named_as_the_edge_names_them() -> None:
    tags = {"utm_source": "campaign_source", "utm_medium": "campaign_medium", "utm_campaign": "campaign_name"}
    for tag, column in tags.items():
        rows = [{"query": case["query"]} for case in GOLDEN["campaign"]]
        assert computed(DUCKDB, tag, rows) == [case[column] for case in GOLDEN["campaign"]]


def test_a_page_is_what_the_edge_takes_for_one() -> None:
    cases = GOLDEN["is_page"]
    names = ("method", "status", "content_type", "path")
    rows = [{name: case[name] for name in names} for case in cases]
    assert computed(ANY, "is_page", rows) == [case["is_page"] for case in cases]


PATHS = st.text("ab/;.", max_size=8).map("/".__add__) | st.lists(
    st.sampled_from(["/", "index.html", "index.htm", "a", ";x=1", "INDEX.html"]), max_size=6
).map(lambda parts: "/" + "".join(parts))


@settings(deadline=None)
@given(st.lists(PATHS, min_size=1, max_size=20))
def test_quick_and_plain_name_the_same_pages(paths: list[str]) -> None:
    rows = [{"path": path} for path in [*paths, *("/" + path[1:] * 400 for path in paths[:2])]]
    assert computed(DUCKDB, "page", rows) == computed(ANY, "page", rows)


@settings(deadline=None)
@given(st.lists(st.text("dDeE-,;* q=x", max_size=9), min_size=1, max_size=20))
def test_quick_and_plain_name_the_same_languages(accepted: list[str]) -> None:
    rows = [{"language": text} for text in accepted]
    assert computed(DUCKDB, "language", rows) == computed(ANY, "language", rows)


@pytest.mark.parametrize("name", OF_VIEWS)
def test_every_engine_answers_alike(searcher: Searcher, table: Any, name: str) -> None:
    ours = ask(searcher, name)
    session = datafusion.SessionContext()
    session.from_arrow(table, name="page_views")
    rows = session.sql(for_datafusion(question(name), source=PAGE_VIEWS)).to_pylist()
    assert [without_nulls(row) for row in rows] == ours
    with duckdb.connect(":memory:") as connection:
        connection.register("page_views", table)
        (back,) = sqlglot.transpile(athena(question(name), source=PAGE_VIEWS), read="athena", write="duckdb")
        rows = connection.sql(back.replace("APPROX_QUANTILE(", "QUANTILE_CONT(")).to_arrow_table().to_pylist()
    assert [without_nulls(row) for row in rows] == ours


def test_a_view_counts_once_however_often_it_came(searcher: Searcher) -> None:
    (row,) = ask(searcher, "overview")
    assert (row["page_views"], row["visitors"], row["bot_requests"], row["days"]) == (5, 3, 1, 2)
    assert [(each["page"], each["page_views"]) for each in ask(searcher, "top_pages")] == [
        ("/", 2), ("/lamp", 2), ("/cart", 1)
    ]  # fmt: skip
    assert [(each["referrer"], each["page_views"]) for each in ask(searcher, "referrers")] == [("t.co", 2)]
    assert ask(searcher, "campaigns") == [
        {"source": "news letter", "medium": "email", "page_views": 1, "visitors": 1}
    ]
    assert [each["visits"] for each in ask(searcher, "visits")] == [4]


def test_filters_hold_for_page_views(searcher: Searcher) -> None:
    for filters, count in (
        ({"country": "DE"}, 4), ({"country": "unknown"}, 1), ({"page": "/l*"}, 2), ({"page": "/lamp"}, 2),
        ({"language": "!de"}, 1), ({"device": "tablet"}, 1), ({"status": "304"}, 1), ({"referrer": "t.co"}, 2),
        ({"start": NOON}, 4), ({"agent": "bot"}, 0), ({"browser": ""}, 5),
    ):  # fmt: skip
        (row,) = ask(searcher, "overview", **filters)
        assert row["page_views"] == count, filters


def test_what_page_views_do_not_know_is_not_asked_of_them() -> None:
    with pytest.raises(QuestionError, match="latency_by_path cannot be asked of 'page_views'") as caught:
        bound(question("latency_by_path"), {}, PAGE_VIEWS)
    assert caught.value.key == "source"
    with pytest.raises(QuestionError):
        bound(question("functions"), {}, PAGE_VIEWS)
    with pytest.raises(QuestionError):
        bound(question("overview"), {}, "elsewhere")


@pytest.mark.parametrize(
    "name", ["path", "browser", "os", "version", "bot_reason", "result", "edge_location"]
)
def test_a_filter_by_what_page_views_do_not_know_is_refused(name: str) -> None:
    """No answer to it would be true: of `browser=!Firefox` everything, of `browser=Firefox` nothing."""
    with pytest.raises(QuestionError, match=f"page views know no {name}") as caught:
        bound(question("overview"), {name: "x"}, PAGE_VIEWS)
    assert caught.value.key == name
    bound(question("overview"), {name: "x"}, "requests")


def test_a_column_that_is_called_like_the_stream_does_not_open_it(searcher: Searcher) -> None:
    assert searcher.query('SELECT 1 AS "page_views", 2 AS requests').rows == [
        {"page_views": 1, "requests": 2}
    ]
    assert searcher.query("SELECT count(*) AS requests FROM page_views").rows == [{"requests": 7}]


@pytest.mark.parametrize("query", saved_queries("my shop's"), ids=lambda one: one.name)
def test_saved_queries_run_and_answer_as_the_store(searcher: Searcher, table: Any, query: Any) -> None:
    name = query.name.replace("-", "_")
    assert query.sql.startswith(f"-- {query.title}, of the last 30 days") and not query.sql.endswith(";")
    (back,) = sqlglot.transpile(query.sql, read="athena", write="duckdb")
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute('CREATE SCHEMA "my shop\'s"')
        connection.register("views", table)
        # Today and the 29 days before it are the last 30.
        before = time.strftime("%Y-%m-%d", time.gmtime(NOW // 1_000_000 - 30 * 86_400))
        old = f"SELECT * REPLACE ('{before}' AS view_date, 'old ' || event_id AS event_id) FROM views"
        connection.execute(f'CREATE TABLE "my shop\'s".page_views AS SELECT * FROM views UNION ALL ({old})')
        answer = connection.sql(back).to_arrow_table()
    known = [column.name for column in question(name).of_page_views]
    assert answer.column_names == known
    own = {"bucket": DAY} if name == "over_time" else {}
    ours = [[row.get(column) for column in known] for row in ask(searcher, name, **own)]
    assert [[_plain(value) for value in row.values()] for row in answer.to_pylist()] == ours


def _plain(value: Any) -> Any:
    return int(value.timestamp() * 1e6) if hasattr(value, "timestamp") else value


def test_saved_queries_are_short_enough_to_be_read() -> None:
    for query in saved_queries("shop"):
        assert "NULL AS" not in query.sql and len(query.name) < 40
        assert sqlglot.parse_one(query.sql, read="athena")


@pytest.mark.parametrize("panel", OF_PAGE_VIEWS, ids=lambda one: one.id)
def test_grafana_answers_as_the_store(searcher: Searcher, table: Any, panel: Panel) -> None:
    sql = grafana.statement_of_views(panel, "page_views")
    start, end = NOON - DAY // 2, NOON + DAY
    for variable, value in {
        "${__from}": start // 1000,
        "${__to}": end // 1000,
        "${__interval_ms}": 60_000,
    }.items():
        sql = sql.replace(variable, str(value))
    (back,) = sqlglot.transpile(sql, read="athena", write="duckdb")
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("page_views", table)
        answer = connection.sql(back).to_arrow_table()
    values = {"start": start, "end": end, **({"bucket": 60_000_000} if panel.name == "over_time" else {})}
    ours = ask(searcher, panel.name, **values)
    names = [column.name for column in (*panel.names, *panel.drawn)]
    # A panel draws every column that comes.
    assert sorted(answer.column_names) == sorted(names)
    assert [[_plain(row[name]) for name in names] for row in answer.to_pylist()] == [
        [row.get(name) for name in names] for row in ours
    ]
