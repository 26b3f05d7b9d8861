"""The deliveries and secrets of AWS against moto's server, which checks every signature and keeps what it is given."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from edge.doubles import Context, HandClock, Output
from edge.moto_aws import ACCOUNT, REGION, Moto, running_moto
from edge.shipping import Shipping
from edgewise.edge.delivery.courier import Limits
from edgewise.edge.delivery.eventbridge import EventBridge
from edgewise.edge.delivery.firehose import Firehose
from edgewise.edge.delivery.step_functions import StepFunctions
from edgewise.edge.environment import Environment
from edgewise.edge.errors import LoadError
from edgewise.edge.secrets import TTL_SECONDS, Secrets

T = TypeVar("T")
BUDGET_MS = 5000  # of a server in Python on a busy machine
NASTY = {"path": '/"\\\x7f\u2028\n', "user_agent": "schön 𝄞"}


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as moto:
        yield moto


@pytest.fixture
def clock() -> HandClock:
    """It starts now, since signatures are of the present."""
    clock = HandClock()
    clock.seconds = time.time()
    return clock


@pytest.fixture
def ship(moto: Moto, clock: HandClock, output: Output) -> Iterator[Callable[..., Shipping]]:
    """Makes a courier to one of moto's services."""
    made: list[Shipping] = []

    def start(kind: type[Any], wait: bool = True, **settings: Any) -> Shipping:
        environ = settings.pop("environ", moto.environ)
        log = {"region": None, "endpoint": moto.url, **settings}
        destination = kind(log, Environment(clock, environ))
        made.append(Shipping(destination, Limits(BUDGET_MS, wait=wait), clock, output))
        return made[-1]

    yield start
    for shipping in made:
        shipping.delivery.close()


@pytest.fixture
def bucket(moto: Moto) -> str:
    """The bucket behind the delivery stream `views`."""
    moto.client("s3").create_bucket(Bucket="views", CreateBucketConfiguration={"LocationConstraint": REGION})
    moto.client("firehose").create_delivery_stream(
        DeliveryStreamName="views",
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose",
            "BucketARN": "arn:aws:s3:::views",
        },
    )
    return "views"


def test_records_that_firehose_took_are_lines_in_a_bucket(
    moto: Moto, bucket: str, ship: Callable[..., Shipping], clock: HandClock, output: Output
) -> None:
    with moto.checking():
        wrong = ship(Firehose, stream_name="views", environ={**moto.environ, "AWS_SECRET_ACCESS_KEY": "x"})
        wrong.deliver()
        assert wrong.counts == (0, 0, 1)
        assert "status 403" in output.notes[0]

        shipping = ship(Firehose, stream_name="views")
        shipping.deliver(4, remaining_ms=0, **NASTY)
        shipping.deliver()
    assert shipping.counts == (5, 0, 0)
    s3 = moto.client("s3")
    objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
    text = b"".join(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read() for found in objects)
    assert text.endswith(b"\n")
    records = [json.loads(line) for line in text.splitlines()]
    assert [record["record_id"] for record in records] == ["r1", "r2", "r3", "r4", "r5"]
    assert {name: records[0][name] for name in NASTY} == NASTY


def test_a_stream_that_is_not_there_keeps_the_records_waiting(
    moto: Moto, ship: Callable[..., Shipping], output: Output
) -> None:
    shipping = ship(Firehose, stream_name="nowhere")
    with moto.checking():
        shipping.deliver(3)
    assert shipping.counts == (0, 0, 3)
    assert "ResourceNotFoundException" in output.notes[0]


@pytest.fixture(scope="module")
def machine(moto: Moto) -> str:
    """A state machine that takes time, so that a name which is still in use can be told from one that is over."""
    definition = {
        "StartAt": "Count",
        "States": {"Count": {"Type": "Pass", "Result": "counted", "ResultPath": "$.result", "End": True}},
    }
    arn: str = moto.client("stepfunctions").create_state_machine(
        name="views", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/states"
    )["stateMachineArn"]
    return arn


def test_an_execution_per_record_runs_under_the_id_of_the_record(
    moto: Moto, machine: str, ship: Callable[..., Shipping]
) -> None:
    shipping = ship(StepFunctions, state_machine_arn=machine, execution_per="record")
    with moto.checking():
        shipping.deliver(2, **NASTY)
    assert shipping.counts == (2, 0, 0)
    states = moto.client("stepfunctions")
    for name in ("r1", "r2"):
        run = _eventually(lambda name=name: _finished(states, machine, name))  # type: ignore[misc]
        assert run["status"] == "SUCCEEDED", run
        assert json.loads(run["output"]) == {"record_id": name, **NASTY, "result": "counted"}


