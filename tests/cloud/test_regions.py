"""What is done in the regions of the edge beside the stack: alarms, filters of drops, subscriptions of logs.

moto plays Logs, CloudWatch, EventBridge and Firehose, each region by itself.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern
from typer.testing import CliRunner

from cloud.moto_clients import ACCOUNT, CREDENTIALS, Refusing, local_clients, moto_url
from edgewise.cli.deploying.edge import keep_regions, leave_regions
from edgewise.cli.deploying.screen import Screen
from edgewise.cli.main import app
from edgewise.cloud.assets import Assets
from edgewise.cloud.clients import Clients
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import subscribe, unsubscribe
from edgewise.cloud.placed import Placed
from edgewise.cloud.watch import unwatch, watch
from edgewise.site import Site, Subscription
from edgewise.site.edge_alarms import edge_events
from support.sites import ONE_ORIGIN, TO_FIREHOSE, site_of

REGIONS = ("us-east-1", "eu-central-1", "sa-east-1")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-EdgeAlarmsRole"
SITE = f"""{ONE_ORIGIN}{TO_FIREHOSE}\
[alarms]
email = "ops@example.com"
duration_ms = 250
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_url() as url:
        yield url


@pytest.fixture(scope="module")
def aws(url: str) -> Clients:
    return local_clients(url)


def alarms(aws: Clients, region: str, prefix: str = "shop.edge.") -> dict[str, dict[str, Any]]:
    found = aws("cloudwatch", region).describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return {one["AlarmName"]: one for one in found}


def filters(aws: Clients, region: str, function: str = "shop-viewer") -> list[dict[str, Any]]:
    group = f"/aws/lambda/us-east-1.{function}"
    found = aws("logs", region).describe_metric_filters(logGroupName=group)["metricFilters"]
    # CloudWatch puts a filter in the place of one of its name, and moto beside it.
    return list({one["filterName"]: one for one in found}.values())


def placed_in(aws: Clients, site_name: str) -> Placed:
    """The notes of a site whose bucket is there."""
    assets = Assets(aws("s3"), site_name, ACCOUNT)
    aws("s3").create_bucket(Bucket=assets.bucket)
    return Placed(assets)


def test_every_region_is_watched_and_tells_home(aws: Clients, tmp_path: Path) -> None:
    site = site_of(tmp_path, SITE)
    for _ in range(2):  # the second time all of it is there
        assert [one.trouble for one in watch(aws, site, ROLE, REGIONS)] == ["", "", ""]
    for region in REGIONS:
        found = alarms(aws, region)
        assert set(found) == {
            "shop.edge.viewer-duration",
            "shop.edge.origin-duration",
            "shop.edge.dropped",
        }
        viewer = found["shop.edge.viewer-duration"]
        assert viewer["Dimensions"] == [{"Name": "FunctionName", "Value": "us-east-1.shop-viewer"}]
        assert (viewer["ExtendedStatistic"], viewer["Threshold"]) == ("p99", 250)
        (counted,) = filters(aws, region)
        (transformation,) = counted["metricTransformations"]
        dropped = found["shop.edge.dropped"]
        assert (transformation["metricNamespace"], transformation["metricName"]) == (
            dropped["Namespace"],
            dropped["MetricName"],
        )
        rules = aws("events", region).list_rules()["Rules"]
        assert [one["Name"] for one in rules] == ([] if region == "us-east-1" else ["shop.edge-alarms"])
    events = aws("events", "sa-east-1")
    pattern = json.loads(events.describe_rule(Name="shop.edge-alarms")["EventPattern"])
    assert pattern["detail"]["alarmName"] == [{"prefix": "shop.edge."}]
    (target,) = events.list_targets_by_rule(Rule="shop.edge-alarms")["Targets"]
    assert target["Arn"] == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    assert target["RoleArn"] == ROLE


# "Alarm events and EventBridge" in the CloudWatch user guide, shortened.
EVENT: dict[str, Any] = {
    "source": "aws.cloudwatch",
    "detail-type": "CloudWatch Alarm State Change",
    "region": "eu-west-1",
    "detail": {
        "alarmName": "shop.edge.dropped",
        "configuration": {"metrics": []},
        "previousState": {"value": "OK", "reason": "Unchecked: Initial alarm creation"},
        "state": {"value": "ALARM", "reason": "Threshold Crossed: 1 datapoint [3.0] was greater than 0.0."},
    },
}


