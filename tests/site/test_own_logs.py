"""CloudFront's own logs: the real-time one through Kinesis and Firehose, the standard one, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from edgewise import realtime
from edgewise.cdn import load_template
from edgewise.cdn.template.line_streams import line_streams
from edgewise.cloud.doctor.account import site_secrets
from edgewise.realtime import FIELDS, STANDARD_FIELDS
from edgewise.site import SiteError, compile_template, load_site, needed_on_aws, render_yaml, write_template
from edgewise.transform.function import RandomKeys, transform_of
from support.sites import ONE_ORIGIN
from transform.lines import VALUES, batch, made

GOLDEN = Path(__file__).parent / "golden" / "logs.yaml"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/firehose-AbCdEf"
KEY = f'access_key = {{ from = "secrets-manager", name = "{SECRET}" }}\n'
URL = 'url = "https://logs.example.com"\n'
SITE = f"""{ONE_ORIGIN}\
functions = false
[[behaviors]]
path = "/api/*"
origin = "app"
{{}}"""
# What every list of fields has.
TELLING = ", ".join(f'"{name}"' for name in realtime.TELLING)
TELLING_LESS = TELLING.removesuffix(', "x-edge-result-type"')
Make = Callable[[str], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(tables: str) -> Path:
        (tmp_path / "edgewise.toml").write_text(SITE.format(tables))
        return tmp_path

    return write


def compiled(folder: Path) -> dict[str, Any]:
    resources: dict[str, Any] = compile_template(load_site(folder), code_hash="0")["Resources"]
    return resources


def refused(folder: Path) -> str:
    """The one problem."""
    with pytest.raises(SiteError) as caught:
        load_site(folder)
    return f"{caught.value.key}: {caught.value.message}"


def test_the_template_is_the_reviewed_one(make: Make) -> None:
    text = f'[log]\nclient_address = "hash"\nkey = {{ from = "ssm", name = "/shop/key" }}\n[real_time_log]\n{KEY}{URL}'
    text += 'headers = ["X-App"]\n[standard_log]\n'
    assert render_yaml(compile_template(load_site(make(text)), code_hash="0")) == GOLDEN.read_text()


def test_the_behaviors_that_are_logged(make: Make) -> None:
    def logged(more: str) -> list[bool]:
        config = compiled(make(f"[real_time_log]\n{KEY}{URL}{more}"))["Distribution"]["Properties"]
        behaviors = config["DistributionConfig"]
        both = (behaviors["DefaultCacheBehavior"], *behaviors["CacheBehaviors"])
        return ["RealtimeLogConfigArn" in one for one in both]

    assert logged("") == [True, True]
    assert logged('behaviors = ["api/*"]\n') == [False, True]
    assert logged('behaviors = ["*"]\n') == [True, False]


def test_cloudfronts_api_takes_the_configuration(make: Make) -> None:
    config = compiled(make(f"[real_time_log]\n{KEY}{URL}percent = 5\n"))["RealTimeLog"]["Properties"]
    kinesis = {"RoleARN": "role", "StreamARN": "stream"}
    request = {**config, "EndPoints": [{"StreamType": "Kinesis", "KinesisStreamConfig": kinesis}]}
    service = botocore.session.get_session().get_service_model("cloudfront")
    shape = service.operation_model("CreateRealtimeLogConfig").input_shape
    assert not ParamValidator().validate(request, shape).generate_report()
    assert config["SamplingRate"] == 5
    assert config["Fields"] == [one for one in FIELDS if one in config["Fields"]]


@pytest.mark.parametrize("operation", ["PutDeliverySource", "PutDeliveryDestination", "CreateDelivery"])
@pytest.mark.parametrize("to", ["s3", "cloudwatch"])
def test_the_api_of_the_logs_takes_the_delivery(make: Make, operation: str, to: str) -> None:
    found = compiled(make(f'[standard_log]\nto = "{to}"\n'))
    delivery = found["AccessLogDelivery"]["Properties"]
    requests: dict[str, dict[str, Any]] = {
        "PutDeliverySource": {"name": "shop-access-log", "resourceArn": "arn", "logType": "ACCESS_LOGS"},
        "PutDeliveryDestination": {
            "name": found["AccessLogDestination"]["Properties"]["Name"],
            "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "arn"},
        },
        "CreateDelivery": {
            "deliverySourceName": "shop-access-log",
            "deliveryDestinationArn": "arn",
            "recordFields": delivery["RecordFields"],
        },
    }
    shape = botocore.session.get_session().get_service_model("logs").operation_model(operation).input_shape
    assert not ParamValidator().validate(requests[operation], shape).generate_report()
    assert delivery["RecordFields"] == [one for one in delivery["RecordFields"] if one in STANDARD_FIELDS]


def test_no_access_key_is_anywhere_but_by_its_name(make: Make) -> None:
    destination = compiled(make(f"[real_time_log]\n{KEY}{URL}"))["RealTimeDelivery"]["Properties"][
        "HttpEndpointDestinationConfiguration"
    ]
    assert destination["SecretsManagerConfiguration"]["SecretARN"] == SECRET
    assert "AccessKey" not in destination["EndpointConfiguration"]
    assert destination["EndpointConfiguration"]["Url"] == (
        "https://logs.example.com/aws/default/access/_kinesis_firehose"
    )


def test_each_role_may_do_what_it_is_for(make: Make) -> None:
    key = 'key = { from = "ssm", name = "/shop/key" }\nvisitor = true\n'
    found = compiled(make(f"[real_time_log]\n{KEY}{URL}{key}"))

    def allowed(role: str) -> dict[str, list[str]]:
        policies = found[role]["Properties"]["Policies"]
        return {
            action: [one["Fn::Sub"] if isinstance(one, dict) else one for one in statement["Resource"]]
            for one_policy in policies
            for statement in one_policy["PolicyDocument"]["Statement"]
            for action in statement["Action"]
        }

    stream = ["${RealTimeStream.Arn}"]
    assert allowed("RealTimeLogRole") == dict.fromkeys(
        (
            "kinesis:DescribeStreamSummary",
            "kinesis:DescribeStream",
            "kinesis:PutRecord",
            "kinesis:PutRecords",
        ),
        stream,
    )
    assert allowed("RealTimeTransformRole")["ssm:GetParameter"] == [
        "arn:${AWS::Partition}:ssm:us-east-1:${AWS::AccountId}:parameter/shop/key"
    ]
    delivery = allowed("RealTimeDeliveryRole")
    assert delivery["secretsmanager:GetSecretValue"] == [SECRET]
    assert delivery["s3:PutObject"] == ["${RealTimeFailed.Arn}/failed/*"]
    assert {one.partition(":")[0] for one in delivery} == {
        "kinesis",
        "lambda",
        "s3",
        "logs",
        "secretsmanager",
    }
    assert not any("*" in action for role in (delivery, allowed("RealTimeTransformRole")) for action in role)


def test_privacy_is_that_of_the_log_unless_the_table_says_otherwise(make: Make) -> None:
    log = '[log]\nclient_address = "hash"\nquery = ["page"]\nkey = { from = "ssm", name = "/shop/key" }\n'
    privacy = load_site(make(f"{log}[real_time_log]\n{KEY}{URL}")).real_time_log
    assert privacy and privacy.privacy.client_address == "hash" and privacy.privacy.key
    own = load_site(make(f'{log}[real_time_log]\n{KEY}{URL}client_address = "drop"\n')).real_time_log
    assert own and own.privacy.client_address == "drop" and own.privacy.query == ("page",)
    # CloudFront is not asked for what is dropped anyway, and no key is read that nothing is hashed with.
    assert "c-ip" not in own.fields and own.privacy.key is None


def test_the_standard_log_leaves_out_what_the_log_masks(make: Make) -> None:
    plain = compiled(make("[log]\n[standard_log]\n"))["AccessLogDelivery"]["Properties"]["RecordFields"]
    masked = '[log]\nclient_address = "truncate"\nquery = "drop"\n[standard_log]\n'
    fields = compiled(make(masked))["AccessLogDelivery"]["Properties"]["RecordFields"]
    assert [one for one in plain if one not in fields] == ["c-ip", "cs-uri-query", "cs(Referer)"]
    named = compiled(make(masked + 'fields = ["timestamp(ms)", "c-ip"]\n'))["AccessLogDelivery"]["Properties"]
    assert named["RecordFields"] == ["timestamp(ms)", "c-ip"]


def test_the_bucket_of_the_standard_log_lets_in_its_own_delivery_alone(make: Make) -> None:
    found = compiled(make('[standard_log]\nformat = "parquet"\ndays = 30\n'))
    tls, write = found["AccessLogFilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert write["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert write["Resource"] == {"Fn::Sub": "${AccessLogFiles.Arn}/access/*"}
    assert write["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert write["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(
        ":delivery-source:${AccessLogSource}"
    )
    (rule, _) = found["AccessLogFiles"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("access/", 30)


def test_another_place_is_another_destination(make: Make) -> None:
    # None of these can be changed where it is, and the old one is there until the new one is made.
    tables = (
        "",
        'format = "w3c"\n',
        'to = "cloudwatch"\n',
        f'to = "firehose"\n{STREAM}',
        f'to = "firehose"\n{STREAM.replace("lines", "others")}',
    )
    found = [compiled(make(f"[standard_log]\n{one}"))["AccessLogDestination"] for one in tables]
    assert len({one["Properties"]["Name"] for one in found}) == len(tables)
    assert found[0] == compiled(make("[standard_log]\n"))["AccessLogDestination"]


STREAM = 'stream_arn = "arn:aws:firehose:us-east-1:111122223333:deliverystream/lines"\n'


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        (f"[real_time_log]\n{URL}", "real_time_log.access_key: missing: expected a table"),
        (f"[real_time_log]\n{KEY}", "real_time_log.url: missing: Firehose delivers to it"),
        (f'[real_time_log]\n{KEY}url = "https://a.example:5080"\n', "real_time_log.url: this cannot be used"),
        (f'[real_time_log]\n{KEY}url = "http://a.example"\n', "real_time_log.url: this cannot be used"),
        (
            f'[real_time_log]\n{URL}access_key = {{ from = "ssm", name = "/a" }}\n',
            "real_time_log.access_key: Firehose reads it from Secrets Manager, by its ARN",
        ),
        (
            f"[real_time_log]\n{URL}{KEY.replace('us-east-1', 'eu-west-1')}",
            "real_time_log.access_key: it is in eu-west-1",
        ),
        (f"[real_time_log]\n{KEY}{URL}percent = 0.5\n", "real_time_log.percent: 0.5 is out of range"),
        (f"[real_time_log]\n{KEY}{URL}percent = 1.5\n", "real_time_log.percent: 1.5 is no whole number"),
        (
            f'[real_time_log]\n{KEY}{URL}behaviors = ["/apis/*"]\n',
            "real_time_log.behaviors[0]: unknown behavior",
        ),
        (f"[real_time_log]\n{KEY}{URL}behaviors = []\n", "real_time_log.behaviors: no behavior is logged"),
        (
            f'[real_time_log]\n{KEY}{URL}fields = [{TELLING}, "sc-statu"]\n',
            "real_time_log.fields[7]: unknown field",
        ),
        (
            f'[real_time_log]\n{KEY}{URL}fields = [{TELLING}, "cs-cookie"]\n',
            "real_time_log.fields[7]: cookies are never recorded",
        ),
        (
            f'[real_time_log]\n{KEY}{URL}fields = [{TELLING}, "cs-headers"]\n',
            "real_time_log.fields[7]: all headers are too many",
        ),
        (
            f"[real_time_log]\n{KEY}{URL}fields = [{TELLING_LESS}]\n",
            "real_time_log.fields: without x-edge-result-type",
        ),
        (
            f'[real_time_log]\n{KEY}{URL}visitor = true\nfields = [{TELLING}, "c-ip"]\n',
            "real_time_log.fields: without primary-distribution-id",
        ),
        (
            f'[real_time_log]\n{KEY}{URL}headers = ["Cookie"]\n',
            'real_time_log.headers[0]: "Cookie" is never recorded',
        ),
        (
            '[standard_log]\nto = "cloudwatch"\nformat = "parquet"\n',
            "standard_log.format: `cloudwatch` takes no",
        ),
        ('[standard_log]\nformat = "raw"\n', "standard_log.format: `s3` takes no `raw`"),
        ('[standard_log]\nto = "firehose"\n', "standard_log.stream_arn: missing: the lines go to it"),
        (
            f'[standard_log]\nto = "firehose"\ndays = 3\n{STREAM}',
            "standard_log.days: `days` is for s3 and cloudwatch",
        ),
        (f"[standard_log]\n{STREAM}", "standard_log.stream_arn: `stream_arn` is for firehose"),
        (
            '[standard_log]\nto = "cloudwatch"\ndays = 31\n',
            "standard_log.days: a log group cannot keep its lines",
        ),
        (
            '[standard_log]\ndelimiter = ","\n',
            'standard_log.delimiter: "," cannot stand between fields of `json`',
        ),
        ('[standard_log]\npath = "{year}"\n', 'standard_log.path: "{year}" cannot be folders'),
        ('[standard_log]\nfields = ["date", "c-ip"]\n', "standard_log.fields: without a time"),
        (
            '[standard_log]\nfields = ["timestamp(ms)", "timestamp(ms)"]\n',
            'standard_log.fields: "timestamp(ms)" is',
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_here(make: Make, tables: str, problem: str) -> None:
    assert refused(make(tables)).startswith(problem)


def test_the_folder_of_the_function_runs_by_itself(make: Make) -> None:
    fields = "".join(f'"{name}", ' for name in VALUES if name != "cs-headers")
    more = f'headers = ["X-App"]\nclient_address = "truncate"\nvisitor = true\nfields = [{fields}]\n'
    written = write_template(
        load_site(make(f"[real_time_log]\n{KEY}{URL}{more}")), make("") / "out" / "template.yaml"
    )
    assert written.transform and written.transform in written.folders
    # Nothing but the standard library, as Lambda has it, and nothing of this project from elsewhere.
    program = (
        "import json, sys; sys.path.insert(0, '.')\n"
        "from edgewise.transform.function import lambda_handler\n"
        "print(json.dumps(lambda_handler(json.load(sys.stdin), None)))"
    )
    text = "\t".join(VALUES[name] for name in FIELDS if name in VALUES)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        input=json.dumps(batch(text, text.replace(VALUES["timestamp"], "1759773634.191"), text)),
        cwd=written.transform,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    one, next_day, again = made(json.loads(done.stdout))
    # Without a key of the site's, and lines of two days in any order.
    assert one["visitor"] == again["visitor"] != next_day["visitor"]
    assert (one["client_ip"], one["header_x_app"], one["status"]) == ("203.0.113.0", "seven, 8", 404)
    size = sum(file.stat().st_size for file in written.transform.rglob("*.py"))
    assert size < 40_000, "it is to stay small"


def test_lines_that_are_given_back_ring_an_alarm(make: Make) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:ops"
    found = compiled(make(f'[real_time_log]\n{KEY}{URL}[alarms]\ntopic = "{topic}"\n'))
    counted, alarm = (found[name]["Properties"] for name in ("RealTimeFailures", "RealTimeFailuresAlarm"))
    (metric,) = counted["MetricTransformations"]
    assert counted["LogGroupName"] == {"Ref": "RealTimeTransformLogs"}
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    assert alarm["AlarmActions"] == [topic] and (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)
    # What the pattern and the value look at is what the function prints: a number.
    fields = ["timestamp", "sc-status"]
    settings = {
        "fields": fields,
        "privacy": {"client_address": "keep", "query": "keep", "headers": [], "visitor": False},
    }
    _, trouble = transform_of(settings, RandomKeys("e-1"))(batch("1\n", "1759687234.191\t200\n", "2\tx\n"))
    assert (counted["FilterPattern"], metric["MetricValue"]) == ("{ $.failed > 0 }", "$.failed")
    assert trouble["failed"] == 2 and sum(trouble["reasons"].values()) == 2


def test_the_local_cdn_finds_the_function_by_the_template(make: Make) -> None:
    folder = make(f"[real_time_log]\n{KEY}{URL}")
    written = write_template(load_site(folder), folder / "template.yaml")
    notices: list[Any] = []
    (stream,) = line_streams(load_template(written.template), notices).values()
    assert (stream.source, stream.delivery, stream.records) == ("shop-real-time", "shop-real-time", "access")
    assert stream.function.code == written.transform and not stream.function.at_edge and not notices


def test_what_has_to_be_there_is_named(make: Make) -> None:
    site = load_site(make(f"[real_time_log]\n{KEY}{URL}"))
    assert needed_on_aws(site)[-2:] == [
        "https://logs.example.com",
        f"the secret {SECRET} of secrets-manager",
    ]
    log = '[log]\nvisitor = true\nkey = { from = "ssm", name = "/shop/key" }\n'
    both = load_site(make(f"{log}[real_time_log]\n{KEY}{URL}"))
    # The key of both logs is one.
    assert [(one.name, region) for one, region in site_secrets(both)] == [
        ("/shop/key", "us-east-1"),
        (SECRET, "us-east-1"),
    ]
