"""What the statistics add to the template: the resources of each way, and what each role may do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import load_template
from edgewise.questions import saved_queries
from edgewise.site import compile_template, load_site, needed_on_aws, write_template

SITE = """\
name = "my-shop"
[origins.app]
domain = "app.example.com"
[origins.files]
folder = "."
[default]
origin = "files"
{behavior}
[[behaviors]]
path = "/api/*"
origin = "app"
{behavior}
[statistics]
{statistics}
"""
PATH = {
    "PageViewsStateMachine",
    "PageViewsStateMachineRole",
    "PageViewsLogs",
    "PageViewsBus",
    "PageViewsRule",
    "PageViewsRuleRole",
    "PageViewsFailed",
    "PageViewsFailedPolicy",
    "PageViewsExecutionsAlarm",
    "PageViewsTimeoutsAlarm",
    "PageViewsQueueAlarm",
}
SALTS = {
    "VisitorSaltsFunction",
    "VisitorSaltsRole",
    "VisitorSalts",
    "VisitorSaltsSchedule",
    "VisitorSaltsPermission",
    "VisitorSaltsAlarm",
}
COMMON = {
    "PageViewsRequestPolicy",
    "PageViewsStream",
    "PageViewsStreamRole",
    "PageViewsStreamLogs",
    "PageViewsStreamLog",
    "PageViewsFiles",
    "PageViewsFilesPolicy",
    "PageViewsDatabase",
    "PageViewsTable",
    "PageViewsWorkGroup",
    "PageViewsReader",
    "PageViewsStreamAlarm",
}
Folder = Callable[..., Path]
ACCOUNT = "${AWS::AccountId}"
OWN_KEY = 'key = { from = "ssm", name = "/my/key" }'
FUNCTION = 'viewer_function = "arn:aws:cloudfront::111122223333:function/rewrite"'


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A site's folder; the arguments are more lines for parts of its file."""

    def make(statistics: str = "", behavior: str = "") -> Path:
        text = SITE.format(statistics=statistics, behavior=behavior)
        (tmp_path / "edgewise.toml").write_text(text)
        return tmp_path

    return make


def compiled(folder: Path, **more: Any) -> dict[str, Any]:
    resources: dict[str, Any] = compile_template(load_site(folder), code_hash="0", **more)["Resources"]
    return resources


def properties(resources: dict[str, Any], name: str) -> Any:
    return resources[name]["Properties"]


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        ("", COMMON | PATH | SALTS),
        ('path = "firehose"', COMMON | SALTS),
        (OWN_KEY, COMMON | PATH),
        (
            'path = "firehose"\ncatalog = "crawler"',
            COMMON | SALTS | {"PageViewsCrawler", "PageViewsCrawlerRole"},
        ),
    ],
)
def test_a_site_has_what_its_way_needs(folder: Folder, statistics: str, expected: set[str]) -> None:
    resources = compiled(folder(statistics))
    assert {name for name in resources if name.startswith(("PageViews", "VisitorSalts"))} == expected


def test_the_state_machine_logs_its_failures_and_nobodys_data(folder: Folder) -> None:
    machine = properties(compiled(folder()), "PageViewsStateMachine")
    assert (machine["StateMachineName"], machine["StateMachineType"]) == ("my-shop-page-views", "EXPRESS")
    logging = machine["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    assert machine["TracingConfiguration"] == {"Enabled": False}


def longest(state: dict[str, Any]) -> float:
    """The seconds of a task that fails in every way and at every try."""
    (retry,) = state["Retry"]
    pauses = [retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"])]
    return float(state["TimeoutSeconds"] * (1 + retry["MaxAttempts"]) + sum(pauses))


def test_an_execution_has_the_time_to_set_aside_what_it_cannot_hand_on(folder: Folder) -> None:
    """One that times out ends where it is, and its views are in no queue."""
    definition = properties(compiled(folder()), "PageViewsStateMachine")["Definition"]
    (branch,) = definition["States"]["Batch"]["Branches"]
    chunk = branch["States"]["Each chunk"]["ItemProcessor"]["States"]
    steps = (chunk["Publish"], chunk["Set chunk aside"], definition["States"]["Set batch aside"])
    # Five minutes is the most that an Express execution gets.
    assert sum(map(longest, steps)) < definition["TimeoutSeconds"] <= 300


def test_every_failure_on_the_way_has_a_place_and_an_alarm(folder: Folder) -> None:
    resources = compiled(folder())
    (target,) = properties(resources, "PageViewsRule")["Targets"]
    assert target["InputPath"] == "$.detail"
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["PageViewsFailed", "Arn"]}}
    queue = properties(resources, "PageViewsFailed")
    assert queue["MessageRetentionPeriod"] == 1_209_600 and queue["SqsManagedSseEnabled"] is True
    (statement,) = properties(resources, "PageViewsFailedPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == {"Fn::GetAtt": ["PageViewsRule", "Arn"]}
    watched = {
        (one["Namespace"], one["MetricName"]): one["Threshold"]
        for name in resources
        if name.endswith("Alarm")
        for one in [properties(resources, name)]
        if one["ComparisonOperator"] == "GreaterThanThreshold"
    }
    assert watched == {
        ("AWS/Firehose", "DeliveryToS3.DataFreshness"): 900,
        ("AWS/States", "ExecutionsFailed"): 0,
        ("AWS/States", "ExecutionsTimedOut"): 0,
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): 0,
        ("AWS/Lambda", "Errors"): 0,
    }