@pytest.mark.parametrize(
    ("name", "before", "now", "told"),
    [
        ("shop.edge.dropped", "OK", "ALARM", True),
        ("shop.edge.dropped", "INSUFFICIENT_DATA", "ALARM", True),
        ("shop.edge.viewer-duration", "ALARM", "OK", True),
        ("shop.edge.dropped", "INSUFFICIENT_DATA", "OK", False),
        ("shop.errors", "OK", "ALARM", False),
        ("shop-two.edge.dropped", "OK", "ALARM", False),
    ],
)
def test_what_is_told_of_other_regions(name: str, before: str, now: str, told: bool) -> None:
    """By moto's reading of EventBridge's patterns."""
    event = copy.deepcopy(EVENT)
    event["detail"] |= {"alarmName": name}
    event["detail"]["previousState"]["value"], event["detail"]["state"]["value"] = before, now
    assert EventPattern.load(json.dumps(edge_events("shop"))).matches_event(event) is told  # type: ignore[arg-type]


def test_what_is_not_wanted_any_more_goes(aws: Clients, tmp_path: Path) -> None:
    region = "ap-south-1"
    other = site_of(tmp_path, SITE.replace('"shop"', '"shop-two"'))
    watch(aws, other, ROLE, [region])
    watch(aws, site_of(tmp_path, SITE), ROLE, [region])
    printed = SITE.replace(TO_FIREHOSE, "[log]\n")
    watch(aws, site_of(tmp_path, printed), ROLE, [region])
    assert "shop.edge.dropped" not in alarms(aws, region) and filters(aws, region) == []
    for _ in range(2):
        assert [one.trouble for one in unwatch(aws, "shop", [region])] == [""]
    assert alarms(aws, region) == {}
    assert [one["Name"] for one in aws("events", region).list_rules()["Rules"]] == ["shop-two.edge-alarms"]
    assert len(alarms(aws, region, "shop-two.edge.")) == 3