def test_an_execution_that_was_started_before_counts_as_sent(
    moto: Moto, machine: str, ship: Callable[..., Shipping], output: Output
) -> None:
    states = moto.client("stepfunctions")
    states.start_execution(stateMachineArn=machine, name="again", input="{}")
    _eventually(lambda: _finished(states, machine, "again"))
    shipping = ship(StepFunctions, state_machine_arn=machine, execution_per="record")
    with moto.checking():
        shipping.deliver(record_id="again")
    assert (shipping.counts, output.lines) == ((1, 0, 0), [])
    listed = states.list_executions(stateMachineArn=machine)["executions"]
    assert [run["name"] for run in listed].count("again") == 1


def test_a_batch_is_one_execution(moto: Moto, ship: Callable[..., Shipping]) -> None:
    states = moto.client("stepfunctions")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    arn = states.create_state_machine(
        name="batches", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/states"
    )["stateMachineArn"]
    shipping = ship(StepFunctions, state_machine_arn=arn, execution_per="batch")
    with moto.checking():
        shipping.deliver(9, remaining_ms=0)
        shipping.deliver()
    assert shipping.counts == (10, 0, 0)
    (run,) = states.list_executions(stateMachineArn=arn)["executions"]
    found = _eventually(lambda: _finished(states, arn, run["name"]))
    records = json.loads(found["output"])
    assert [record["record_id"] for record in records] == [f"r{number}" for number in range(1, 11)]


def test_events_match_rules_by_their_fields(moto: Moto, ship: Callable[..., Shipping]) -> None:
    events, sqs = moto.client("events"), moto.client("sqs")
    events.create_event_bus(Name="views")
    queue = sqs.create_queue(QueueName="errors")["QueueUrl"]
    pattern = {
        "source": ["edgewise"],
        "detail-type": ["Edge record"],
        "detail": {"status": [{"numeric": [">=", 500]}]},
    }
    events.put_rule(Name="errors", EventBusName="views", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:errors"}
    events.put_targets(Rule="errors", EventBusName="views", Targets=[target])
    shipping = ship(EventBridge, bus="views")
    with moto.checking():
        shipping.deliver(12, remaining_ms=0, status=200)
        shipping.deliver(status=503, **NASTY)
    assert shipping.counts == (13, 0, 0)
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"record_id": "r13", "status": 503, **NASTY}


@pytest.mark.parametrize("source", ["secrets-manager", "ssm"])
def test_a_secret_is_read_and_read_anew_when_it_was_rotated(
    moto: Moto, clock: HandClock, source: str
) -> None:
    manager, parameters = moto.client("secretsmanager"), moto.client("ssm")
    value = json.dumps({"current": "öld", "next": "new"})
    manager.create_secret(Name="edge/token", SecretString=value)
    parameters.put_parameter(Name="/edge/token", Value=value, Type="SecureString")
    environment = Environment(clock, moto.environ)
    environment.enter(Context())
    secrets = Secrets(environment, source, endpoint=moto.url, deadline_ms=BUDGET_MS)
    name = "edge/token" if source == "secrets-manager" else "/edge/token"
    with moto.checking():
        assert secrets.tokens(name) == ("öld", "new")
    manager.update_secret(SecretId="edge/token", SecretString="new")
    parameters.put_parameter(Name="/edge/token", Value="new", Type="SecureString", Overwrite=True)
    with moto.checking():
        clock.pass_time(TTL_SECONDS)
        environment.enter(Context())
        assert secrets.tokens(name) == ("new",)
        with pytest.raises(LoadError, match="NotFound"):
            secrets.get("other")
    manager.delete_secret(SecretId="edge/token", ForceDeleteWithoutRecovery=True)
    parameters.delete_parameter(Name="/edge/token")
    assert environment.memory.errors == 1


def test_what_the_role_may_not_do_is_told(moto: Moto, ship: Callable[..., Shipping], output: Output) -> None:
    """The reason must reach who can mend it."""
    iam = moto.client("iam")
    policy = iam.get_role_policy(RoleName="edge", PolicyName="edge")["PolicyDocument"]
    statement = {"Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": "*"}
    narrow = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName="edge", PolicyName="edge", PolicyDocument=json.dumps(narrow))
    shipping = ship(EventBridge, bus="default")
    with moto.checking():
        shipping.deliver()
    iam.put_role_policy(RoleName="edge", PolicyName="edge", PolicyDocument=json.dumps(policy))
    assert shipping.counts == (0, 0, 1)
    # Moto says why in XML, where these services of AWS speak JSON.
    assert "status 403" in output.notes[0]


def _finished(states: Any, machine: str, name: str) -> dict[str, Any] | None:
    arn = machine.replace(":stateMachine:", ":execution:") + f":{name}"
    run: dict[str, Any] = states.describe_execution(executionArn=arn)
    return None if run["status"] == "RUNNING" else run


def _eventually(value: Callable[[], T | None]) -> T:
    until = time.monotonic() + 30
    while (found := value()) is None:
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
    return found
