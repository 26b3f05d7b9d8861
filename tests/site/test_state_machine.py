"""The state machine of a compiled template, run by an interpreter: from raw views to lines of files, or a queue."""

from __future__ import annotations

import copy
import gzip
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.agents import country_names
from edgewise.edge.statistics.finish import finish
from edgewise.site import compile_template
from localaws.aws import Aws, local_aws
from support.sites import ONE_ORIGIN, site_of

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"
VIEW = {
    "schema": "pageview/1",
    "event_id": "a-request==",
    "_timestamp": 1_795_264_496_789_012,
    "host": "shop.example.com",
    "page": "/products/lamp",
    "status": 200,
    "country": "DE",
    "devices": ["mobile", "tablet"],
    "bot": False,
    "referrer_host": "search.example",
    "campaign_source": "letter",
    "campaign_medium": "mail",
    "campaign_name": "autumn",
    "language": "de",
    "visitor": "0011223344556677",
    "entry": True,
    "settings_hash": "abcdef012345",
}
HOSTILE = "'}) %}\"${Bus}{% $error('x') %} $states.input \\ \u2028 \ud7ff \U0001f600 </script>"


def machine(template: dict[str, Any], name: str, **replaced: str) -> dict[str, Any]:
    """The template's state machine once more, with text of its definition replaced."""
    resource = copy.deepcopy(template["Resources"]["PageViewsStateMachine"])
    text = json.dumps(resource["Properties"]["Definition"])
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    # One try more instead of three: each waits longer than the one before.
    definition = json.loads(text.replace('"MaxAttempts": 3', '"MaxAttempts": 1'))
    resource["Properties"] |= {"StateMachineName": name, "Definition": definition}
    return resource


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The site's own resources, and state machines beside its own to which something happens."""
    folder = tmp_path_factory.mktemp("shop")
    template = compile_template(site_of(folder, f"{ONE_ORIGIN}[statistics]\n"), code_hash="0")
    del template["Resources"]["Distribution"]
    template["Resources"] |= {
        # PutEvents refuses an entry without a type, and takes the call.
        "Refused": machine(template, "refused", PageView=""),
        "Raising": machine(template, "raising", **{"$items :=": "$error('broken'); $items :="}),
        "Deaf": machine(template, "deaf", **{"PageView": "", "${Queue}": "http://127.0.0.1:9/none"}),
    }
    with local_aws(template) as running:
        yield running


def run(aws: Aws, views: Any, name: str = "shop-page-views") -> str:
    """The status that an execution ends with."""
    states = aws.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=MACHINE + name, input=json.dumps(views), name=uuid.uuid4().hex
    )

    def over() -> Any:
        status = states.describe_execution(executionArn=started["executionArn"])["status"]
        return status != "RUNNING" and status

    status: str = aws.until(over)
    return status


def set_aside(aws: Aws) -> list[Any]:
    """The messages in the queue, which are then gone."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="shop-page-views-failed")["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    return found


def lines(aws: Aws, ids: set[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By their ids, the lines of the bucket's files for these views: the folder, and the view."""
    bucket = aws.client("s3").list_buckets()["Buckets"][0]["Name"]
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    read: set[str] = set()

    def complete() -> bool:
        for key in set(aws.written()) - read:
            read.add(key)
            body = gzip.decompress(aws.body(bucket, key))
            assert body.endswith(b"\n")
            for line in body.splitlines():
                view = json.loads(line)
                seen[view.get("event_id")] = (key.rpartition("/")[0], view)
        return ids <= seen.keys()

    aws.until(complete)
    return {one: seen[one] for one in ids}


def views(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Views that are alike but for their ids."""
    return [{**VIEW, "event_id": uuid.uuid4().hex, **changes} for _ in range(count)]


def finished(aws: Aws, raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of views, in their order; all succeed and nothing is set aside."""
    assert run(aws, raw) == "SUCCEEDED"
    found = lines(aws, {one["event_id"] for one in raw})
    assert set_aside(aws) == []
    return [found[one["event_id"]][1] for one in raw]


def test_a_view_becomes_a_line_under_its_own_day(aws: Aws) -> None:
    (raw,) = views(1)
    assert run(aws, raw) == "SUCCEEDED"
    folder, line = lines(aws, {raw["event_id"]})[raw["event_id"]]
    assert folder == "page_views/view_date=2026-11-21"
    assert list(line.items()) == [
        ("schema", "pageview/1"),
        ("event_id", raw["event_id"]),
        ("_timestamp", 1_795_264_496_789_012),
        ("view_time", "2026-11-21T12:34:56.789Z"),
        ("view_date", "2026-11-21"),
        ("host", "shop.example.com"),
        ("page", "/products/lamp"),
        ("status", 200),
        ("country", "DE"),
        ("country_name", "Germany"),
        ("device", "tablet"),
        ("referrer_host", "search.example"),
        ("campaign_source", "letter"),
        ("campaign_medium", "mail"),
        ("campaign_name", "autumn"),
        ("language", "de"),
        ("visitor", "0011223344556677"),
        ("entry", True),
    ]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 110])
def test_a_batch_of_any_size_loses_and_doubles_nothing(aws: Aws, count: int) -> None:
    raw = views(count)
    assert [one["event_id"] for one in finished(aws, raw)] == [one["event_id"] for one in raw]


