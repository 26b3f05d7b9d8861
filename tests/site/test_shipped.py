"""What ships, run as Lambda runs it: from the site file to a record at the service that the file names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.aws_double import AWS_ENVIRON, AwsDouble, aws_on_loopback
from edge.collector import Collector, collecting
from edge.doubles import EVENTS, HandClock
from edgewise.site import Bundle, bundle_settings, load_site

Edit = Callable[[str, str], Path]
MACHINE = "arn:aws:states:eu-west-2:111122223333:stateMachine:visits"
STEPS = '[functions]\nsource = "edge"\nhandler = "steps.handler"\ntriggers = ["viewer-request"]\n'
FUNCTION = """
import json, sys
sys.path.insert(0, sys.argv[1])
from edgewise_handler import handler

class Context:
    aws_request_id = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
    def get_remaining_time_in_millis(self): return 9000

for line in sys.stdin:
    handler(json.loads(line), Context())
"""


@pytest.fixture
def aws() -> Iterator[AwsDouble]:
    clock = HandClock()
    clock.seconds = time.time()  # signatures are of the present
    with aws_on_loopback(clock) as aws:
        yield aws


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def run_shipped(folder: Path, aws: AwsDouble) -> str:
    """What a function of the site prints over two requests, with AWS at another address."""
    site = load_site(folder)
    settings = bundle_settings(site)
    settings["log"]["endpoint"] = aws.url
    bundle = Bundle(site, folder / "build", settings)
    bundle.refresh()
    text = (EVENTS / "viewer-request.json").read_text()
    events = [json.loads(text), json.loads(text)]
    events[1]["Records"][0]["cf"]["config"]["requestId"] += "2"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", FUNCTION, bundle.target],
        input="\n".join(map(json.dumps, events)),
        env={**AWS_ENVIRON, "LAMBDA_TASK_ROOT": str(bundle.target), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def records_in(params: dict[str, Any]) -> list[Any]:
    """The records that a call brought."""
    if "Records" in params:
        return [json.loads(one["Data"]) for one in params["Records"]]
    if "Entries" in params:
        return [json.loads(one["Detail"]) for one in params["Entries"]]
    return list(json.loads(params["input"]))


@pytest.mark.parametrize(
    ("delivery", "operation", "place"),
    [
        ('firehose"\nstream_name = "visits', "PutRecordBatch", "visits"),
        (f'step-functions"\nstate_machine_arn = "{MACHINE}', "StartExecution", MACHINE),
        ('eventbridge"\nbus = "visits', "PutEvents", "visits"),
    ],
)
def test_a_record_is_brought_to_the_service_in_its_region(
    edit: Edit, aws: AwsDouble, delivery: str, operation: str, place: str
) -> None:
    folder = edit(STEPS, "")
    edit("[log]", f'[log]\ndelivery = "{delivery}"\nregion = "eu-west-2"\nwait = true\nbudget_ms = 5000')
    assert run_shipped(folder, aws) == ""
    assert [target.split(".")[1] for target, _ in aws.calls] == [operation] * 2
    assert all(place in str(params) for _, params in aws.calls)
    records = [record for _, params in aws.calls for record in records_in(params)]
    assert [(record["path"], record["sent"]) for record in records] == [("/shirts/17", 0), ("/shirts/17", 1)]
    assert aws.regions == {"eu-west-2"}


def test_openobserve_gets_it_with_a_token_and_hashes_with_a_key_that_aws_keeps(
    edit: Edit, aws: AwsDouble, collector: Collector
) -> None:
    collector.tokens = {"the token"}
    aws.answer = lambda target, params: (
        (200, {"Parameter": {"Name": params["Name"], "Value": "the token"}})
        if target.startswith("AmazonSSM")
        else (200, {"Name": params["SecretId"], "SecretString": "a key that nobody guesses"})
    )
    folder = edit(STEPS, "")
    edit(
        "[log]",
        f'[log]\ndelivery = "openobserve"\nurl = "{collector.url}"\nwait = true\nbudget_ms = 5000\nvisitor = true\n'
        'token = { from = "ssm", name = "/demo/token" }\nclient_address = "hash"\n'
        'key = { from = "secrets-manager", name = "demo/key" }',
    )
    assert run_shipped(folder, aws) == ""
    assert sorted(target.split(".")[1] for target, _ in aws.calls) == ["GetParameter", "GetSecretValue"]
    one, other = collector.records.values()
    assert (one["path"], len(one["visitor"]), len(one["client_ip"])) == ("/shirts/17", 16, 16)
    assert (one["visitor"], one["client_ip"]) == (other["visitor"], other["client_ip"])


def test_standard_output_gets_a_line_and_nobody_a_call(edit: Edit, aws: AwsDouble) -> None:
    folder = edit(STEPS, "")
    lines = run_shipped(folder, aws).splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["/shirts/17"] * 2
    assert not aws.connections
