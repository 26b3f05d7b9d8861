"""One look of the judge, from records to a changed release; and the same as a Lambda function beside an OpenObserve."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgewise.localaws.places import CREDENTIALS
from edgewise.rollout import (
    ChangedError,
    EvidenceError,
    Look,
    Release,
    Rules,
    act,
    leave_record,
    look,
)
from edgewise.rollout.asking import Behaviors
from edgewise.rollout.function import lambda_handler, run
from edgewise.rollout.openobserve import OpenObserve
from edgewise.rollout.places import Table
from edgewise.rollout.transitions import frozen
from rollout.local_aws import TABLE, local_client, running_aws
from rollout.traffic import CACHED, RELEASE, STARTED, UNCACHED, Asked, answered, asked, request, store_with
from store.conftest import Server, serving

SECONDS = 1_000_000
# Three minutes: v1 fails five times in 1,000, v2 eleven times in 100.
BAD = [
    record
    for number in range(1100)
    for record in request(
        number,
        number / 6,
        "v2" if number % 11 == 0 else "v1",
        status=503 if number % 220 in (0, 11) or number % 200 == 7 else 200,
    )
]
NOW = STARTED + 240 * SECONDS
NOTHING = Asked(lambda sql, start, end: [])


def looked(records: Asked, now: int, release: Release = RELEASE, behaviors: Behaviors = CACHED) -> Look:
    return look(release, records, Rules(), now, behaviors=behaviors)


class Kept:
    """A place in memory."""

    def __init__(self, release: Release | None) -> None:
        self.release = release

    def read(self) -> Release | None:
        return self.release

    def write(self, release: Release) -> Release:
        if self.release is not None and self.release.revision != release.revision:
            raise ChangedError("somebody else")
        self.release = replace(release, revision=release.revision + 1)
        return self.release


def test_a_bad_version_goes_back_and_says_why(tmp_path: Path) -> None:
    place = Kept(RELEASE)
    with store_with(tmp_path, BAD) as ask:
        found = act(place, looked(ask, NOW), NOW)
    assert place.release is not None and found.acted
    assert (place.release.state, place.release.weight, place.release.by) == ("rolled-back", 0, "the judge")
    assert place.release.reason == found.verdict.sentence
    assert "v2 failed 11 of 100 requests (11.0 %)" in found.verdict.sentence
    assert place.release.evict is not None and place.release.evict.version == "v2"
    record = found.record(NOW)
    assert (record["action"], record["acted"], record["errors_new"], record["answers_old"]) == (
        "rollback",
        True,
        11,
        1000,
    )
    assert json.loads(json.dumps(record)) == record


def test_a_good_version_goes_on_when_its_step_is_over(tmp_path: Path) -> None:
    good = [{**record, "status": 200} if "status" in record else record for record in BAD]
    place = Kept(replace(RELEASE, since=STARTED - 3600 * SECONDS))
    with store_with(tmp_path, good) as ask:
        assert place.release is not None
        found = act(place, looked(ask, NOW, place.release), NOW)
    assert found.verdict.action == "promote" and place.release.weight == 25 and place.release.step == 1
    held = act(place, looked(NOTHING, NOW, place.release), NOW)
    assert held.verdict.rule == "no-data" and not held.acted


def test_a_tab_that_is_stuck_takes_no_good_version_back(tmp_path: Path) -> None:
    """It fails every ten seconds, by chance on v2; two others there have met an error, as many on v1 have."""
    stuck = {"visitor": "stuck"}
    records = [
        record | (stuck if "decision" in record else {})
        for number in range(60)
        for record in request(5000 + number, number * 10 + 3.0, "v2", status=500)
    ]
    for number in range(1200):
        version = "v2" if number % 20 == 0 else "v1"
        records += request(number, number / 2, version, status=500 if number % 37 == 10 else 200)
    with store_with(tmp_path, records) as ask:
        found = looked(ask, STARTED + 660 * SECONDS)
    assert (found.verdict.action, found.verdict.rule) == ("hold", "schedule"), found.verdict.sentence
    assert found.record(NOW)["errors_new"] > 60


def test_one_visitor_who_reloads_a_file_of_the_cache_is_no_silence(tmp_path: Path) -> None:
    """The cache answers a good part of v1's requests, and for three minutes all of v2's, which are one visitor's."""
    records, number = [], 0
    for second in range(0, 400, 2):
        for place in range(5):
            number += 1
            whole = request(number, second + place * 0.3, "v1")
            records += whole if place % 2 else whole[:1]
        number += 1
        whole = request(number, second, "v2")
        records += whole if second < 200 else [whole[0] | {"client_ip": "192.0.2.1", "decision": "cookie"}]
    with store_with(tmp_path, records) as ask:
        found = looked(ask, STARTED + 420 * SECONDS)
    assert (found.verdict.action, found.verdict.rule) == ("hold", "schedule"), found.verdict.sentence


