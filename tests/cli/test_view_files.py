"""The files of a run's page views on their way into its store, from an AWS of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from edgewise.cli.running.views import ViewFiles
from localaws.aws import Aws, local_aws

BUCKET, MACHINE = "local-files", "arn:aws:states:us-east-1:123456789012:stateMachine:slow"
VIEW = {
    "schema": "pageview/1",
    "event_id": "e1==",
    "_timestamp": 1_795_262_400_000_000,
    "view_time": "2026-11-21T12:00:00.000Z",
    "host": "shop.example",
    "page": "/",
    "device": "mobile",
}
TEMPLATE = {
    "Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Slow": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "slow",
                "StateMachineType": "EXPRESS",
                "Definition": {
                    "StartAt": "Wait",
                    "States": {"Wait": {"Type": "Wait", "Seconds": 3, "End": True}},
                },
            },
        },
    }
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with local_aws(TEMPLATE) as one:
        yield one


def brought(aws: Aws, *keys: str) -> tuple[list[str], list[str]]:
    """The ids of the views of these objects, and what was said."""
    ids: list[str] = []
    said: list[str] = []

    async def bring() -> None:
        files = ViewFiles(lambda view: ids.append(json.loads(view)["event_id"]), said.append)
        files.start(aws.url)
        for key in keys:
            files.written(BUCKET, key)
        await files.close()

    asyncio.run(bring())
    return ids, said


def test_what_is_wrong_with_a_file_is_said_and_the_next_ones_are_brought(aws: Aws) -> None:
    s3 = aws.client("s3")
    good = json.dumps(VIEW).encode() + b"\n"
    for key, body in {"a": b"PAR1nothing", "b": b"\x1f\x8b", "c": b"[" * 2000, "d": good + b"{}\n"}.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    ids, said = brought(aws, "a", "nowhere", "b", "c", "errors/processing-failed/x", "d")
    assert ids == ["e1=="]
    for number, (key, what) in enumerate(
        [
            ("a", "was not read: not readable as Parquet"),
            ("nowhere", "was not read: "),
            ("b", "was not read: the compressed data are damaged"),
            ("c", "lines that are no page views: 1"),
            ("errors/processing-failed/x", "could not place a record"),
            ("d", "lines that are no page views: 1"),
        ]
    ):
        assert key in said[number] and what in said[number]


def test_the_end_waits_for_executions_that_have_views(aws: Aws) -> None:
    states = aws.client("stepfunctions")
    states.start_execution(stateMachineArn=MACHINE)
    assert brought(aws) == ([], [])
    assert not states.list_executions(stateMachineArn=MACHINE, statusFilter="RUNNING")["executions"]


def test_an_aws_that_is_gone_at_the_end_is_said() -> None:
    with local_aws() as gone:
        pass
    ids, said = brought(gone)
    assert ids == [] and "page views on their way" in said[0]