def destination(resources: dict[str, Any]) -> Any:
    return properties(resources, "PageViewsStream")["ExtendedS3DestinationConfiguration"]


def test_the_stream_writes_lines_under_the_day_of_the_views(folder: Folder) -> None:
    stream = destination(compiled(folder("buffer_seconds = 60")))
    assert stream["Prefix"] == "page_views/view_date=!{partitionKeyFromQuery:view_date}/"
    assert stream["ErrorOutputPrefix"] == "errors/!{firehose:error-output-type}/"
    # Firehose takes no less than 64 MB with dynamic partitions, or with a conversion.
    assert stream["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 64}
    assert stream["DynamicPartitioningConfiguration"]["Enabled"] is True
    extraction, delimiter = stream["ProcessingConfiguration"]["Processors"]
    assert {one["ParameterName"]: one["ParameterValue"] for one in extraction["Parameters"]} == {
        "MetadataExtractionQuery": "{view_date: .view_date}",
        "JsonParsingEngine": "JQ-1.6",
    }
    assert delimiter["Type"] == "AppendDelimiterToRecord"
    assert delimiter["Parameters"] == [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]
    assert stream["CompressionFormat"] == "GZIP" and "DataFormatConversionConfiguration" not in stream


def test_parquet_is_made_by_the_tables_own_columns(folder: Folder) -> None:
    resources = compiled(folder('format = "parquet"'))
    stream = destination(resources)
    # The conversion compresses by itself, and takes nothing else.
    assert stream["CompressionFormat"] == "UNCOMPRESSED"
    assert [one["Type"] for one in stream["ProcessingConfiguration"]["Processors"]] == ["MetadataExtraction"]
    schema = stream["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    assert (schema["DatabaseName"], schema["TableName"]) == (
        {"Ref": "PageViewsDatabase"},
        {"Ref": "PageViewsTable"},
    )
    table = properties(resources, "PageViewsTable")["TableInput"]
    assert "Parquet" in table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
    assert "schema" in permissions(resources["PageViewsStreamRole"])
    assert "schema" not in permissions(compiled(folder())["PageViewsStreamRole"])


def test_the_bucket_is_private_and_forgets(folder: Folder) -> None:
    bucket = properties(resources := compiled(folder("days = 90")), "PageViewsFiles")
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert "VersioningConfiguration" not in bucket, "versions would keep what the rules delete"
    days = {
        one["Prefix"]: one["ExpirationInDays"]
        for one in bucket["LifecycleConfiguration"]["Rules"]
        if "Prefix" in one
    }
    assert days == {"page_views/": 90, "errors/": 90, "query-results/": 7}
    (deny,) = properties(resources, "PageViewsFilesPolicy")["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert resources["PageViewsFiles"]["DeletionPolicy"] == "Retain"


def test_the_table_has_the_columns_of_a_finished_view_and_its_day_by_the_path(folder: Folder) -> None:
    table = properties(compiled(folder()), "PageViewsTable")["TableInput"]
    columns = {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]}
    assert table["PartitionKeys"] == [{"Name": "view_date", "Type": "string"}]
    made = re.findall(r"^ *'(\w+)':", entries(compiled(folder())), re.MULTILINE)
    assert [*columns] == [name for name in made if name != "view_date"]
    others = {name: kind for name, kind in columns.items() if kind != "string"}
    assert others == {"_timestamp": "bigint", "status": "int", "entry": "boolean"}
    parameters = table["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.view_date.type"] == "date"
    assert parameters["projection.view_date.format"] == "yyyy-MM-dd"
    assert parameters["projection.view_date.range"] == "NOW-730DAYS,NOW+1DAY"
    assert parameters["projection.view_date.interval.unit"] == "DAYS"
    # In `Fn::Sub`, `${!…}` stays `${…}`, which Athena fills in.
    template = parameters["storage.location.template"]["Fn::Sub"]
    assert template == "s3://${PageViewsFiles}/page_views/view_date=${!view_date}/"


def entries(resources: dict[str, Any]) -> str:
    """The object of the expression that finishes a view."""
    definition = json.dumps(properties(resources, "PageViewsStateMachine")["Definition"])
    (text,) = re.findall(r"\{\\n *'schema'.*?'entry'", definition)
    return str(json.loads(f'"{text}"')) + ":"


def test_a_crawler_adds_days_and_changes_no_column(folder: Folder) -> None:
    resources = compiled(folder('catalog = "crawler"'))
    crawler = properties(resources, "PageViewsCrawler")
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    partitions = json.loads(crawler["Configuration"])["CrawlerOutput"]["Partitions"]
    assert partitions == {"AddOrUpdateBehavior": "InheritFromTable"}
    parameters = properties(resources, "PageViewsTable")["TableInput"]["Parameters"]
    assert not [name for name in parameters if name.startswith("projection")]


def test_athena_has_a_workgroup_for_grafana_that_stops_what_would_be_dear(folder: Folder) -> None:
    group = properties(compiled(folder()), "PageViewsWorkGroup")
    assert {"Key": "GrafanaDataSource", "Value": "true"} in group["Tags"]
    configuration = group["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 10 * 2**30


def test_the_questions_are_saved_as_queries(folder: Folder) -> None:
    statistics = load_site(place := folder()).statistics
    assert statistics
    queries = saved_queries(statistics.database, statistics.table)
    resources = compiled(place, queries=queries)
    saved = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Athena::NamedQuery"]
    assert {(one["Name"], one["QueryString"]) for one in saved} == {(name, sql) for name, _, sql in queries}
    assert all('"my_shop_statistics"."page_views"' in one["QueryString"] for one in saved)
    assert {str(one["WorkGroup"]) for one in saved} == {"{'Ref': 'PageViewsWorkGroup'}"}


def permissions(resource: dict[str, Any]) -> dict[str, tuple[list[str], list[str]]]:
    """What a role may do: actions and resources by the names of its policies."""
    found = {}
    for policy in resource["Properties"]["Policies"]:
        (statement,) = policy["PolicyDocument"]["Statement"]
        resources = [one["Fn::Sub"] if isinstance(one, dict) else one for one in statement["Resource"]]
        found[policy["PolicyName"]] = (statement["Action"], resources)
    return found


def arn(service: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:us-east-1:{ACCOUNT}:{resource}"


SALT = (["ssm:GetParameter"], [arn("ssm", "parameter/my-shop/visitor-salts/*")])


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        (
            "",
            {
                "views": (["states:StartExecution"], [arn("states", "stateMachine:my-shop-page-views")]),
                "salts": SALT,
            },
        ),
        (
            'path = "firehose"',
            {
                "views": (
                    ["firehose:PutRecordBatch"],
                    [arn("firehose", "deliverystream/my-shop-page-views")],
                ),
                "salts": SALT,
            },
        ),
        (
            OWN_KEY,
            {
                "views": (["states:StartExecution"], [arn("states", "stateMachine:my-shop-page-views")]),
                "views-key": (["ssm:GetParameter"], [arn("ssm", "parameter/my/key")]),
            },
        ),
    ],
)
def test_the_edge_may_send_views_and_read_a_salt_and_no_more(
    folder: Folder, statistics: str, expected: dict[str, Any]
) -> None:
    found = permissions(compiled(folder(statistics))["FunctionRole"])
    assert {name: one for name, one in found.items() if name != "logs"} == expected


def test_the_roles_between_may_do_one_thing_each(folder: Folder) -> None:
    resources = compiled(folder())
    machine = permissions(resources["PageViewsStateMachineRole"])
    assert machine.pop("log-delivery")[1] == ["*"]
    assert machine == {
        "bus": (["events:PutEvents"], ["${PageViewsBus.Arn}"]),
        "queue": (["sqs:SendMessage"], ["${PageViewsFailed.Arn}"]),
    }
    rule = permissions(resources["PageViewsRuleRole"])
    assert rule == {"stream": (["firehose:PutRecord", "firehose:PutRecordBatch"], ["${PageViewsStream.Arn}"])}
    stream = permissions(resources["PageViewsStreamRole"])
    files = [f"${{PageViewsFiles.Arn}}/{one}/*" for one in ("page_views", "errors")]
    # Together what the guide asks for, "Grant Firehose access to an Amazon S3 destination".
    assert stream["files"] == (["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], files)
    actions = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    assert stream["bucket"] == (actions, ["${PageViewsFiles.Arn}"])
    salts = permissions(resources["VisitorSaltsRole"])
    path = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/my-shop/visitor-salts"
    assert salts["salts"] == (["ssm:PutParameter", "ssm:DeleteParameter"], [f"{path}/*"])
    assert salts["list"] == (["ssm:GetParametersByPath"], [path])


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """All statements of a template that allow something."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow" and "Resource" in value:
            yield value
        for one in value.values():
            yield from statements(one)
    elif isinstance(value, list):
        for one in value:
            yield from statements(one)


@pytest.mark.parametrize("statistics", ["", 'path = "firehose"\nformat = "parquet"\ncatalog = "crawler"'])
def test_a_star_stands_for_no_action_and_for_resources_only_where_nothing_else_can(
    folder: Folder, statistics: str
) -> None:
    found = list(statements(compiled(folder(statistics))))
    assert not [one for one in found if "*" in str(one["Action"])]
    # Of those no one thing can be named: the delivery of logs, and what Grafana has to choose from.
    choosing = ["athena:ListDataCatalogs", "athena:ListWorkGroups"]
    stars = [one["Action"] for one in found if "*" in one["Resource"]]
    assert stars.pop() == choosing
    assert all(action.startswith("logs:") for actions in stars for action in actions)
    assert len(stars) == (1 if not statistics else 0)


def test_the_salts_are_made_with_the_stack_twice_a_day_and_go_with_it(folder: Folder) -> None:
    place = folder()
    written = write_template(load_site(place), place / "out/template.yaml")
    resources = load_template(written.template).resources
    function = resources["VisitorSaltsFunction"]["Properties"]
    assert resources["VisitorSalts"]["Properties"] == {
        "ServiceToken": {"Fn::GetAtt": ["VisitorSaltsFunction", "Arn"]},
        # Longer than the three times that Lambda calls a function which does not answer; by itself it is an hour.
        "ServiceTimeout": 600,
        "Path": "/my-shop/visitor-salts",
    }
    schedule = resources["VisitorSaltsSchedule"]
    # The schedule goes first when the stack is deleted, so that it makes no salts after that.
    assert schedule["DependsOn"] == "VisitorSalts"
    assert schedule["Properties"]["ScheduleExpression"] == "rate(12 hours)"
    assert json.loads(schedule["Properties"]["Targets"][0]["Input"]) == {"Path": "/my-shop/visitor-salts"}
    assert resources["VisitorSaltsPermission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "VisitorSaltsFunction"},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": ["VisitorSaltsSchedule", "Arn"]},
    }
    code = place / "out" / function["Code"]
    assert written.folders == (place / "out/functions/edge", code)
    module, _, handler = function["Handler"].rpartition(".")
    said = (
        f"import sys; sys.path.insert(0, {str(code)!r}); import {module} as f; print(f.__file__, f.{handler})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", said], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and str(code) in done.stdout, done.stderr


def test_a_key_of_ones_own_is_needed_and_no_salt_is(folder: Folder) -> None:
    place = folder(OWN_KEY)
    site = load_site(place)
    assert needed_on_aws(site) == ["the secret /my/key of ssm in us-east-1"]
    assert write_template(site, place / "out/template.yaml").salts is None
    assert needed_on_aws(load_site(folder())) == []


def policy_headers(resources: dict[str, Any]) -> list[str]:
    config = properties(resources, "PageViewsRequestPolicy")["OriginRequestPolicyConfig"]
    headers: list[str] = config["HeadersConfig"]["Headers"]
    return headers


def test_a_bucket_is_sent_what_a_view_is_made_of(folder: Folder) -> None:
    resources = compiled(folder())
    config = properties(resources, "Distribution")["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["OriginRequestPolicyId"] == {"Ref": "PageViewsRequestPolicy"}
    assert policy_headers(resources) == ["CloudFront-Viewer-Country"]
    resources = compiled(folder(behavior=FUNCTION))
    assert {"User-Agent", "Referer", "CloudFront-Is-Tablet-Viewer"} <= set(policy_headers(resources))
    assert len(policy_headers(resources)) <= 10, "CloudFront takes no more in a policy"


def test_a_cloudfront_function_stands_beside_the_origins_triggers(folder: Folder) -> None:
    config = properties(compiled(folder(behavior=FUNCTION)), "Distribution")["DistributionConfig"]
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["FunctionAssociations"] == [
            {
                "EventType": "viewer-request",
                "FunctionARN": "arn:aws:cloudfront::111122223333:function/rewrite",
            }
        ]
        assert [one["EventType"] for one in behavior["LambdaFunctionAssociations"]] == ["origin-response"]


def test_the_text_says_why_and_reads_back_the_same(folder: Folder) -> None:
    place = folder()
    site = load_site(place)
    write_template(site, place / "template.yaml")
    text = (place / "template.yaml").read_text()
    assert "# Twice a day" in text and "$finish := function($v)" in text
    read = load_template(place / "template.yaml").resources
    made = compile_template(site, code_hash="0")["Resources"]
    assert {name: one for name, one in read.items() if "Version" not in name} == {
        name: one for name, one in made.items() if "Version" not in name
    } | {"Distribution": read["Distribution"]}
