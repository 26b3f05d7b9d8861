"""`[alarms]`: what rings, where its metric is, who is told; and the dashboard beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import load_template
from edgewise.cdn.location import REGIONS
from edgewise.check import check_template
from edgewise.site import Site, SiteError, compile_template, load_site, render_yaml, write_template
from edgewise.site.edge_alarms import dropped_pattern, edge_alarms, edge_events, edge_prefix
from edgewise.site.regions import EDGE_REGIONS
from support.sites import JUDGED, ONE_ORIGIN, TO_FIREHOSE, site_of

Edit = Callable[[str, str], Path]
GOLDEN = Path(__file__).parent / "golden" / "watched.yaml"
TOPIC = "arn:aws:sns:us-east-1:111122223333:ops"
ROLLOUT = f"""{JUDGED}\
[statistics]
[alarms]
topic = "arn:aws:sns:us-east-1:111122223333:ops"
function_errors = 3
"""
WATCHED = f"""{ONE_ORIGIN}{TO_FIREHOSE}\
[domain]
names = ["example.com", "www.example.com"]
hosted_zone = {{ name = "example.com", id = "Z0123456789ABCDEFGHIJ" }}
[alarms]
email = "ops@example.com"
more_metrics = true
"""


def template(site: Site) -> dict[str, Any]:
    return compile_template(site, code_hash="0")


def alarms(site: Site) -> dict[str, dict[str, Any]]:
    return {
        name: body["Properties"]
        for name, body in template(site)["Resources"].items()
        if body["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_the_template_of_a_watched_site_is_the_reviewed_one(tmp_path: Path) -> None:
    """After a deliberate change: write the new text to the file and read it before you commit it."""
    assert render_yaml(template(site_of(tmp_path, WATCHED))) == GOLDEN.read_text()


def test_what_edgewise_check_and_the_local_cdn_say_of_it(tmp_path: Path) -> None:
    written = write_template(site_of(tmp_path, WATCHED), tmp_path / "out/template.yaml")
    found = check_template(load_template(written.template))
    assert [one for one in found if one.rule.level == "error"] == []


def test_every_alarm_rings_and_tells_when_it_is_over(tmp_path: Path) -> None:
    """Those of the statistics too, which ring nobody without `[alarms]`."""
    found = alarms(site_of(tmp_path, ROLLOUT))
    assert {"PageViewsStreamAlarm", "JudgeFunctionErrorsAlarm", "VisitorSaltsFunctionDurationAlarm"} <= set(
        found
    )
    for properties in found.values():
        assert properties["AlarmActions"] == properties["OKActions"] == [TOPIC]
        assert properties["TreatMissingData"] == "notBreaching"
    names = [properties["AlarmName"] for properties in found.values()]
    assert len(set(names)) == len(names)
    quiet = alarms(site_of(tmp_path, ROLLOUT.split("[alarms]")[0]))
    assert quiet and all("AlarmActions" not in one for one in quiet.values())


def test_errors_at_the_edge_are_asked_of_cloudfront_which_knows_all_regions(tmp_path: Path) -> None:
    found = alarms(site_of(tmp_path, ROLLOUT))
    of_edge = {one["MetricName"]: one for name, one in found.items() if name.startswith("Edge")}
    assert set(of_edge) == {"LambdaExecutionError", "LambdaValidationError", "LambdaLimitExceededErrors"}
    for one in of_edge.values():
        assert one["Namespace"] == "AWS/CloudFront"
        assert {each["Name"] for each in one["Dimensions"]} == {"DistributionId", "Region"}
        assert (one["Statistic"], one["Threshold"]) == ("Sum", 3)


def test_functions_in_the_home_region_have_alarms_of_their_own(tmp_path: Path) -> None:
    found = alarms(site_of(tmp_path, ROLLOUT))
    assert found["JudgeFunctionDurationAlarm"]["Threshold"] == 40_000  # of 50 s
    assert found["JudgeFunctionThrottlesAlarm"]["Dimensions"][0]["Value"] == {"Ref": "JudgeFunction"}
    # The statistics bring one of these already.
    assert "VisitorSaltsAlarm" in found and "VisitorSaltsFunctionErrorsAlarm" not in found
    assert not any(name.startswith(("ViewerFunction", "OriginFunction")) for name in found)


def test_a_share_of_few_requests_does_not_ring(tmp_path: Path) -> None:
    metrics = {one["Id"]: one for one in alarms(site_of(tmp_path, WATCHED))["ErrorsAlarm"]["Metrics"]}
    assert metrics["errors"]["Expression"] == "IF(requests >= 20, share, 0)"
    assert [name for name, one in metrics.items() if one["ReturnData"]] == ["errors"]


def test_in_each_region_duration_and_drops_are_watched(tmp_path: Path) -> None:
    site = site_of(tmp_path, WATCHED)
    viewer, origin, dropped = edge_alarms(site)
    assert viewer.words["Dimensions"] == [{"Name": "FunctionName", "Value": "us-east-1.shop-viewer"}]
    assert (viewer.words["ExtendedStatistic"], viewer.words["Threshold"]) == ("p99", 1000)
    assert origin.name == "shop.edge.origin-duration"
    assert (dropped.name, dropped.words["Namespace"]) == ("shop.edge.dropped", "Edgewise/shop")
    assert edge_alarms(site_of(tmp_path, WATCHED.split("[alarms]")[0])) == []


def test_no_other_site_has_alarms_of_these_names(tmp_path: Path) -> None:
    """EventBridge hands on what begins with the prefix; a name of a site has no dot."""
    mine = [one["AlarmName"] for one in alarms(site_of(tmp_path, ROLLOUT)).values()]
    others = [
        one["AlarmName"] for one in alarms(site_of(tmp_path, WATCHED.replace("shop", "shop-edge"))).values()
    ]
    assert not any(name.startswith(edge_prefix("shop")) for name in (*mine, *others))
    (pattern,) = edge_events("shop")["detail"]["alarmName"]
    assert all(one.name.startswith(pattern["prefix"]) for one in edge_alarms(site_of(tmp_path, WATCHED)))


def test_the_topic_takes_alarms_and_events(tmp_path: Path) -> None:
    resources = template(site_of(tmp_path, WATCHED))["Resources"]
    assert resources["AlarmTopic"]["Properties"]["Subscription"] == [
        {"Protocol": "email", "Endpoint": "ops@example.com"}
    ]
    allowed = resources["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert {one["Principal"]["Service"] for one in allowed} == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }
    # What EventBridge sends has no account that a condition could ask for.
    assert ["Condition" in one for one in allowed] == [True, False]
    own = template(site_of(tmp_path, ROLLOUT))["Resources"]
    assert "AlarmTopic" not in own and own["EdgeAlarmsRule"]["Properties"]["Targets"][0]["Arn"] == TOPIC


PATTERNS = [
    ("[log]\n", "", ""),
    ('[log]\ndelivery = "firehose"\nstream_name = "a"\n', "", '{ $.schema = "edge/*" }'),
    ("[log]\n", "[statistics]\n", '{ $.schema = "pageview/*" }'),
    (
        '[log]\ndelivery = "firehose"\nstream_name = "a"\n',
        "[statistics]\n",
        '{ ($.schema = "edge/*") || ($.schema = "pageview/*") }',
    ),
]


@pytest.mark.parametrize(("log", "statistics", "pattern"), PATTERNS)
def test_what_is_given_up_is_what_is_printed(tmp_path: Path, log: str, statistics: str, pattern: str) -> None:
    text = WATCHED.replace(TO_FIREHOSE, log)
    site = site_of(tmp_path, text + statistics)
    assert dropped_pattern(site) == pattern
    assert bool(pattern) == any(one.name.endswith("dropped") for one in edge_alarms(site))


def test_functions_run_where_the_local_cdn_runs_them() -> None:
    assert set(EDGE_REGIONS) == REGIONS


MISTAKES = [
    ("", "alarms", ["neither"]),
    (f'email = "a@example.com"\ntopic = "{TOPIC}"\n', "alarms", ["both"]),
    ('email = "ops at example.com"\n', "alarms.email", ["no address"]),
    ('topic = "ops"\n', "alarms.topic", ["not the ARN"]),
    (f'topic = "{TOPIC}.fifo"\n', "alarms.topic", [".fifo"]),
    (f'topic = "{TOPIC.replace("us-east-1", "eu-west-1")}"\n', "alarms.topic", ["in eu-west-1", "us-east-1"]),
    ('email = "a@example.com"\nerror_percent = 101\n', "alarms.error_percent", ["0 to 100"]),
    ('email = "a@example.com"\nduration_ms = 0\n', "alarms.duration_ms", ["1 to 10000"]),
    ('email = "a@example.com"\nthreshold = 1\n', "alarms.threshold", ["unknown key"]),
]


@pytest.mark.parametrize(("lines", "key", "said"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_named(edit: Edit, lines: str, key: str, said: list[str]) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(edit("[log]\n", f"[log]\n[alarms]\n{lines}"))
    told = str(caught.value)
    assert f"[{key}]" in told and all(one in told for one in said), told


# Of "Dashboard body structure and syntax" in the CloudWatch API reference.
GRAPH = {"title", "region", "view", "period", "metrics"}
LOG = {"title", "region", "view", "query"}
OPTIONS = {"stat", "region", "label"}


PRINTED = re.sub(r"(?m)^(delivery|url|token) = .*\n", "", ROLLOUT.split("[rollout.judge]")[0])


@pytest.mark.parametrize("text", [WATCHED, ROLLOUT, f'{PRINTED}[alarms]\ntopic = "{TOPIC}"\n'])
def test_the_dashboard_is_as_cloudwatch_takes_it(tmp_path: Path, text: str) -> None:
    body = template(site_of(tmp_path, text))["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    assert set(re.findall(r"\$\{(.*?)\}", body["Fn::Sub"])) == {"Distribution"}
    widgets = json.loads(body["Fn::Sub"].replace("${Distribution}", "E123"))["widgets"]
    taken = set()
    for widget in widgets:
        assert widget["x"] >= 0 and widget["x"] + widget["width"] <= 24 and widget["height"] <= 1000
        taken |= {(widget["x"], widget["y"])}
        properties = widget["properties"]
        assert properties["region"] == "us-east-1"
        if widget["type"] == "log":
            assert set(properties) == LOG and properties["query"].startswith("SOURCE '/aws/lambda/")
            continue
        assert (widget["type"], set(properties)) == ("metric", GRAPH)
        assert 1 <= len(properties["metrics"]) <= 500
        for metric in properties["metrics"]:
            *texts, options = metric
            # Namespace, name, and pairs of a dimension's name and value; or dots for those of the one before.
            assert texts == ["..."] or len(texts) % 2 == 0
            assert metric is not properties["metrics"][0] or texts != ["..."]
            assert set(options) <= OPTIONS and options["stat"] in ("Sum", "Average", "p99", "p95")
    assert len(taken) == len(widgets)


def test_the_dashboard_can_be_left_out(tmp_path: Path) -> None:
    resources = template(site_of(tmp_path, WATCHED + "dashboard = false\n"))["Resources"]
    assert "Dashboard" not in resources and "MoreMetrics" in resources
