"""The mends of moto, each by what a caller of the service sees. One server for all: nothing here depends on another."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.aws import Aws, local_aws

ROLE = "arn:aws:iam::123456789012:role/r"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"


def machine(**states: Any) -> dict[str, Any]:
    """A state machine with JSONata, which begins with the first state."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"StateMachineType": "EXPRESS", "Definition": definition},
    }


def answering(expression: str) -> dict[str, Any]:
    return machine(Say={"Type": "Pass", "Output": "{% " + expression + " %}", "End": True})


def named(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    resource["Properties"]["StateMachineName"] = name
    return resource


PUT = {
    "Type": "Task",
    "Resource": "arn:aws:states:::events:putEvents",
    "Arguments": {
        "Entries": [
            {
                "EventBusName": "${Bus}",
                "Source": "edgewise.test",
                "DetailType": "Seen",
                "Detail": "{% $states.input %}",
            }
        ]
    },
    "End": True,
}
STREAM = {
    "BucketARN": {"Fn::GetAtt": ["Files", "Arn"]},
    "RoleARN": ROLE,
    "Prefix": "seen/day=!{partitionKeyFromQuery:day}/",
    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
    "CompressionFormat": "GZIP",
    "ProcessingConfiguration": {
        "Enabled": True,
        "Processors": [
            {
                "Type": "MetadataExtraction",
                "Parameters": [{"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{day: .day}"}],
            },
            {"Type": "AppendDelimiterToRecord"},
        ],
    },
}


def target(stream: Any, path: str | None) -> dict[str, Any]:
    return {
        "Id": "stream",
        "Arn": stream,
        "RoleArn": ROLE,
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Failed", "Arn"]}},
        **({"InputPath": path} if path else {}),
    }


def rule(kind: str, *targets: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": {"source": ["edgewise.test"], "detail-type": [kind]},
            "Targets": list(targets),
        },
    }


NOWHERE = "arn:aws:firehose:us-east-1:123456789012:deliverystream/nowhere"
TEMPLATE = {
    "Resources": {
        "Files": {"Type": "AWS::S3::Bucket"},
        "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
        "Stream": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {"DeliveryStreamName": "seen", "ExtendedS3DestinationConfiguration": STREAM},
        },
        "Seen": rule("Seen", target({"Fn::GetAtt": ["Stream", "Arn"]}, "$.detail")),
        "Whole": rule("Whole", target({"Fn::GetAtt": ["Stream", "Arn"]}, None)),
        "Lost": rule("Lost", target(NOWHERE, "$.detail")),
        "Nightly": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(12 hours)"}},
        "Putting": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "putting",
                "Definition": {"QueryLanguage": "JSONata", "StartAt": "Put", "States": {"Put": PUT}},
                "DefinitionSubstitutions": {"Bus": {"Ref": "Bus"}},
            },
        },
        "Echo": named("echo", answering("{'input': $states.input, 'exists': $exists($states.input.a)}")),
        "Context": named("context", answering("$states.context.Execution")),
        "Function": named("function", answering("function($x){ $x }")),
        "Nothing": named("nothing", answering("$states.input.nobody")),
        "Wrong": named("wrong", answering("1 + 'x'")),
        "Caught": named(
            "caught",
            machine(
                Try={
                    "Type": "Parallel",
                    "Branches": [
                        {
                            "StartAt": "Fail",
                            "States": {"Fail": {"Type": "Pass", "Output": "{% 1 + 'x' %}", "End": True}},
                        }
                    ],
                    "Catch": [
                        {
                            "ErrorEquals": ["States.ALL"],
                            "Output": {"error": "{% $states.errorOutput.Error %}"},
                            "Next": "Done",
                        }
                    ],
                    "End": True,
                },
                Done={"Type": "Succeed"},
            ),
        ),
        "Assigned": named(
            "assigned",
            machine(
                First={"Type": "Pass", "Assign": {"said": "{% $states.input.text %}"}, "Next": "Second"},
                Second={"Type": "Pass", "Output": "{% {'said': $said} %}", "End": True},
            ),
        ),
        "Sending": named(
            "sending",
            machine(
                Send={
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sqs:sendMessage",
                    "Arguments": {
                        "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/failed",
                        "MessageBody": "{% $string($states.input) %}",
                    },
                    "End": True,
                }
            ),
        ),
    }
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with local_aws(TEMPLATE) as running:
        yield running


def ended(aws: Aws, name: str, given: Any = None) -> dict[str, Any]:
    """What became of an execution with that input."""
    states = aws.client("stepfunctions")
    started = states.start_execution(stateMachineArn=MACHINE + name, input=json.dumps(given or {}))

    def over() -> Any:
        found = states.describe_execution(executionArn=started["executionArn"])
        return found if found["status"] != "RUNNING" else None

    described: dict[str, Any] = aws.until(over)
    return described