def test_an_origin_is_silent_though_another_that_is_not_steered_answers(tmp_path: Path) -> None:
    records, number = [], 0
    for second in range(0, 400, 2):
        for version in ("v1", "v1", "v1", "v1", "v2"):
            number += 1
            whole = request(number, second + number % 5 * 0.3, version)
            records += whole[:1] if version == "v2" and second >= 200 else whole
        if second % 10 == 0:
            asked_for, answer = request(number + 10_000, second + 1, "v2")
            records += [asked_for, answer | {"version": None, "origin_ms": None}]
    with store_with(tmp_path, records) as ask:
        found = looked(ask, STARTED + 420 * SECONDS)
    assert (found.verdict.action, found.verdict.rule) == ("rollback", "silent"), found.verdict.sentence


def half_dead(lost: int = 0, method: str = "GET") -> list[dict[str, Any]]:
    """Ten minutes, two new visitors a second, every other one on v2, of whose requests seven in ten get no answer; or,
    for `lost`, every so manieth answer of both versions has lost its record."""
    records = []
    for number in range(1200):
        version = "v2" if number % 2 else "v1"
        gone = number // 2 % lost == 0 if lost else version == "v2" and number // 2 % 10 < 7
        here = {"method": method, "client_ip": f"192.0.{number // 250}.{number % 250}"}
        records.append(asked(number, number / 2, version) | here)
        records += [] if gone else [answered(number, number / 2 + 0.05, version)]
    return records


LATE = STARTED + 700 * SECONDS


def test_an_origin_that_answers_three_in_ten_goes_back(tmp_path: Path) -> None:
    """CloudFront's own 502 has no origin-response, so that none of its records has an error."""
    with store_with(tmp_path, half_dead()) as ask:
        found = looked(ask, LATE, behaviors=UNCACHED)
        soon = looked(ask, STARTED + 100 * SECONDS, behaviors=UNCACHED)
        cached = looked(ask, LATE, replace(RELEASE, since=STARTED - 3600 * SECONDS))
    assert (found.verdict.action, found.verdict.rule) == ("rollback", "unanswered"), found.verdict.sentence
    assert (
        "of what no cache answers, v2 left 420 of 600 requests unanswered (70.0 %)" in found.verdict.sentence
    )
    assert "v1 left 0 of 600 requests unanswered (0.0 %); " in found.verdict.sentence
    record = found.record(LATE)
    assert (record["errors_new"], record["unanswered_new"], record["unanswered_old"]) == (0, 420, 0)
    assert (soon.verdict.rule, soon.before) == ("unanswered", None)
    assert (cached.verdict.action, cached.verdict.rule) == ("hold", "unclear"), cached.verdict.sentence
    assert "has answered 180 of 600, that of v1 600 of 600" in cached.verdict.sentence
    assert cached.record(LATE)["unanswered_new"] == 0


def test_a_cache_never_answers_a_post(tmp_path: Path) -> None:
    with store_with(tmp_path, half_dead(method="POST")) as ask:
        assert looked(ask, LATE, behaviors=CACHED).verdict.rule == "unanswered"


@pytest.mark.parametrize("lost", [2, 20])
def test_records_that_get_lost_weigh_on_both_versions_alike(tmp_path: Path, lost: int) -> None:
    """Also where nothing is left to compare with: everybody new meets v2."""
    with store_with(tmp_path, half_dead(lost=lost)) as ask:
        found = looked(ask, LATE, replace(RELEASE, since=STARTED - 3600 * SECONDS), UNCACHED)
    assert found.verdict.action == "promote", found.verdict.sentence
    alone = [one for one in half_dead(lost=lost) if one["version"] == "v2"]
    with store_with(tmp_path / "alone", alone) as ask:
        full = looked(ask, LATE, replace(RELEASE, state="full", weight=100.0), UNCACHED)
    assert full.verdict.action == "hold", full.verdict.sentence


