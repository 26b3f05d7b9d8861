"""Standard logs of the second version: the folders of the guide's tables, the formats, and what a template chooses."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdn.test_realtime_log import a_trace
from edgewise.cdn.accesslog import standard
from edgewise.cdn.accesslog.config import LogDelivery
from edgewise.cdn.accesslog.standard2 import FIELDS, folder, line
from edgewise.cdn.accesslog.writer import AccessLogs
from edgewise.cdn.distribution import Notice
from edgewise.cdn.template.distribution import read_distribution
from edgewise.cdn.template.document import parse_template
from edgewise.realtime import STANDARD_FIELDS

ACCOUNT, ID, MOMENT = "123456789012", "EMLARXS9EXAMPLE", 1_735_693_200.0  # 2025-01-01 01:00:00 UTC
DELIVERY = LogDelivery("logs", "MyLogPrefix", "", False, "json", ("date", "time", "cs(User-Agent)"))


@pytest.mark.parametrize(
    ("prefix", "path", "hive", "expected"),
    [
        # "Example paths to access logs" in the guide.
        ("MyLogPrefix", "", False, "MyLogPrefix"),
        ("MyLogPrefix", "myFolderA/", False, "MyLogPrefix/myFolderA"),
        ("MyLogPrefix", "myFolderA/{yyyy}", True, "MyLogPrefix/myFolderA/year=2025"),
        ("", "", False, f"AWSLogs/{ACCOUNT}/CloudFront"),
        ("", "myFolderA/", False, f"AWSLogs/{ACCOUNT}/CloudFront/myFolderA"),
        ("", "myFolderA/", True, f"AWSLogs/aws-account-id={ACCOUNT}/CloudFront/myFolderA"),
        ("", "myFolderA/{yyyy}", True, f"AWSLogs/aws-account-id={ACCOUNT}/CloudFront/myFolderA/year=2025"),
        ("", "a/{accountid}", True, f"AWSLogs/aws-account-id={ACCOUNT}/CloudFront/a/accountid={ACCOUNT}"),
        (
            "cloudfront",
            "{DistributionId}/data/{yyyy}/{MM}/{dd}/{HH}/logs",
            True,
            f"cloudfront/DistributionId={ID}/data/year=2025/month=01/day=01/hour=01/logs",
        ),
        ("a", "/{distributionid}/{yyyy}{MM}", False, f"a/{ID}/202501"),
    ],
)
def test_the_folder_of_a_file(prefix: str, path: str, hive: bool, expected: str) -> None:
    assert folder(replace(DELIVERY, prefix=prefix, path=path, hive=hive), ID, ACCOUNT, MOMENT) == expected


def test_the_fields_are_those_that_are_known_everywhere() -> None:
    assert sorted(FIELDS) == sorted(STANDARD_FIELDS)


def test_lines_of_each_format() -> None:
    trace = a_trace(("User-Agent", "a b"))
    wanted = ("timestamp(ms)", "cs(User-Agent)", "c-country", "x-host-header", "connection-id")
    known = {
        "timestamp(ms)": "1759687234191",
        "cs(User-Agent)": "a%20b",
        "c-country": "US",
        "x-host-header": "www.example.com",
        "connection-id": "-",
    }
    delivery = replace(DELIVERY, fields=wanted)
    assert json.loads(line(delivery, trace, cookies=False)) == known
    plain = replace(delivery, format="plain", delimiter=";")
    assert line(plain, trace, cookies=False) == ";".join(known.values()) + "\n"
    # All fields of the first version in its order are its line.
    older = replace(delivery, format="w3c", fields=tuple(standard.FIELDS.split()))
    assert line(older, trace, cookies=True) == standard.standard_line(trace, cookies=True)


def test_files_are_written_by_their_day(tmp_path: Path) -> None:
    said: list[str] = []
    delivery = replace(DELIVERY, format="w3c", path="{yyyy}/{MM}/{dd}", hive=True)
    logs = AccessLogs(tmp_path, ID, None, {}, said.append, deliveries=(delivery,), unique=lambda: "0badc0de")
    trace = a_trace()
    logs(trace)
    trace.started += 86_400
    logs(trace)
    logs.close()
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.gz"))
    # The second moved both: a trace is read when its line is written.
    assert files == [f"s3/logs/MyLogPrefix/year=2025/month=10/day=06/{ID}.2025-10-06-18.0badc0de.gz"]
    text = gzip.decompress((tmp_path / files[0]).read_bytes()).decode()
    assert text == "#Version: 1.0\n#Fields: date time cs(User-Agent)\n" + "2025-10-06\t18:00:34\t-\n" * 2
    assert not said


def read(**delivery: Any) -> tuple[tuple[LogDelivery, ...], list[Notice]]:
    distribution = {
        "Origins": [
            {
                "Id": "a",
                "DomainName": "a.example.com",
                "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "a",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
    }
    arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Site}"
    resources = {
        "Site": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": distribution}},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "logs"}},
        "Source": {
            "Type": "AWS::Logs::DeliverySource",
            "Properties": {"Name": "log", "LogType": "ACCESS_LOGS", "ResourceArn": {"Fn::Sub": arn}},
        },
        "Destination": {
            "Type": "AWS::Logs::DeliveryDestination",
            "Properties": {
                "Name": "files",
                "OutputFormat": delivery.pop("format", "json"),
                "DestinationResourceArn": delivery.pop("to", {"Fn::Sub": "${Files.Arn}/access"}),
            },
        },
        "Delivery": {
            "Type": "AWS::Logs::Delivery",
            "Properties": {
                "DeliverySourceName": {"Ref": "Source"},
                "DeliveryDestinationArn": {"Fn::GetAtt": ["Destination", "Arn"]},
                **delivery,
            },
        },
    }
    found, notices = read_distribution(
        parse_template(json.dumps({"Resources": resources}), Path("t.json")), None
    )
    return found.log_deliveries, notices


def test_what_a_template_chooses() -> None:
    (delivery,), notices = read(
        RecordFields=["date", "time"], S3SuffixPath="{yyyy}", S3EnableHiveCompatiblePath=True
    )
    assert delivery == LogDelivery("logs", "access", "{yyyy}", True, "json", ("date", "time"))
    assert not notices
    (delivery,), notices = read(format="parquet")
    assert len(delivery.fields) > 30
    assert [one.message for one in notices] == ["not simulated: the files are JSON here"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"to": "arn:aws:logs:us-east-1:123456789012:log-group:log"},
            "not simulated: of standard logs only files",
        ),
        (
            {"to": "arn:aws:s3:::logs/../../elsewhere"},
            "not simulated: its path cannot be one of folders here",
        ),
        ({"S3SuffixPath": "{yyyy}/../.."}, "not simulated: its path cannot be one of folders here"),
    ],
)
def test_what_is_not_written_here_is_said(changes: dict[str, Any], message: str) -> None:
    deliveries, notices = read(**changes)
    assert not deliveries and notices[0].message.startswith(message)