def put(aws: Aws, kind: str, detail: Any) -> None:
    entry = {
        "EventBusName": "bus",
        "Source": "edgewise.test",
        "DetailType": kind,
        "Detail": json.dumps(detail),
    }
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def written(aws: Aws, where: str) -> bytes:
    """The one object under a prefix, once it is there."""
    key = aws.until(lambda: [key for key in aws.written() if key.startswith(where)])[0]
    return aws.body("local-files", key)


@pytest.mark.parametrize(
    "text", ['a "quoted" \\ text', "{% $x %}", "'; $states", "zwölf\n\x00\u2028", "$said"]
)
def test_an_expression_sees_values_whatever_is_in_them(aws: Aws, text: str) -> None:
    assert json.loads(ended(aws, "echo", {"text": text})["output"])["input"] == {"text": text}
    assert json.loads(ended(aws, "assigned", {"text": text})["output"]) == {"said": text}


def test_null_is_a_value_and_nothing_is_none(aws: Aws) -> None:
    assert json.loads(ended(aws, "echo", {"a": None})["output"])["exists"] is True
    assert json.loads(ended(aws, "echo", {"b": None})["output"])["exists"] is False


@pytest.mark.parametrize("name", ["function", "nothing", "wrong"])
def test_an_expression_that_gives_no_json_fails_the_execution_and_is_told(aws: Aws, name: str) -> None:
    assert ended(aws, name)["status"] == "FAILED"
    told = aws.until(
        lambda: [one["what"] for one in aws.said if one["event"] == "failed" and f" {name} " in one["what"]]
    )
    assert "States.QueryEvaluationError" in told[0]


def test_a_failed_expression_can_be_caught(aws: Aws) -> None:
    assert json.loads(ended(aws, "caught")["output"]) == {"error": "States.QueryEvaluationError"}


def test_the_context_has_a_name_and_a_time_in_iso_8601(aws: Aws) -> None:
    context = json.loads(ended(aws, "context")["output"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", context["StartTime"])
    assert context["Id"].endswith(":" + context["Name"])
    assert context["Name"]


def test_executions_without_a_name_are_each_their_own(aws: Aws) -> None:
    states = aws.client("stepfunctions")
    made = {states.start_execution(stateMachineArn=MACHINE + "echo")["executionArn"] for _ in range(3)}
    assert len(made) == 3


def test_executions_at_a_time_keep_apart(aws: Aws) -> None:
    """What was parsed for one serves the next, never two at once."""
    states = aws.client("stepfunctions")
    started = {
        text: states.start_execution(stateMachineArn=MACHINE + "assigned", input=json.dumps({"text": text}))[
            "executionArn"
        ]
        for text in map(str, range(20))
    }

    def said(arn: str) -> str | None:
        output = states.describe_execution(executionArn=arn).get("output")
        return json.loads(output)["said"] if output else None

    assert all(aws.until(lambda arn=arn: said(arn)) == text for text, arn in started.items())


def test_an_input_beyond_the_limit_of_step_functions_is_refused(aws: Aws) -> None:
    states = aws.client("stepfunctions")
    fits = json.dumps("x" * (262_144 - 2))
    states.start_execution(stateMachineArn=MACHINE + "echo", input=fits)
    with pytest.raises(ClientError, match="less than or equal to 262144"):
        states.start_execution(stateMachineArn=MACHINE + "echo", input=fits[:-1] + 'x"')


def test_executions_that_ended_are_forgotten(aws: Aws) -> None:
    states = aws.client("stepfunctions")
    for _ in range(60):
        states.start_execution(stateMachineArn=MACHINE + "context")
    # Only what has ended goes.
    running = {"stateMachineArn": MACHINE + "context", "statusFilter": "RUNNING"}
    aws.until(lambda: not states.list_executions(**running)["executions"])
    states.start_execution(stateMachineArn=MACHINE + "context")
    assert len(states.list_executions(stateMachineArn=MACHINE + "context")["executions"]) <= 21


def test_an_event_goes_from_the_state_machine_through_the_rule_into_the_bucket(aws: Aws) -> None:
    view = {"day": "2026-11-21", "text": 'ü "x"', "none": None}
    assert ended(aws, "putting", view)["status"] == "SUCCEEDED"
    body = gzip.decompress(written(aws, "seen/day=2026-11-21/"))
    assert json.loads(body) == view
    assert body.endswith(b"}\n")


def test_a_target_without_a_path_gets_the_whole_event(aws: Aws) -> None:
    """Which has no key of the stream's, so that it lies with the errors."""
    put(aws, "Whole", {"day": "2026-11-21"})
    report = json.loads(written(aws, "errors/processing-failed/").splitlines()[0])
    assert report["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"


def test_what_a_stream_does_not_take_lies_in_the_dead_letter_queue(aws: Aws) -> None:
    put(aws, "Lost", {"day": "2026-11-21"})
    aws.until(lambda: [one for one in aws.said if "came into the queue failed: " in one.get("what", "")])
    queue = aws.client("sqs")
    url = queue.get_queue_url(QueueName="failed")["QueueUrl"]
    (message,) = aws.until(
        lambda: queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )
    queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(message["Body"])["detail"] == {"day": "2026-11-21"}
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == NOWHERE
    assert attributes["ERROR_CODE"] == "RESOURCE_NOT_FOUND"
    assert "nowhere" in attributes["ERROR_MESSAGE"]
    assert attributes["RULE_ARN"].startswith("arn:aws:events:us-east-1:123456789012:rule/bus/")


def test_a_state_machine_sends_to_a_queue_by_its_address_on_aws(aws: Aws) -> None:
    assert ended(aws, "sending", {"a": 1})["status"] == "SUCCEEDED"
    queue = aws.client("sqs")
    url = queue.get_queue_url(QueueName="failed")["QueueUrl"]
    (message,) = aws.until(lambda: queue.receive_message(QueueUrl=url).get("Messages"))
    queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(message["Body"]) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"reason": "no view", "views": ["private"]}', "came into the queue failed: no view"),
        ('{"reason": 1}', "came into the queue failed"),
        ("no JSON", "came into the queue failed"),
    ],
)
def test_what_comes_into_a_queue_is_told_without_the_data(aws: Aws, body: str, told: str) -> None:
    queue = aws.client("sqs")
    url = queue.get_queue_url(QueueName="failed")["QueueUrl"]
    before = len(aws.said)
    queue.send_message(QueueUrl=url, MessageBody=body)
    (event,) = aws.until(lambda: [one for one in aws.said[before:] if "queue failed" in one.get("what", "")])
    assert event["what"].endswith(told)
    (message,) = queue.receive_message(QueueUrl=url)["Messages"]
    queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_requests_at_a_time_forget_an_execution_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has a thread of its own in moto's server."""
    from edgewise.localaws.mends import executions

    together = threading.Barrier(2)

    class Executions(list[Any]):
        def __getitem__(self, index: Any) -> Any:
            found = super().__getitem__(index)
            # Both have looked before the first one forgets, where nothing keeps them apart.
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(0.5)
            return found

    machine = SimpleNamespace(executions=Executions(SimpleNamespace(stop_date=1) for _ in range(30)))
    backend: Any = SimpleNamespace(describe_state_machine=lambda _: machine)
    monkeypatch.setattr(executions, "_start_execution", lambda *_: "started")
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(executions._start, backend, MACHINE) for _ in range(2)]
        assert [one.result(timeout=30) for one in answers] == ["started"] * 2
    assert len(machine.executions) == 20


