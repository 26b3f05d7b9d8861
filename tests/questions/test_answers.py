"""The answers: equal to the truth of generated logs, right on traffic made by hand, the same on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.questions import bound, load, question
from edgewise.store.search import Searcher
from edgewise.store.views import settled
from questions.traffic import DAY, MIDNIGHT, MINUTE, Row, Site, generated, run, site, view
from store.engines import engine_at

BOT = {"agent": "bot", "bot_reason": "crawler: Googlebot", "user_agent": "Googlebot/2.1"}

# Two people on the first day (one comes twice), one of them on the second day; a bot; an asset; errors.
HANDMADE = [
    view(1, 0, "/", referrer="https://www.google.com/search?q=x", query="utm_source=news+letter&utm_medium=email"),
    view(2, 5, "/lamp", referrer="https://shop.example/", result="Hit", duration_ms=2.0),
    view(3, 5.1, "/style.css", content_type="text/css", result="Hit"),
    view(4, 40, "/", referrer="https://SHOP.example:8080/lamp"),
    view(5, 41, "/cart", status=304, content_type=None, version="new"),
    view(6, 10, "/lamp", client_ip="192.0.2.2", country="FR", device="mobile", referrer="https://t.co?a=1"),
    view(7, 1440, "/lamp", referrer="https://www.shop.example/x", version="new"),
    view(8, 20, "/lamp", **BOT),
    view(9, 21, "/gone", status=404, result="Error", client_ip="192.0.2.2", country="FR", version="new"),
    view(10, 22, "/buy", status=503, result="Error", method="POST", failure="broke"),
    view(11, 23, "/.env", status=404, result="Error", client_ip="192.0.2.2", country="FR"),
    view(12, 24, "/lamp", method="HEAD"),
]  # fmt: skip
RUNS = [
    run(1, 0, cold=True, memory_hits=0, memory_misses=1),
    run(2, 30, memory_hits=3, memory_misses=1, waited_ms=4.0, batch_age_ms=200, retried=2),
    run(
        4,
        60,
        memory_hits=9,
        memory_misses=1,
        sent=2,
        dropped=1,
        retried=2,
        failure="ValueError: x",
        failed_steps=2,
    ),
    run(1, 61, environment_id="env-b", trigger="origin-response", record_id="b", request_id="b", sent=0),
]


@pytest.fixture(scope="module")
def handmade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("handmade"), access=HANDMADE, edge=RUNS) as one:
        yield one


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Row]]:
    records, facts = generated(tmp_path_factory.mktemp("generated"))
    with site(tmp_path_factory.mktemp("store"), access=records) as one:
        yield one, facts


def test_the_truth_of_a_generated_log(truth: tuple[Site, Row]) -> None:
    one, facts = truth
    requests = sum(facts["status"].values())
    people = facts["pageviews"] - facts["bot_pageviews"]
    (overview,) = one.ask(question("overview"))
    assert (overview["requests"], overview["page_views"]) == (requests, people)
    assert (overview["bytes_sent"], overview["client_errors"]) == (facts["bytes"], facts["status"]["404"])
    days = one.ask(question("visitors"))
    assert sum(day["visitors"] for day in days) == facts["uniq_day_ip_ua_human"]
    assert sum(day["page_views"] for day in days) == people
    assert overview["visitors"] == facts["uniq_day_ip_ua_human"]
    inner = [day["visitors"] for day in days[1:-1]]
    assert overview["visitors_per_day"] == round(sum(inner) / len(inner), 1), (
        "the first and the last are parts"
    )
    classes = {row["status_class"]: row["requests"] for row in one.ask(question("status_classes"))}
    assert classes == {200: facts["status"]["200"], 300: facts["status"]["304"], 400: facts["status"]["404"]}
    # The generator knows pages of people and bots together.
    agents = one.ask(question("bots"))
    assert sum(row["pages"] for row in agents) == facts["bot_pageviews"]
    pages = {row["page"]: row["page_views"] for row in one.ask(question("top_pages"), top=1000)}
    assert sum(pages.values()) == people
    visits = one.ask(question("visits"))[0]
    assert visits["page_views"] == people
    assert sum(row["visits"] for row in one.ask(question("entry_pages"), top=1000)) == visits["visits"]
    assert sum(row["visits"] for row in one.ask(question("exit_pages"), top=1000)) == visits["visits"]


def test_filters_split_the_truth(truth: tuple[Site, Row]) -> None:
    one, facts = truth
    whole = question("overview")
    parts = [one.ask(whole, agent=kind)[0]["requests"] for kind in ("person", "!person")]
    assert sum(parts) == sum(facts["status"].values()) and min(parts) > 0
    first = one.ask(question("over_time"), bucket=DAY)
    for day in first:
        (overview,) = one.ask(whole, start=day["time"], end=day["time"] + DAY)
        assert overview["requests"] == day["requests"]


EXPECTED: dict[str, list[Row]] = {
    "visits": [
        {"visits": 4, "page_views": 6, "pages_per_visit": 1.5, "bounce_percent": 50.0, "average_s": 90.0}
    ],
    "entry_pages": [
        {"page": "/", "visits": 2, "percent": 50.0},
        {"page": "/lamp", "visits": 2, "percent": 50.0},
    ],
    "exit_pages": [
        {"page": "/lamp", "visits": 3, "percent": 75.0},
        {"page": "/cart", "visits": 1, "percent": 25.0},
    ],
    "referrers": [
        {"referrer": "google.com", "page_views": 1, "visitors": 1, "percent": 50.0},
        {"referrer": "t.co", "page_views": 1, "visitors": 1, "percent": 50.0},
    ],
    "campaigns": [{"source": "news letter", "medium": "email", "page_views": 1, "visitors": 1}],
    "visitors": [
        {"day": MIDNIGHT, "visitors": 2, "page_views": 5},
        {"day": MIDNIGHT + DAY, "visitors": 1, "page_views": 1},
    ],
    "bots": [
        {
            "agent": "unknown",
            "requests": 4,
            "pages": 0,
            "user_agents": 0,
            "client_errors": 0,
            "percent": 25.0,
        },
        {
            "agent": "bot",
            "bot_reason": "crawler: Googlebot",
            "requests": 1,
            "pages": 1,
            "user_agents": 1,
            "client_errors": 0,
            "bytes_sent": 100,
            "percent": 6.25,
        },
    ],
    "suspects": [
        {
            "reason": "asked for probe paths",
            "day": MIDNIGHT,
            "user_agent": "Mozilla/5.0 Firefox/140.0",
            "country": "FR",
            "requests": 3,
            "pages": 1,
            "assets": 0,
            "probes": 1,
            "last_seen": MIDNIGHT + 23 * MINUTE,
        }
    ],
    "functions": [
        {
            "trigger": "viewer-request",
            "function_version": "7",
            "runs": 3,
            "cold_starts": 1,
            "cold_percent": 33.33,
            "failures": 1,
            "failed_steps": 2,
            "regions": 1,
            "p50_ms": 1.0,
            "p95_ms": 1.0,
            "p99_ms": 1.0,
        },
        {
            "trigger": "origin-response",
            "function_version": "7",
            "runs": 1,
            "cold_starts": 1,
            "cold_percent": 100.0,
            "failures": 0,
            "failed_steps": 0,
            "regions": 1,
            "p50_ms": 1.0,
            "p95_ms": 1.0,
            "p99_ms": 1.0,
        },
    ],
    "environments": [
        {
            "region": "eu-central-1",
            "side": "viewer",
            "function_version": "7",
            "environments": 1,
            "alive": 1,
            "median_age_min": 60.0,
            "p90_age_min": 60.0,
            "oldest_min": 60.0,
            "longest_pause_min": 30.0,
            "invocations": 4,
            "cold_percent": 25.0,
            "memory_hit_percent": 90.0,
        },
        {
            "region": "eu-central-1",
            "side": "origin",
            "function_version": "7",
            "environments": 1,
            "alive": 1,
            "median_age_min": 61.0,
            "p90_age_min": 61.0,
            "oldest_min": 61.0,
            "invocations": 1,
            "cold_percent": 100.0,
        },
    ],
    "shipper": [
        {
            "region": "eu-central-1",
            "side": "viewer",
            "environments": 1,
            "arrived": 3,
            "sent": 2,
            "retried": 2,
            "dropped": 1,
            "dropped_percent": 33.33,
            "p95_waited_ms": 4.0,
            "p95_lag_ms": 200.0,
            "worst_lag_ms": 200,
        },
        {
            "region": "eu-central-1",
            "side": "origin",
            "environments": 1,
            "arrived": 1,
            "sent": 0,
            "retried": 0,
            "dropped": 0,
        },
    ],
    "shipper_over_time": [
        {"time": MIDNIGHT, "sent": 1, "retried": 2, "dropped": 0, "worst_lag_ms": 200},
        {"time": MIDNIGHT + 60 * MINUTE, "sent": 1, "retried": 0, "dropped": 1},
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_traffic_made_by_hand(handmade: Site, name: str) -> None:
    assert handmade.ask(question(name)) == EXPECTED[name]


def test_the_overview_of_traffic_made_by_hand(handmade: Site) -> None:
    (row,) = handmade.ask(question("overview"))
    assert (row["requests"], row["page_views"], row["visitors"], row["days"]) == (16, 6, 3, 2)
    assert (row["bot_requests"], row["client_errors"], row["server_errors"]) == (5, 2, 1)
    assert (row["error_percent"], row["hit_percent"]) == (6.25, 22.22)
    assert (row["p50_ms"], row["bytes_sent"]) == (10.0, 1200)


@pytest.mark.parametrize(
    ("start", "end", "visitors", "mean"),
    [
        (MIDNIGHT, MIDNIGHT + 2 * DAY, 3, 1.5),
        (MIDNIGHT - 5 * DAY, MIDNIGHT + 5 * DAY, 3, 1.5),
        # One request after midnight does not halve the mean of the day before it.
        (MIDNIGHT, MIDNIGHT + DAY + MINUTE, 3, 2.0),
        (MIDNIGHT, MIDNIGHT + DAY, 2, 2.0),
        # A day of which a part is asked for is no full one; its visitors are told as they are.
        (MIDNIGHT + 4 * MINUTE, MIDNIGHT + DAY + 5 * MINUTE, 3, None),
        (MIDNIGHT + 4 * MINUTE, MIDNIGHT + 2 * DAY, 3, 1.0),
        # From the first request, which came at midnight, to the last.
        (None, None, 3, 2.0),
    ],
)
def test_visitors_a_day_are_those_of_full_days(
    handmade: Site, start: int | None, end: int | None, visitors: int, mean: float | None
) -> None:
    values = {"start": start, "end": end}
    asked = question("overview")
    for ask in (handmade.ask, handmade.ask_datafusion, handmade.ask_athena):
        (row,) = ask(asked, **values)
        assert (row["visitors"], row.get("visitors_per_day")) == (visitors, mean)


@pytest.mark.parametrize("filters", [{}, {"agent": "unknown"}, {"country": "DE"}, {"version": "7"}])
def test_what_no_person_asked_is_as_much_in_the_figure_as_in_the_lists(
    handmade: Site, filters: dict[str, str]
) -> None:
    def asked(name: str, column: str) -> int:
        return sum(row[column] for row in handmade.ask(question(name), **filters))

    figure = asked("overview", "bot_requests")
    assert (
        figure == asked("bots", "requests") == asked("bot_agents", "requests") == asked("over_time", "bots")
    )


def test_versions_stand_side_by_side(handmade: Site) -> None:
    rows = {row.get("version"): row for row in handmade.ask(question("versions"))}
    assert rows.keys() == {None, "7"}, "`version` is a column of edge records"
    assert rows["7"]["requests"] == 4


@pytest.mark.parametrize("name", load())
def test_every_engine_gives_the_same_answer(handmade: Site, truth: tuple[Site, Row], name: str) -> None:
    asked = question(name)
    for one in (handmade, truth[0]):
        ours = one.ask(asked)
        assert one.ask_datafusion(asked) == _nearly(ours)
        assert one.ask_athena(asked) == ours


def test_an_empty_store_answers(tmp_path: Path) -> None:
    with site(tmp_path) as empty:
        for asked in load().values():
            rows = empty.ask(asked)
            assert len(rows) <= 1, asked.name
            assert empty.ask_datafusion(asked) == rows


@pytest.mark.parametrize("name", load())
def test_the_columns_are_those_of_the_header(handmade: Site, name: str) -> None:
    answer = handmade.searcher.query(bound(question(name), {}))
    assert answer.columns == [column.name for column in question(name).columns]


def _nearly(rows: list[Row]) -> list[Row]:
    """The rows, with a little freedom for percentiles: they are rounded."""
    return [
        {
            key: pytest.approx(value, rel=0.001, abs=0.1) if key.endswith(("_ms", "_min")) else value
            for key, value in row.items()
        }
        for row in rows
    ]


def test_requests_are_the_same_before_and_after_they_are_settled(tmp_path: Path) -> None:
    """Hours that need no join are read another way; each column of the view has to be in both."""
    access = [row for row in HANDMADE if "version" not in row]
    sql = "SELECT * FROM requests ORDER BY request_id"
    with site(tmp_path, access=access) as fresh:
        before = fresh.searcher.query(sql)
    with engine_at(tmp_path) as engine:
        with engine.snapshot(["edge", "access"], None, None) as data:
            assert len(settled(data)) == 1, "an hour in a file of its own"
        searcher = Searcher(engine)
        after = searcher.query(sql)
        searcher.close()
    assert after.columns == before.columns
    assert after.rows == before.rows
