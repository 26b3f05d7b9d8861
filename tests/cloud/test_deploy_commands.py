"""The commands as a person types them, against the double."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud.workshop import SITE, Workshop
from edgewise.cli.main import app

pytestmark = pytest.mark.usefixtures("on_the_double")


def run(workshop: Workshop, command: str, *options: str) -> Result:
    return CliRunner().invoke(app, [command, str(workshop.folder), *options])


def done(workshop: Workshop, command: str, *options: str) -> str:
    result = run(workshop, command, *options)
    assert result.exit_code == 0, result.output
    return result.output


def deploy(workshop: Workshop, *options: str) -> str:
    return done(workshop, "deploy", "--yes", "--no-verify", "--log-days", "0", *options)


def test_deploy_tells_the_plan_the_steps_and_the_address(workshop: Workshop) -> None:
    output = deploy(workshop)

    assert "The stack tea in us-east-1, account 123456789012:" in output
    assert "+ viewer-request of *, /files/*: function version 1 (new)" in output
    assert "Distribution create complete" in output
    assert "Deployed as number 1" in output
    assert ".cloudfront.net/" in output


def test_a_plan_can_be_had_alone(workshop: Workshop) -> None:
    output = done(workshop, "deploy", "--plan-only")

    assert "+ Distribution: a new AWS::CloudFront::Distribution" in output
    assert workshop.double.formation.stacks == {}


def test_without_anybody_to_ask_nothing_is_done(workshop: Workshop) -> None:
    result = run(workshop, "deploy")

    assert getattr(result.exception, "code", "") == "cli.deploy"
    assert workshop.double.formation.stacks == {}


def test_deploying_the_same_again_says_so(workshop: Workshop) -> None:
    deploy(workshop)

    output = deploy(workshop)

    assert "nothing changes" in output
    assert "Deployed as number" not in output


def test_every_line_of_json_is_an_object(workshop: Workshop) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in deploy(workshop, "--json").splitlines()]

    assert {"plan", "step", "deployed"} <= {one["event"] for one in lines}
    (result,) = (one for one in lines if one["event"] == "deployed")
    assert result["number"] == 1
    assert {"path": "*", "trigger": "viewer-request", "version": 1} in result["versions"]


def test_rollback_lists_and_goes_back(workshop: Workshop) -> None:
    deploy(workshop)
    workshop.code("second")
    deploy(workshop)

    listed = done(workshop, "rollback", "--list").splitlines()
    assert listed[0].lstrip().startswith("2 ")
    assert listed[0].endswith("deployed")
    output = done(workshop, "rollback", "--yes", "--no-verify")

    assert "Back to deployment 1 of" in output
    assert "~ viewer-request of *, /files/*: function version 2 → 1" in output
    assert set(workshop.served.values()) == {1}


def test_a_rollback_that_was_interrupted_goes_on_and_no_further(workshop: Workshop) -> None:
    for word in ("first", "second", "third"):
        workshop.code(word)
        deploy(workshop)
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not any more") if operation == "DescribeStackEvents" else None
    )
    assert run(workshop, "rollback", "--yes", "--no-verify").exit_code == 1
    workshop.double.refuse = lambda service, operation: None

    output = done(workshop, "rollback", "--yes", "--no-verify")

    assert "goes on with the unfinished rollback" in output
    assert "Deployed as number 4" in output
    assert set(workshop.served.values()) == {2}


def test_destroy_says_what_goes_what_stays_and_when_to_come_back(workshop: Workshop) -> None:
    deploy(workshop)
    (distribution,) = workshop.double.cloudfront.distributions
    groups = {
        "us-east-1": ("/aws/lambda/tea-judge", "/aws/lambda/tea-viewer", "/aws/lambda/us-east-1.tea-viewer"),
        "ap-south-1": (f"/aws/cloudfront/LambdaEdge/{distribution}", "/aws/lambda/us-east-1.tea-origin"),
    }
    kept = "/aws/lambda/tea-judge"  # of somebody else: this site has no such function
    for region, names in groups.items():
        for name in names:
            workshop.clients("logs", region).create_log_group(logGroupName=name)

    first = run(workshop, "destroy", "--yes")
    workshop.double.functions.hours += 10
    second = done(workshop, "destroy", "--yes", "--assets", "--logs")

    assert "Stays on AWS: FilesBucket, tea-filesbucket" in first.output
    assert getattr(first.exception, "code", "") == "cloud.replicas"
    assert "The stack tea is gone." in second
    assert "The bucket tea-edgewise-assets-123456789012 is gone." in second
    left = [
        one["logGroupName"]
        for region in groups
        for one in workshop.clients("logs", region).describe_log_groups()["logGroups"]
    ]
    assert left == [kept]
    for one in (first.output, second):
        assert "Alarms and subscriptions in the regions of the edge are gone." in one


def test_what_the_run_that_deleted_the_stack_had_no_time_for_goes_with_the_next(workshop: Workshop) -> None:
    events = workshop.clients("events", "sa-east-1")
    events.put_rule(Name="tea.edge-alarms", ScheduleExpression="rate(1 day)")

    output = done(workshop, "destroy", "--yes")

    assert "There is no stack tea" in output
    assert "Alarms and subscriptions in the regions of the edge are gone." in output
    assert events.list_rules()["Rules"] == []


def test_logs_are_kept_for_a_month_in_every_region(workshop: Workshop) -> None:
    done(workshop, "deploy", "--yes", "--no-verify")

    (group,) = workshop.clients("logs", "ap-south-1").describe_log_groups(
        logGroupNamePrefix="/aws/lambda/us-east-1.tea-viewer"
    )["logGroups"]
    assert group["retentionInDays"] == 30


def test_a_site_that_would_not_work_there_is_not_brought_there(workshop: Workshop) -> None:
    (workshop.folder / "edge" / "app.py").write_text("def other(event, context):\n    return event\n")

    result = run(workshop, "deploy", "--yes")

    assert getattr(result.exception, "code", "") == "cli.deploy"
    (line,) = (one for one in result.output.splitlines() if one.startswith("error "))
    rule = line.split()[1].rstrip(":")
    assert f"--ignore {rule}" in str(getattr(result.exception, "hint", ""))
    assert workshop.double.formation.stacks == {}
    assert "Deployed as number 1" in deploy(workshop, "--ignore", rule)


def test_logs_of_a_deployment_that_was_interrupted_are_kept_as_long(workshop: Workshop) -> None:
    deploy(workshop)  # as far as the stack

    assert "nothing changes" in done(workshop, "deploy", "--yes", "--no-verify")

    (group,) = workshop.clients("logs", "ap-south-1").describe_log_groups(
        logGroupNamePrefix="/aws/lambda/us-east-1.tea-viewer"
    )["logGroups"]
    assert group["retentionInDays"] == 30


HANDED_ON = f"""{SITE}
[log.subscription]
destination = "arn:aws:firehose:us-east-1:123456789012:deliverystream/lines"
regions = ["us-east-1"]
"""


def test_lines_are_handed_on_until_the_site_file_says_so_no_more(workshop: Workshop) -> None:
    workshop.clients("firehose").create_delivery_stream(
        DeliveryStreamName="lines",
        ExtendedS3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::123456789012:role/lines",
            "BucketARN": "arn:aws:s3:::lines",
        },
    )

    def filters() -> list[str]:
        asked = {"logGroupName": "/aws/lambda/us-east-1.tea-viewer"}
        told = workshop.clients("logs").describe_subscription_filters(**asked)
        return [one["filterName"] for one in told["subscriptionFilters"]]

    workshop.site_file(HANDED_ON)
    deploy(workshop)
    assert filters() == ["tea.edgewise"]
    role = "arn:aws:iam::123456789012:role/lines"
    assert "Every region is as" in done(workshop, "regions", "--log-days", "0", "--logs-role", role)
    workshop.site_file(SITE)
    workshop.deploy()  # as far as the stack
    assert filters() == ["tea.edgewise"]
    # Whatever command comes next.
    assert "nothing changes" in done(workshop, "rollback", "--to", "2", "--yes", "--no-verify")
    assert filters() == []


def test_regions_wants_a_stack_or_its_roles(workshop: Workshop) -> None:
    role = "arn:aws:iam::123456789012:role/tea/edge"
    workshop.site_file(f'{HANDED_ON}[alarms]\nemail = "ops@example.com"\n')
    for options, said in (
        ((), "there is no stack tea"),
        (("--alarms-role", "foo"), "--alarms-role is not the ARN of a role: foo"),
        (("--logs-role", ""), "--logs-role is not the ARN of a role: (empty)"),
        (("--logs-role", role), "the site file asks for --alarms-role as well"),
        (("--alarms-role", role), "the site file asks for --logs-role as well"),
    ):
        refused = run(workshop, "regions", *options).exception
        assert getattr(refused, "code", "") == "cli.deploy"
        assert said in str(refused) and getattr(refused, "hint", "")
