"""Values in questions: only ever values, strictly read, the same for every question."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.questions import FILTERS, PARAMETERS, QuestionError, athena, bound, bucket_for, load, question
from edgewise.questions.binding import ANY, DUCKDB
from edgewise.questions.literals import integer_literal, text_literal
from questions.traffic import MIDNIGHT, MINUTE, Site, site, view

HOSTILE = "'; DROP TABLE x; -- $top \" \\' {conditions} `"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
REQUESTS = [
    view(1, 0, "/a", country="DE"),
    view(2, 1, "/a/b", status=404, country=None, agent="bot", bot_reason="r", user_agent="x"),
    view(3, 2, "*", status=500, country="unknown", host="!h"),
    view(4, 3, HOSTILE, query=HOSTILE, version="v"),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("store"), access=REQUESTS) as one:
        yield one


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as one:
        yield one


@given(text=TEXT)
def test_any_text_comes_through_a_literal_unchanged(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert connection.execute(f"SELECT {text_literal(text)}").fetchone() == (text,)


@given(name=st.sampled_from(sorted(FILTERS)), value=TEXT)
def test_any_value_of_a_filter_is_a_value_or_refused(
    connection: duckdb.DuckDBPyConnection, name: str, value: str
) -> None:
    """The statement's shape does not depend on the value: it parses, and reads what the question reads."""
    try:
        sql = bound(question("status_classes"), {name: value})
    except QuestionError as error:
        assert error.key == name
        return
    (statement,) = connection.extract_statements(sql)
    assert statement.type == duckdb.StatementType.SELECT
    assert sql.count("requests") == bound(question("status_classes"), {}).count("requests") + (
        value.count("requests")
    )


@given(referrers=st.lists(st.text("wW.:/?#aé\n", max_size=12), max_size=20))
def test_the_host_of_a_referrer_is_the_same_in_every_engine(
    connection: duckdb.DuckDBPyConnection, referrers: list[str]
) -> None:
    texts = [
        "https://www.x.example/a",
        "//x",
        "x",
        "a/b/c//d",
        *referrers,
        *(f"http://{one}" for one in referrers),
    ]
    connection.execute("CREATE OR REPLACE TABLE pages AS SELECT unnest($1::VARCHAR[]) AS referrer", [texts])
    rows = connection.sql(f"SELECT referrer, {ANY.referrer}, {DUCKDB.referrer} FROM pages").fetchall()
    assert [row for row in rows if row[1] != row[2]] == []
    assert rows[0][1] == "x.example"


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 2049])
def test_text_that_no_record_can_have_is_refused(text: str) -> None:
    with pytest.raises(QuestionError):
        text_literal(text)


def test_numbers_are_of_64_bits() -> None:
    assert (integer_literal(-(2**63)), integer_literal(2**63 - 1)) == (str(-(2**63)), str(2**63 - 1))
    with pytest.raises(QuestionError):
        integer_literal(2**63)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, 4),
        ({"path": "/a"}, 1),
        ({"path": "/a*"}, 2),
        ({"path": "*"}, 4),
        ({"path": "\\*"}, 1),
        ({"path": HOSTILE}, 1),
        ({"path": "!/a*"}, 2),
        ({"status": "404"}, 1),
        ({"status": "5XX"}, 1),
        ({"status": "!4xx"}, 3),
        ({"country": "unknown"}, 1),
        ({"country": "\\unknown"}, 1),
        ({"country": "!unknown"}, 3),
        ({"country": "!DE"}, 2),
        ({"host": "\\!h"}, 1),
        ({"agent": "bot"}, 1),
        ({"bot_reason": "!r"}, 3),
        ({"country": "", "agent": None}, 4),
        ({"start": MIDNIGHT + MINUTE, "end": str(MIDNIGHT + 3 * MINUTE)}, 2),
        ({"agent": "person", "status": "2xx", "path": "/*"}, 1),
    ],
)
def test_filters(asked: Site, filters: dict[str, str | int | None], expected: int) -> None:
    (row,) = asked.ask(question("overview"), **filters)
    assert row["requests"] == expected
    assert asked.ask_datafusion(question("overview"), **filters) == [row]
    assert asked.ask_athena(question("overview"), **filters) == [row]


def test_find_looks_for_text_as_it_is(asked: Site) -> None:
    for text, paths in ((HOSTILE.upper(), [HOSTILE]), ("%", []), ("FIREFOX", [HOSTILE, "*", "/a"])):
        assert [row["path"] for row in asked.ask(question("latest"), find=text)] == paths
    assert len(asked.ask(question("latest"), top=2)) == 2


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"top": "0"}, "top"),
        ({"top": "1001"}, "top"),
        ({"top": "1e1"}, "top"),
        ({"top": "٣"}, "top"),
        ({"start": "-1"}, "start"),
        ({"end": "9" * 30}, "end"),
        ({"status": "4x"}, "status"),
        ({"status": "0' OR 1"}, "status"),
        ({"bucket": "1"}, "bucket"),
        ({"nonsense": "1"}, "nonsense"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values: dict[str, str], key: str) -> None:
    with pytest.raises(QuestionError) as caught:
        bound(question("top_pages"), values)
    assert caught.value.key == key
    assert caught.value.code == "questions.value"


def test_an_unknown_question_names_the_nearest() -> None:
    with pytest.raises(QuestionError, match="Did you mean top_pages"):
        question("toppages")


def test_a_text_that_reads_like_a_percentile_stays_a_text() -> None:
    text = "percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms)"
    assert text in bound(question("latest"), {"find": text, "path": text})
    assert text not in bound(question("overview"), {})


@pytest.mark.parametrize("name", load())
def test_every_question_takes_every_filter_and_leaves_no_place_unfilled(name: str) -> None:
    values = dict.fromkeys(FILTERS, "1") | {"status": "404"}
    for sql in (bound(question(name), values), athena(question(name), values)):
        assert "$top" not in sql and "$bucket" not in sql and "$find" not in sql
        assert "404" in sql


def test_every_parameter_is_used_by_a_question() -> None:
    used = {each.name for one in load().values() for each in one.parameters}
    assert used == set(PARAMETERS)


@pytest.mark.parametrize(
    ("seconds", "width"), [(60, 1), (3600, 60), (86_400, 900), (7 * 86_400, 3600), (365 * 86_400, 604_800)]
)
def test_buckets_fit_the_time(seconds: int, width: int) -> None:
    assert bucket_for(0, seconds * 1_000_000) == width * 1_000_000