def test_what_a_deployment_does_and_takes_away_again(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In all regions where CloudFront runs functions, by the stack that is there: after whatever command, once."""
    watched = SITE.replace('"shop"', '"milk"')
    site, screen = site_of(tmp_path, watched), Screen(as_json=False)
    quiet = site_of(tmp_path, watched.split("[alarms]")[0])
    aws, placed = Refusing(url, {}), placed_in(local_clients(url), "milk")

    def kept(site: Site, outputs: dict[str, str]) -> bool:
        return keep_regions(site, aws, outputs, screen, log_days=0, placed=placed)

    def found() -> int:
        return len(alarms(aws, "ap-northeast-2", "milk.edge."))

    assert kept(site, {"EdgeAlarmsRoleArn": ROLE}) and found() == 3
    # A rollback to a stack that has none: they would ring nobody.
    aws.refusals = {("events", "eu-west-1"): "AccessDenied"}
    assert not kept(site, {}) and found() == 0
    told = capsys.readouterr().out
    assert "the stack has no role for that yet" in told
    assert "alarms may still be there in eu-west-1" in told and placed.holds("alarms")
    # A region that refuses is tried again by whatever comes next.
    aws.refusals = {}
    assert kept(quiet, {}) and aws("events", "eu-west-1").list_rules()["Rules"] == []
    watch(aws, site, ROLE, ["ap-northeast-2"])
    assert kept(quiet, {"EdgeAlarmsRoleArn": ROLE}) and found() == 3, "it is looked for no more"
    assert "the stack has alarms, and the site file has none now" in capsys.readouterr().out
    assert leave_regions("milk", aws, screen) and found() == 0


def test_what_nobody_noted_is_looked_for_and_no_note_fails_a_deployment(
    aws: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = SITE.replace('"shop"', '"oat"')
    site, screen = site_of(tmp_path, watched), Screen(as_json=False)
    quiet = site_of(tmp_path, watched.split("[alarms]")[0])
    away = Assets(aws("s3"), "oat-without-a-bucket", ACCOUNT)
    for placed, fine in ((placed_in(aws, "oat"), True), (Placed(away), False)):
        watch(aws, site, ROLE, ["ap-northeast-2"])  # as a version without notes did
        assert keep_regions(quiet, aws, {}, screen, log_days=0, placed=placed) is fine
        assert alarms(aws, "ap-northeast-2", "oat.edge.") == {}
    assert "not noted whether there are alarms in the regions: " in capsys.readouterr().out


def test_what_the_command_places_is_looked_for_by_a_deployment(
    url: str, aws: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    placed = placed_in(aws, "rye")
    placed.remove("alarms")
    site_of(tmp_path, SITE.replace('"shop"', '"rye"'))
    words = ["regions", str(tmp_path), "--alarms-role", ROLE, "--log-days", "30"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert placed.holds("alarms") and not placed.holds("lines")


def test_a_region_that_refuses_is_named_and_the_others_are_watched(url: str, tmp_path: Path) -> None:
    refusals = {
        ("cloudwatch", "eu-west-1"): "AccessDenied",
        ("logs", "eu-west-2"): "UnrecognizedClientException",
    }
    regions = ("eu-west-1", "eu-west-2", "us-west-1")
    denied, off, fine = watch(Refusing(url, refusals), site_of(tmp_path, SITE), ROLE, regions)
    assert "AccessDenied" in denied.trouble and off.is_off and not fine.trouble
    everywhere = {("logs", region): "AccessDenied" for region in regions}
    with pytest.raises(CloudError, match="AccessDenied"):
        watch(Refusing(url, everywhere), site_of(tmp_path, SITE), ROLE, regions)


def test_lines_are_handed_on_in_each_region(aws: Clients) -> None:
    for region in ("us-east-1", "eu-west-1"):
        s3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lines"}
        aws("firehose", region).create_delivery_stream(
            DeliveryStreamName="lines", ExtendedS3DestinationConfiguration=s3
        )
    destination = f"arn:aws:firehose:{{region}}:{ACCOUNT}:deliverystream/lines"
    regions = ("us-east-1", "eu-west-1", "eu-west-2")
    subscription = Subscription(destination, regions, True)
    for _ in range(2):
        first, second, third = subscribe(aws, "tea", subscription, ROLE, regions)
        assert not first.trouble and not second.trouble
        assert third.trouble, "there is no stream in that region"
    logs = aws("logs", "eu-west-1")
    group = "/aws/lambda/us-east-1.tea-origin"
    logs_filter = {"logGroupName": group, "filterName": "others", "filterPattern": "", "roleArn": ROLE}
    logs.put_subscription_filter(**logs_filter, destinationArn=destination.replace("{region}", "eu-west-1"))

    def found() -> dict[str, Any]:
        told = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return {one["filterName"]: one for one in told}

    ours = found()["tea.edgewise"]
    assert ours["destinationArn"] == f"arn:aws:firehose:eu-west-1:{ACCOUNT}:deliverystream/lines"
    assert (ours["filterPattern"], ours["roleArn"]) == ('{ $.schema = "edge/*" }', ROLE)
    for _ in range(2):
        assert [one.trouble for one in unsubscribe(aws, "tea", ("eu-west-1",))] == [""]
    assert set(found()) == {"others"}


STREAM = f"arn:aws:firehose:{{region}}:{ACCOUNT}:deliverystream/words"
HANDED_ON = f"""\
name = "ink"
[origins.app]
domain = "app.example.com"
[default]
origin = "app"
[log]
[log.subscription]
destination = "{STREAM}"
regions = ["us-east-1", "eu-west-1"]
"""


def test_lines_go_on_to_no_place_that_was_taken_away(
    aws: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for region in ("us-east-1", "eu-west-1"):
        s3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::words"}
        aws("firehose", region).create_delivery_stream(
            DeliveryStreamName="words", ExtendedS3DestinationConfiguration=s3
        )
    screen, outputs, placed = (
        Screen(as_json=False),
        {"EdgeLogsRoleArn": ROLE},
        placed_in(aws, "ink"),
    )

    def kept(site: Site, outputs: dict[str, str]) -> bool:
        return keep_regions(site, aws, outputs, screen, log_days=0, placed=placed)

    def regions() -> list[str]:
        group = {"logGroupName": "/aws/lambda/us-east-1.ink-viewer"}
        return [
            region
            for region in ("us-east-1", "eu-west-1")
            if aws("logs", region).describe_subscription_filters(**group)["subscriptionFilters"]
        ]

    site = site_of(tmp_path, HANDED_ON)
    assert kept(site, outputs) and regions() == ["us-east-1", "eu-west-1"]
    fewer = site_of(tmp_path, HANDED_ON.replace('"us-east-1", ', ""))
    assert kept(fewer, outputs) and regions() == ["eu-west-1"]
    capsys.readouterr()
    # After a rollback to a stack without the role.
    assert not kept(fewer, {}) and regions() == []
    assert capsys.readouterr().out == (
        "lines are not handed on: the stack has no role for that yet; `edgewise deploy` brings it\n"
    )
    # Whatever the site file of now says.
    subscription = Subscription(STREAM, ("us-east-1",), True)
    subscribe(aws, "ink", subscription, ROLE, ("us-east-1",))
    assert regions() == ["us-east-1"]
    assert leave_regions("ink", aws, screen) and regions() == []
