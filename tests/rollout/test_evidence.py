"""Evidence from records: which requests count, which do not, the same from our store and from OpenObserve's engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datafusion
import pyarrow as pa
import pytest

from edgewise.edge.record import FLOATS, INTEGERS
from edgewise.rollout import Evidence, EvidenceError, gather
from edgewise.rollout.asking import MOST_TIME, Behaviors, first_time
from edgewise.rollout.evidence import BEGINNING, BLOCK, Counts, summed
from edgewise.store.known import EDGE, KNOWN_STREAMS
from rollout.traffic import CACHED, RELEASE, STARTED, UNCACHED, Asked, answered, asked, request, store_with

SETTLE = 20_000_000
NOW = STARTED + 600_000_000
ARROW = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}

RECORDS = [
    *request(1, 1, "v1"),
    asked(2, 2, "v2", decision="session-unknown"),
    answered(2, 2.05, "v2"),
    *request(3, 3, "v2", status=503),
    *request(4, 4, "v1", status=404),
    *request(5, 15, "v2", origin_ms=80.0),
    *request(5, 15, "v2", origin_ms=80.0),
    # From the cache: nothing of an origin.
    asked(6, 16, "v2"),
    # None of these counts.
    asked(7, 5, "v2", decision="tester"),
    answered(7, 5.1, "v2", status=500),
    asked(8, 5, "v1", decision="excluded", agent="bot"),
    answered(8, 5.1, "v1", status=500),
    # A session from before the release had no choice: only the old version has such visitors.
    asked(15, 5, "v1", decision="earlier"),
    answered(15, 5.1, "v1", status=500),
    asked(9, 5, "v2", release="2026-11-01-0000"),
    answered(9, 5.1, "v2", status=500),
    answered(10, 6, "v2", status=500),
    *request(11, 6, "v3", status=500),
    asked(12, 6, "v1", decision="fault"),
    answered(12, 6.1, "v1", status=500),
    asked(14, 6, "v1", decision="old-state"),
    answered(14, 6.1, "v1", status=500),
    # Not settled yet.
    *request(13, 590, "v2", status=500),
]


def datafusion_with(records: list[dict[str, Any]]) -> Asked:
    """The engine of OpenObserve, over the stream's known columns."""
    kinds = KNOWN_STREAMS[EDGE]
    schema = pa.schema([(name, ARROW[kind]) for name, kind in kinds.items()])
    once = {each["record_id"]: each for each in records}
    return asked_of(pa.Table.from_pylist([*once.values()], schema=schema))


def asked_of(table: pa.Table, known: set[str] | None = None) -> Asked:
    def ask(sql: str, start: int, end: int) -> list[dict[str, Any]]:
        session = datafusion.SessionContext()
        session.from_arrow(table, name="all_of_it")
        session.from_arrow(
            session.sql(f"SELECT * FROM all_of_it WHERE _timestamp >= {start} AND _timestamp < {end}"),
            name="edge",
        )
        rows: list[dict[str, Any]] = session.sql(sql).to_pylist()
        return rows

    return Asked(ask, known)