def test_records_that_come_soon_after_each_other_share_an_object(aws: Aws) -> None:
    firehose = aws.client("firehose")
    for number in range(5):
        firehose.put_record(
            DeliveryStreamName="seen", Record={"Data": json.dumps({"day": "together", "n": number})}
        )
    records = [{"Data": json.dumps({"day": "together", "n": number})} for number in range(5, 10)]
    answer = firehose.put_record_batch(DeliveryStreamName="seen", Records=records)
    assert (answer["FailedPutCount"], len(answer["RequestResponses"])) == (0, 5)

    def arrived() -> list[list[int]]:
        """The numbers in each object, in the order of writing."""
        keys = [key for key in aws.written() if key.startswith("seen/day=together/")]
        bodies = [gzip.decompress(aws.body("local-files", key)) for key in keys]
        return [[json.loads(line)["n"] for line in body.splitlines()] for body in bodies]

    objects = aws.until(lambda: sum(map(len, found := arrived())) == 10 and found)
    assert [number for numbers in objects for number in numbers] == list(range(10))
    # Those of one call, and of the calls before as many as this machine made in the time that a stream gathers.
    assert objects[-1][-5:] == list(range(5, 10))


@pytest.mark.parametrize(
    "records",
    [[{"Data": b"{}"}] * 501, [{"Data": b"x" * (1000 * 1024 + 1)}], [{"Data": b"x" * 1_000_000}] * 5],
    ids=["too many", "one too large", "together too large"],
)
def test_a_call_beyond_the_limits_of_firehose_is_refused(aws: Aws, records: list[dict[str, bytes]]) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("firehose").put_record_batch(DeliveryStreamName="seen", Records=records)
    assert refused.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")


def test_a_template_that_asks_for_more_than_is_played_is_said_at_the_start() -> None:
    bad = STREAM | {"Prefix": "!{partitionKeyFromLambda:x}/"}
    resources = {
        "Files": TEMPLATE["Resources"]["Files"],
        "Stream": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": bad},
        },
    }
    with (
        pytest.raises(AssertionError, match=re.escape("!{partitionKeyFromLambda:x}")),
        local_aws({"Resources": resources}),
    ):
        pass
