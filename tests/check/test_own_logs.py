"""The rules about CloudFront's own logs, each with a template that it finds something in and one that it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import parse_template
from edgewise.check import check_template
from edgewise.site import compile_template, load_site, render_yaml

LINES: dict[str, Any] = {
    "Lines": {"Type": "AWS::Kinesis::Stream", "Properties": {}},
    "Log": {
        "Type": "AWS::CloudFront::RealtimeLogConfig",
        "Properties": {
            "Name": "log",
            "SamplingRate": 100,
            "Fields": ["timestamp"],
            "EndPoints": [
                {
                    "StreamType": "Kinesis",
                    "KinesisStreamConfig": {
                        "RoleArn": "arn:aws:iam::123456789012:role/log",
                        "StreamArn": {"Fn::GetAtt": ["Lines", "Arn"]},
                    },
                }
            ],
        },
    },
}


def firehose(url: str, *processors: str) -> dict[str, Any]:
    processing = {"Enabled": True, "Processors": [{"Type": one} for one in processors]}
    endpoint = {
        "EndpointConfiguration": {"Url": url},
        **({"ProcessingConfiguration": processing} if processors else {}),
    }
    source = {"KinesisStreamARN": {"Fn::GetAtt": ["Lines", "Arn"]}}
    properties = {
        "KinesisStreamSourceConfiguration": source,
        "HttpEndpointDestinationConfiguration": endpoint,
    }
    return LINES | {"Out": {"Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": properties}}


def delivery(arn: Any, format: str, *fields: str) -> dict[str, Any]:
    distribution = "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE"
    return {
        "Source": {
            "Type": "AWS::Logs::DeliverySource",
            "Properties": {"Name": "log", "LogType": "ACCESS_LOGS", "ResourceArn": distribution},
        },
        "Destination": {
            "Type": "AWS::Logs::DeliveryDestination",
            "Properties": {"Name": "files", "OutputFormat": format, "DestinationResourceArn": arn},
        },
        "Delivery": {
            "Type": "AWS::Logs::Delivery",
            "Properties": {
                "DeliverySourceName": {"Ref": "Source"},
                "DeliveryDestinationArn": {"Fn::GetAtt": ["Destination", "Arn"]},
                "RecordFields": list(fields),
            },
        },
    }


OPENOBSERVE = "https://logs.example.com/aws/default/access/_kinesis_firehose"
BUCKET, GROUP = "arn:aws:s3:::files/access", "arn:aws:logs:us-east-1:123456789012:log-group:log"
SOUND = delivery(BUCKET, "parquet", "date", "time", "cs(User-Agent)", "timestamp(ms)")


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        (SOUND, []),
        (delivery(BUCKET, "json", "date", "cs-user-agent"), ["EDGE901 Delivery.Properties.RecordFields[1]"]),
        (delivery(GROUP, "parquet", "date"), ["EDGE902 Destination.Properties.OutputFormat"]),
        (delivery(BUCKET, "raw", "date"), ["EDGE902 Destination.Properties.OutputFormat"]),
        (delivery({"Ref": "Elsewhere"}, "raw", "date"), []),
        (SOUND | {"Second": SOUND["Source"]}, ["EDGE903 Second.Properties.ResourceArn"]),
        (firehose(OPENOBSERVE, "Lambda"), []),
        (firehose(OPENOBSERVE), ["EDGE905 Out.Properties.HttpEndpointDestinationConfiguration"]),
        (
            firehose(OPENOBSERVE, "AppendDelimiterToRecord"),
            ["EDGE905 Out.Properties.HttpEndpointDestinationConfiguration"],
        ),
        (firehose("https://elsewhere.example/lines"), []),
        (
            firehose("https://elsewhere.example:8443/lines"),
            ["EDGE904 Out.Properties.HttpEndpointDestinationConfiguration.EndpointConfiguration.Url"],
        ),
        (
            firehose("http://elsewhere.example/lines"),
            ["EDGE904 Out.Properties.HttpEndpointDestinationConfiguration.EndpointConfiguration.Url"],
        ),
    ],
)
def test_what_is_wrong_with_a_log(resources: dict[str, Any], found: list[str]) -> None:
    template = parse_template(json.dumps({"Resources": resources}), Path("t.json"))
    findings = [one for one in check_template(template) if one.rule.id >= "EDGE900"]
    assert [f"{one.rule.id} {one.key.removeprefix('Resources.')}" for one in findings] == found


def test_a_site_with_both_logs_has_no_finding(tmp_path: Path) -> None:
    text = (
        'name = "shop"\n[origins.app]\ndomain = "app.my-shop.com"\n[default]\norigin = "app"\nfunctions = false\n'
        '[standard_log]\n[real_time_log]\nurl = "https://logs.my-shop.com"\naccess_key = { from = "secrets-manager", '
        'name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/firehose-AbCdEf" }\n'
    )
    (tmp_path / "edgewise.toml").write_text(text)
    template = render_yaml(compile_template(load_site(tmp_path), code_hash="0"))
    assert check_template(parse_template(template, tmp_path / "template.yaml")) == []