def test_what_a_version_asks_for_more_often_loses_no_more(tmp_path: Path) -> None:
    """A page of v2 makes ten requests and one of v1 a single one; of all the tenth answer has lost its record."""
    records, number = [], 0
    for visitor in range(400):
        version = "v2" if visitor % 2 else "v1"
        for place in range(10 if version == "v2" else 1):
            number += 1
            # CloudFront's ids say nothing of the order in which requests come.
            known = {"request_id": f"{(visitor * 7919 + place * 104729) % 1_000_003:06}"}
            records.append(asked(number, visitor + place / 20, version, visitor=f"v{visitor}") | known)
            if number % 10 != 3:
                records.append(answered(number, visitor + place / 20 + 0.01, version) | known)
    with store_with(tmp_path, records) as ask:
        found = looked(ask, STARTED + 500 * SECONDS, behaviors=UNCACHED)
    assert (found.verdict.action, found.verdict.rule) == ("hold", "schedule"), found.verdict.sentence


@pytest.mark.parametrize(
    "how",
    [
        {"decision": "tester"},
        {"decision": "excluded"},
        {"decision": "earlier"},
        {"status": 301},
        {"failure": "rollout: the state cannot be read", "sample_rate": 1.0},
    ],
)
def test_requests_that_nobody_has_to_answer_are_none_without_an_answer(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    """Of visitors who were not drawn, answered by a function itself, or of a sample that leaves the answer out."""
    changed = [one | (how if "decision" in one else {}) for one in half_dead() if one["version"] == "v2"]
    with store_with(tmp_path, [*changed, *(one for one in half_dead() if one["version"] == "v1")]) as ask:
        found = looked(ask, LATE, behaviors=UNCACHED)
    assert found.verdict.action == "hold" and found.record(LATE)["unanswered_new"] == 0


def test_a_step_at_origin_request_that_answers_is_no_origin_without_an_answer(tmp_path: Path) -> None:
    """CloudFront then asks no origin, and shows the answer to no origin-response."""
    known = {one["request_id"] for one in half_dead() if one["trigger"] == "origin-response"}
    made = [
        one
        | {"trigger": "origin-request", "record_id": f"{one['request_id']}:origin-request:1", "status": 200}
        for one in half_dead()
        if one["request_id"] not in known
    ]
    with store_with(tmp_path, [*half_dead(), *made]) as ask:
        assert looked(ask, LATE, behaviors=UNCACHED).verdict.action == "hold"


def test_an_answer_that_is_under_way_is_waited_for(tmp_path: Path) -> None:
    """v2 takes 25 seconds for a report, which its site allows: CloudFront waits for 30."""
    records = []
    for number in range(1200):
        version = "v2" if number % 2 else "v1"
        records.append(asked(number, number / 2, version))
        records.append(
            answered(number, number / 2 + (25 if version == "v2" else 0.1), version, origin_ms=20.0)
        )
    for now in (100, 340, 640):
        # What is asked sees no more than there is by then.
        with store_with(
            tmp_path / str(now), [r for r in records if r["_timestamp"] < STARTED + now * SECONDS]
        ) as ask:
            found = looked(ask, STARTED + now * SECONDS, behaviors=UNCACHED)
        assert found.verdict.action == "hold" and found.record(NOW)["unanswered_new"] == 0, (
            found.verdict.sentence
        )


def test_records_that_cannot_be_asked_for_hold() -> None:
    def ask(sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        raise EvidenceError("nobody answers")

    found = looked(Asked(ask), NOW)
    assert (found.verdict.action, found.verdict.rule) == ("hold", "no-data")
    assert found.verdict.sentence == "The records cannot be asked for, so nothing changes: nobody answers."
    assert found.record(NOW)["requests_new"] == 0


def test_a_judgement_that_cannot_be_kept_stops_nothing() -> None:
    def keep(stream: str, record: Mapping[str, Any]) -> None:
        raise EvidenceError("the disk is full")

    found = looked(NOTHING, NOW)
    assert leave_record(found.record(NOW), keep) == "the disk is full"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with running_aws() as url:
        yield url


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as one:
        yield one


def test_the_function_rolls_back_on_real_services(tmp_path: Path, aws: str, server: Server) -> None:
    """DynamoDB and the password from moto, the records from a store's server, which speaks as OpenObserve does."""
    server.post("edge", BAD)
    known = json.loads((tmp_path / "credentials.json").read_text())
    local_client("ssm", aws).put_parameter(
        Name="/shop/password", Value=known["password"], Type="SecureString"
    )
    place = Table(local_client("dynamodb", aws), TABLE)
    settings = {
        "state": {"from": "dynamodb", "table": TABLE},
        "region": "us-east-1",
        "endpoint": aws,
        "openobserve": {
            "url": server.url,
            "organization": "default",
            "stream": "edge",
            "user": known["user"],
            "password": {"from": "ssm", "name": "/shop/password"},
            "region": "us-east-1",
        },
        "rules": {"least_visitors": 2},
        "behaviors": [["/assets/*", "cache"], ["*", "origin"]],
    }
    assert run(settings, NOW, local_client)["sentence"] == "There is no release."
    place.write(RELEASE)
    judgement = run(settings, NOW, local_client)
    assert (judgement["action"], judgement["acted"], judgement["rule"]) == ("rollback", True, "errors")
    release = place.read()
    assert release is not None and release.state == "rolled-back"
    (row,) = server.rows("SELECT * FROM rollout")
    assert row["sentence"] == judgement["sentence"] == release.reason
    assert run(settings, NOW + 60 * SECONDS, local_client)["rule"] == "nothing"


class Overtaken:
    """A client of DynamoDB: before it writes, somebody else does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **words: Any) -> Any:
        place = Table(self._client, TABLE)
        release = place.read()
        assert release is not None
        place.write(frozen(release, NOW, "wait", "ada"))
        return self._client.put_item(**words)


def test_the_function_leaves_it_to_who_was_quicker(tmp_path: Path, aws: str, server: Server) -> None:
    server.post("edge", BAD)
    client = local_client("dynamodb", aws)
    client.delete_item(TableName=TABLE, Key={"id": {"S": "release"}})
    Table(client, TABLE).write(RELEASE)
    known = json.loads((tmp_path / "credentials.json").read_text())
    password = {"from": "ssm", "name": "/shop/quicker"}
    local_client("ssm", aws).put_parameter(
        Name=password["name"], Value=known["password"], Type="SecureString", Overwrite=True
    )
    records = {"url": server.url, "organization": "default", "stream": "edge", "user": known["user"]}
    settings = {
        "state": {"from": "dynamodb", "table": TABLE},
        "region": "us-east-1",
        "endpoint": aws,
        "openobserve": {**records, "password": password, "region": "us-east-1"},
        "behaviors": UNCACHED,
    }

    def overtaken(service: str, endpoint: str | None, region: str) -> Any:
        made = local_client(service, endpoint, region)
        return Overtaken(made) if service == "dynamodb" else made

    judgement = run(settings, NOW, overtaken)
    assert (judgement["action"], judgement["acted"]) == ("rollback", False)
    assert judgement["note"] == "somebody else changed the release meanwhile"
    kept = Table(client, TABLE).read()
    assert kept is not None and (kept.state, kept.by) == ("frozen", "ada")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and never answers: the first question takes all the time there is.
        settings["openobserve"]["url"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        judgement = run(settings, NOW, local_client, budget=0.3)
    assert (judgement["action"], judgement["rule"]) == ("hold", "no-data")
    assert "no time is left to ask OpenObserve" in judgement["note"]
    client.delete_item(TableName=TABLE, Key={"id": {"S": "release"}})


def test_the_function_reads_the_settings_beside_it(
    tmp_path: Path, aws: str, monkeypatch: Any, capsys: Any
) -> None:
    settings = {"state": {"from": "ssm", "name": "/none"}, "region": "us-east-1", "endpoint": aws}
    (tmp_path / "edgewise_judge.json").write_text(json.dumps(settings))
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    assert lambda_handler({}, None)["action"] == "hold"
    assert json.loads(capsys.readouterr().out)["sentence"] == "There is no release."


def test_an_openobserve_that_refuses_or_is_not_there(tmp_path: Path, server: Server) -> None:
    with pytest.raises(EvidenceError, match="answered 401"):
        OpenObserve(server.url, "default", "u", "wrong").ask("SELECT 1", 0, 1)
    known = json.loads((tmp_path / "credentials.json").read_text())
    right = OpenObserve(server.url, "default", known["user"], known["password"])
    with pytest.raises(EvidenceError, match="answered 4"):
        right.ask("SELECT nothing FROM edge", 0, 1)
    with pytest.raises(EvidenceError, match="answered 404"):
        right.columns("none")
    assert {"decision", "release", "origin_ms"} <= {*right.columns("edge")}
    with pytest.raises(EvidenceError, match="cannot be asked"):
        OpenObserve("http://127.0.0.1:1", "default", "u", "p").keep("rollout", {})