@pytest.fixture(scope="module", params=["our store", "OpenObserve's engine"])
def ask(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    if request.param != "our store":
        yield datafusion_with(RECORDS)
        return
    with store_with(tmp_path_factory.mktemp("store"), RECORDS) as one:
        yield one


def gathered(
    ask: Asked, now: int = NOW, factor: float = 1.5, behaviors: Behaviors = UNCACHED, stream: str = "edge"
) -> Evidence:
    return gather(ask, RELEASE, now, settle=SETTLE, factor=factor, behaviors=behaviors, stream=stream)


def test_requests_that_count_are_in_their_blocks(ask: Asked) -> None:
    found = gathered(ask)
    assert [(each.at - STARTED) // BLOCK for each in found.blocks] == [0, 1]
    first, second = found.blocks
    assert first.old == Counts(asked=2, answered=2, good=1, failed=0, visitors=1, leaving=2)
    assert first.new == Counts(asked=2, answered=2, good=1, failed=1, visitors=2, leaving=2)
    assert second.old == Counts()
    assert second.new == Counts(asked=2, answered=1, good=1, failed=0, visitors=1, leaving=2)


def test_totals_are_what_people_read(ask: Asked) -> None:
    found = gathered(ask)
    assert (found.old.asked, found.old.client_errors, found.old.errors) == (2, 1, 0)
    # With the one that is not settled: people see all there is.
    assert (found.new.asked, found.new.answers, found.new.errors) == (5, 4, 2)
    assert (found.new.visitors, found.new.visitors_with_errors) == (5, 2)
    assert found.new.p50_ms == pytest.approx(20.0) and found.new.last_asked == STARTED + 590_000_000


def test_what_is_not_settled_is_in_no_block(ask: Asked) -> None:
    later = gathered(ask, NOW + 60_000_000)
    assert sum(each.new.failed for each in later.blocks) == 2
    nothing = gathered(ask, STARTED + 1_000_000)
    assert nothing.blocks == () and nothing.new.asked == 0


def test_the_slowest_of_a_minute(tmp_path: Path) -> None:
    """Forty answers, two of them the slowest 5 %: those of v2 count by 1/1.5 of their time."""
    records = [
        record
        for number in range(40)
        for record in request(
            number, 1 + number, "v2" if number % 4 == 0 else "v1", origin_ms=10.0 + number % 7
        )
    ]
    records += request(40, 50, "v2", origin_ms=300.0) + request(41, 51, "v1", origin_ms=250.0)
    records += request(42, 52, "v1", origin_ms=201.0) + request(43, 53, "v2", status=500, origin_ms=900.0)
    with store_with(tmp_path, records) as ask_store:
        (ours,) = gathered(ask_store).minutes
        assert gathered(ask_store, factor=0).minutes == ()
    (theirs,) = gathered(datafusion_with(records)).minutes
    assert ours == theirs
    assert (ours.timed_old, ours.timed_new) == (32, 11)
    assert (ours.slow_old, ours.slow_new) == (2, 0), "300 ms / 1.5 are less than 201 ms"


def test_records_of_a_sample_stand_for_as_many(tmp_path: Path) -> None:
    records = [
        record | {"sample_rate": 0.25} for number in range(8) for record in request(number, number, "v2")
    ]
    # Errors are always told; of a request that is not in the sample there is nothing to compare with.
    records.append(answered(99, 5, "v2", status=500))
    with store_with(tmp_path, records) as ask_store:
        found = gathered(ask_store)
    assert (found.new.asked, found.new.answers, found.new.errors) == (32, 32, 0)
    assert found.new.sample_rate == 0.25
    assert sum(each.new.tried for each in found.blocks) == 8


def test_who_tries_again_fails_once_in_a_release(tmp_path: Path) -> None:
    """And what he is answered afterwards says nothing more."""
    same = {"visitor": "ada"}
    records = [
        record | (same if "decision" in record else {})
        for number in range(6)
        for record in request(number, number * 3.0, "v2", status=200 if number in (1, 5) else 500)
    ]
    unknown = {"client_ip": None, "user_agent": None}
    records += [
        record | (unknown if "decision" in record else {})
        for number in (7, 8)
        for record in request(number, 40, "v1", status=500)
    ]
    with store_with(tmp_path, records) as ask_store:
        found = gathered(ask_store)
    assert gathered(datafusion_with(records)).blocks == found.blocks
    assert [each.new for each in found.blocks] == [
        Counts(asked=1, answered=1, good=0, failed=1, visitors=1),
        Counts(asked=1, answered=1, leaving=1),
        Counts(),
    ]
    assert found.blocks[2].old == Counts(2, 2, 0, 2, 2, 2), "who is not told apart is another one each time"
    assert (found.new.errors, found.new.visitors_with_errors, found.new.visitors) == (4, 1, 1)


def test_a_visitor_is_slow_once(tmp_path: Path) -> None:
    """Ten answers within each minute for one report of v2; others are asked for by forty visitors."""
    records = []
    for minute in range(3):
        for number in range(40):
            version = "v2" if number % 4 == 0 else "v1"
            records += request(1000 * minute + number, 60 * minute + number, version)
        for number in range(10):
            again = request(1000 * minute + 900 + number, 60 * minute + 45 + number, "v2", origin_ms=5000.0)
            records += [one | {"visitor": "ada"} if "decision" in one else one for one in again]
    with store_with(tmp_path, records) as ask_store:
        ours = gathered(ask_store).minutes
    assert gathered(datafusion_with(records)).minutes == ours
    assert [each.slow_new for each in ours] == [1, 0, 0]
    assert [each.timed_new for each in ours] == [11, 10, 10]


def test_answers_of_behaviors_that_are_not_steered_say_nothing(tmp_path: Path) -> None:
    """Nine of ten requests go to a bucket: its answers name no version."""
    records = []
    for number in range(200):
        failed = number % 100 == 1
        steered = number % 10 == 1
        asked_for, answer = request(number, number / 10, "v2", status=500 if failed else 200)
        without = {name: value for name, value in answer.items() if name not in ("version", "origin_ms")}
        records += [asked_for, answer if steered else without]
    records.append(asked(900, 20, "v2"))
    with store_with(tmp_path, records) as ask_store:
        found = gathered(ask_store)
    assert gathered(datafusion_with(records)).blocks == found.blocks
    whole = summed(found.blocks)[1]
    assert (whole.asked, whole.answered, whole.good, whole.failed) == (21, 20, 18, 2)


def test_who_may_answer_is_said_by_the_first_pattern_that_matches(tmp_path: Path) -> None:
    behaviors = [["images/*", "elsewhere"], ["/_next/*", "cache"], ["*.cs?", "cache"], ["/it's", "cache"]]
    due = ["/", "/order/images/1", "/xnext/a.js", "/a.CSS", "/a.cs", "/it"]
    # A path that CloudFront may read in another way is taken for the cache's.
    cacheable = ["/_next/a.js", "/a.css", "/it's", "/%5Fnext/a.js", "/order/../_next/a.js", "//_next/a.js"]
    records = [
        asked(number, number * 10, "v2", path=path)
        for number, path in enumerate([*due, *cacheable, "/images/1", None])
    ]
    with store_with(tmp_path, records) as ask_store:
        found = gathered(ask_store, behaviors=[*behaviors, ["*", "origin"]])
    theirs = gathered(datafusion_with(records), behaviors=[*behaviors, ["*", "origin"]])
    assert (theirs.due, theirs.cacheable) == (found.due, found.cacheable)
    missed = Counts(failed=1, visitors=1)
    at = [each.at for each in found.due if each.new == missed]
    assert at == [STARTED + place * BLOCK for place in range(len(due))]
    at = [each.at for each in found.cacheable if each.new == missed]
    assert at == [STARTED + place * BLOCK for place in (*range(6, 12), 13)]
    assert found.new.unanswered == len(due)


def test_a_visitor_is_left_without_an_answer_once_and_not_while_it_may_come(ask: Asked) -> None:
    """Both of our engines: q6 asked for what has no answer, in the second block."""
    found = gathered(ask)
    assert [each.new for each in found.due] == [
        Counts(good=2, visitors=2),
        Counts(good=1, failed=1, visitors=2),
    ]
    assert (found.cacheable, found.new.unanswered, found.old.unanswered) == ((), 1, 0)
    assert [each.new for each in gathered(ask, behaviors=CACHED).cacheable] == [
        each.new for each in found.due
    ]
    early = gathered(ask, STARTED + 59_000_000)
    assert early.due == () and early.new.unanswered == 0, (
        "it may be under way for 30 s, and its record for 20"
    )
    assert gathered(ask, STARTED + 70_000_000).new.unanswered == 1


def test_who_reloads_what_has_no_answer_is_left_without_one_once(tmp_path: Path) -> None:
    records = [asked(number, number * 2, "v2", visitor="ada") for number in range(20)]
    with store_with(tmp_path, records) as ask_store:
        found = gathered(ask_store)
    assert gathered(datafusion_with(records)).due == found.due
    assert [each.new for each in found.due] == [Counts(failed=1, visitors=1)]
    assert (found.new.asked, found.new.unanswered) == (20, 20), "the table is of all requests"


def test_an_empty_store_answers_with_nothing(tmp_path: Path) -> None:
    with store_with(tmp_path, []) as ask_store:
        found = gathered(ask_store)
    assert found.blocks == () and found.new.asked == 0


def test_columns_that_no_record_has_brought_are_nothing() -> None:
    """A stream of OpenObserve where nobody's address is recorded."""
    hidden = {"visitor", "client_ip", "user_agent"}
    records = [{name: value for name, value in one.items() if name not in hidden} for one in RECORDS]
    known = {name for one in records for name in one}
    once = [*{one["record_id"]: one for one in records}.values()]
    found = gathered(asked_of(pa.Table.from_pylist([dict.fromkeys(known) | one for one in once]), known))
    assert (found.new.asked, found.new.errors) == (5, 2)
    assert (found.new.visitors, found.new.visitors_with_errors) == (0, 0), "nobody is told apart"
    assert sum(each.new.failed for each in found.blocks) == 1


def test_hostile_names_are_values(tmp_path: Path) -> None:
    with store_with(tmp_path, RECORDS) as ask_store, pytest.raises(EvidenceError):
        gathered(ask_store, stream='edge" --')


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(EvidenceError):
        gathered(Asked(lambda sql, start, end: [{"n": 1}]))


def test_two_days_are_asked_for_at_most_and_from_a_beginning_on() -> None:
    assert first_time(STARTED + 5, STARTED + BEGINNING) == STARTED
    late = first_time(STARTED, STARTED + 3 * MOST_TIME + 7)
    assert (late - STARTED) % BEGINNING == 0
    assert MOST_TIME - BEGINNING <= STARTED + 3 * MOST_TIME + 7 - late <= MOST_TIME


def test_the_records_have_what_the_judge_asks_for() -> None:
    assert {"status", "_timestamp"} <= {*INTEGERS} and {"origin_ms", "sample_rate"} <= {*FLOATS}