def test_what_is_not_known_is_null_and_has_its_key(aws: Aws) -> None:
    keys = ("schema", "_timestamp", "host", "page")
    raw = {"event_id": uuid.uuid4().hex, **{key: VIEW[key] for key in keys}}
    (line,) = finished(aws, [raw])
    assert {key for key, value in line.items() if value is not None} == {*raw, "view_time", "view_date"}
    assert len(line) == 18


def test_hostile_text_is_text(aws: Aws) -> None:
    keys = ("host", "page", "country", "referrer_host", "campaign_name", "language", "visitor")
    (line,) = finished(aws, views(1, **dict.fromkeys(keys, HOSTILE), devices=[HOSTILE, "desktop"]))
    assert {line[key] for key in keys} == {HOSTILE}
    assert (line["country_name"], line["device"]) == (None, "desktop")


@pytest.mark.parametrize(
    ("devices", "bot", "device"),
    [
        (["desktop", "mobile", "tablet", "smart-tv"], False, "smart-tv"),
        (["mobile", "tablet"], False, "tablet"),
        (["mobile"], False, "mobile"),
        (["desktop"], False, "desktop"),
        (["desktop"], True, "bot"),
        ([], True, "bot"),
        ([], False, None),
        (["toaster"], None, None),
    ],
)
def test_a_device_is_the_narrowest_of_its_flags(
    aws: Aws, devices: list[str], bot: bool | None, device: str | None
) -> None:
    assert finished(aws, views(1, devices=devices, bot=bot))[0]["device"] == device


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "pageview/2"},
        {"schema": None},
        {"event_id": ""},
        {"event_id": 7},
        {"_timestamp": "now"},
        {"_timestamp": 1.5},
        {"_timestamp": -1},
        {"_timestamp": 1e300},
        {"host": None},
        {"page": ["/"]},
    ],
    ids=str,
)
def test_what_is_no_view_goes_to_the_queue_as_it_came_and_the_others_go_on(
    aws: Aws, change: dict[str, Any]
) -> None:
    good, bad = views(2)
    assert run(aws, [bad | change, good]) == "SUCCEEDED"
    assert set_aside(aws) == [{"reason": "not a view of pageview/1", "views": [bad | change]}]
    assert lines(aws, {good["event_id"]})


@pytest.mark.parametrize("given", [None, 3, "text", [1, None, "x"], {}, {"a": []}], ids=str)
def test_any_other_input_is_set_aside_too(aws: Aws, given: Any) -> None:
    assert run(aws, given) == "SUCCEEDED"
    (message,) = set_aside(aws)
    assert message["views"] == (given if isinstance(given, list) else [given])


def test_entries_that_the_bus_refuses_go_to_the_queue_and_can_be_sent_again(aws: Aws) -> None:
    raw = views(12)
    assert run(aws, raw, "refused") == "SUCCEEDED"
    messages = set_aside(aws)
    assert [one["reason"] for one in messages] == ["EventBridge.FailedEntry"] * 2
    kept = [view for one in messages for view in one["views"]]
    assert sorted(kept, key=str) == sorted(raw, key=str)
    for message in messages:
        assert len(finished(aws, message["views"])) == len(message["views"])


def test_a_failure_of_the_machine_itself_keeps_the_whole_batch(aws: Aws) -> None:
    raw = views(3)
    assert run(aws, raw, "raising") == "SUCCEEDED"
    assert set_aside(aws) == [{"reason": "States.QueryEvaluationError", "views": raw}]


def test_an_execution_that_can_tell_nobody_fails_so_that_the_alarm_rings(aws: Aws) -> None:
    assert run(aws, views(1), "deaf") == "FAILED"


TEXT = st.text(max_size=12)
RAW = st.fixed_dictionaries(
    {
        "schema": st.just("pageview/1"),
        # Around midnight, so that it is not a file for each view.
        "_timestamp": st.integers(1_795_219_200_000_000 - 3_000, 1_795_219_200_000_000 + 3_000),
        "host": TEXT,
        "page": TEXT,
    },
    optional={
        "status": st.sampled_from([200, 304]),
        "country": st.sampled_from(["DE", "NO", "GB", "ZZ", ""]),
        "devices": st.lists(st.sampled_from(["desktop", "mobile", "tablet", "smart-tv"]), max_size=4),
        "bot": st.booleans(),
        "referrer_host": TEXT,
        "campaign_source": TEXT,
        "campaign_medium": TEXT,
        "campaign_name": TEXT,
        "language": TEXT,
        "visitor": TEXT,
        "entry": st.booleans(),
        "settings_hash": TEXT,
    },
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RAW, min_size=1, max_size=24))
def test_both_ways_finish_a_view_alike(aws: Aws, raw: list[dict[str, Any]]) -> None:
    ends = views(1, _timestamp=1_577_836_800_000_000) + views(1, _timestamp=4_102_444_799_999_999)
    raw = [{**one, "event_id": uuid.uuid4().hex} for one in raw] + ends
    names = country_names()
    for view, line in zip(raw, finished(aws, raw), strict=True):
        assert list(line.items()) == list(finish(view, names).items())
