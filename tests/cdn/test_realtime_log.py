"""Real-time access logs: the record, sampling, the stream's folder, and what a template chooses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.accesslog.config import LoggingConfig, RealtimeLogConfig
from edgewise.cdn.accesslog.realtime import FIELDS, realtime_record
from edgewise.cdn.accesslog.writer import AccessLogs
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.template.document import parse_template
from edgewise.cdn.template.logging import realtime_log
from edgewise.cdn.template.notices import Notices
from edgewise.cdn.trace import OriginExchange, Trace
from edgewise.cdn.viewerfacts import ViewerFacts
from edgewise.realtime import FIELDS as ORDERED
from edgewise.realtime import in_order

# The order of the guide, "Use real-time access logs" (April 2026), up to the fields for media.
_ORDER = """
timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes
x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent cs-referer
cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher x-edge-result-type
fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end c-port
x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern cs-headers
cs-header-names cs-headers-count primary-distribution-id primary-distribution-dns-name origin-fbl origin-lbl asn
"""
ORDER = _ORDER.split()

# The shape of a record that a user published in October 2025, with addresses, names and ids of the documentation in
# their places, two hosts instead of one, and without `s-ip` and `origin-lbl`, which are not known here.
GOLDEN = (
    "1759687234.191\t192.0.2.100\t0.253\t200\t783\tGET\thttps\twww.example.com\t/example?a=b%2520c\t201\tSFO53-P9\t"
    "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\td111111abcdef8.cloudfront.net\t0.253\tHTTP/1.1\tIPv4\t"
    "vscode-restclient\t-\t-\ta=b%2520c\tMiss\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss\t-\t-\tapplication/json\t102\t"
    "-\t-\t63051\tMiss\tUS\tgzip,%20deflate,%20br\t-\t*\tUser-Agent:vscode-restclient%0AX-Name:a%20%22b%22%0A"
    "Accept-Encoding:gzip,%20deflate,%20br%0AHost:www.example.com%0A\tUser-Agent%0AX-Name%0AAccept-Encoding%0AHost%0A\t"
    "4\tEMLARXS9EXAMPLE\td111111abcdef8.cloudfront.net\t0.232\t7018\n"
)


def a_trace(*lines: tuple[str, str], **facts: Any) -> Trace:
    headers = Headers([*lines, ("Host", "www.example.com")])
    request = Request("GET", "/example", "a=b%20c", headers, b"", "192.0.2.100", 63051, "https", "1.1", 201)
    viewer = {
        "viewer-tls": "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake",
        "viewer-country": "US",
        "viewer-asn": "7018",
    }
    trace = Trace(
        request_id="SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==",
        started=1759687233.938,
        request=request,
        facts=ViewerFacts(request, viewer),
        distribution_id="EMLARXS9EXAMPLE",
        distribution_domain="d111111abcdef8.cloudfront.net",
        edge_location="SFO53-P9",
        region="us-west-1",
        host="www.example.com",
        behavior="*",
        status=200,
        bytes_sent=783,
        duration_ms=253.0,
        first_byte_ms=253.0,
        answer=Headers([("Content-Type", "application/json")]),
        content_length=102,
        exchanges=[OriginExchange("app", "app.example.com", request, 200, Headers(), 232.0)],
    )
    for name, value in facts.items():
        setattr(trace, name, value)
    return trace


def value(trace: Trace, name: str) -> str:
    return realtime_record(trace, [name]).removesuffix("\n")


def test_the_fields_are_those_of_the_guide_in_its_order() -> None:
    assert list(FIELDS)[: len(ORDER)] == ORDER and tuple(FIELDS) == ORDERED
    assert len(FIELDS) == len(ORDER) + 18 + 5
    assert in_order(["asn", "sc-status", "timestamp"]) == ("timestamp", "sc-status", "asn")


def test_the_record_is_that_of_cloudfront() -> None:
    trace = a_trace(
        ("User-Agent", "vscode-restclient"), ("X-Name", 'a "b"'), ("Accept-Encoding", "gzip, deflate, br")
    )
    fields = [name for name in ORDER if name not in ("s-ip", "origin-lbl")]
    assert realtime_record(trace, in_order(fields)) == GOLDEN


def test_headers_are_cut_at_800_bytes_between_lines() -> None:
    lines = [(f"X-{number:03}", "v" * 40) for number in range(50)]
    trace = a_trace(*lines)
    # 800 bytes hold 17 lines of 47 bytes, and 133 names of 6.
    assert value(trace, "cs-headers").count("%0A") == 17
    assert value(trace, "cs-header-names").count("%0A") == 51
    assert value(trace, "cs-headers-count") == "51"
    assert len(value(a_trace(("Cookie", "c" * 2000)), "cs-cookie")) == 800


@given(st.lists(st.tuples(st.text("abc-", min_size=1), st.text(st.characters(max_codepoint=0xFF)))))
def test_a_record_is_one_line_with_as_many_fields_as_were_chosen(lines: list[tuple[str, str]]) -> None:
    record = realtime_record(a_trace(*lines, host="a\tb\n"), FIELDS)
    assert record.count("\n") == 1 and record.isascii()
    assert len(record.split("\t")) == len(FIELDS)


def test_a_hit_has_asked_no_origin() -> None:
    assert value(a_trace(exchanges=[]), "origin-fbl") == "-"


def logs(folder: Path, rate: int, picks: list[float]) -> AccessLogs:
    config = RealtimeLogConfig(("sc-status", "cs-uri-stem"), "my-stream", rate)
    pick = iter(picks).__next__
    return AccessLogs(
        folder, "E", None, {"/live/*": config}, pytest.fail, pick=pick, unique=lambda: "1", interval=3600.0
    )


def test_the_sampled_requests_of_its_behavior_are_records_of_the_stream(tmp_path: Path) -> None:
    log = logs(tmp_path, 50, [0.2, 0.49, 0.5, 0.9])
    for status in (200, 201, 202, 203):
        log(a_trace(behavior="/live/*", status=status))
        log(a_trace(behavior="*", status=500))
    log.close()
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert path == tmp_path / "kinesis/my-stream/2025-10-05-18.1.tsv"
    assert path.read_text() == "200\t/example?a=b%2520c\n201\t/example?a=b%2520c\n"


def test_both_kinds_at_once(tmp_path: Path) -> None:
    config = RealtimeLogConfig(("sc-status",), "my-stream")
    log = AccessLogs(tmp_path, "E", LoggingConfig("b"), {"*": config}, pytest.fail, interval=3600.0)
    log(a_trace())
    log.close()
    assert len(list(tmp_path.rglob("*.gz"))) == len(list(tmp_path.rglob("*.tsv"))) == 1


# The template.

STREAM = {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "live"}}


def read(config: dict[str, Any] | None, arn: Any, stream: dict[str, Any] | None = None) -> Any:
    resources: dict[str, Any] = {
        "Stream": stream or STREAM,
        "D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"RealtimeLogConfigArn": arn}},
    }
    if config is not None:
        resources["Log"] = {"Type": "AWS::CloudFront::RealtimeLogConfig", "Properties": config}
    template = parse_template(json.dumps({"Resources": resources}), Path("t.json"))
    notices = Notices()
    return realtime_log(template, template.node("D"), notices), notices


def a_config(**properties: Any) -> dict[str, Any]:
    stream = {"StreamArn": {"Fn::GetAtt": ["Stream", "Arn"]}, "RoleArn": "arn:aws:iam::123456789012:role/r"}
    return {
        "Name": "live",
        "EndPoints": [{"StreamType": "Kinesis", "KinesisStreamConfig": stream}],
        "Fields": ["cs-host", "timestamp"],
        "SamplingRate": 10,
        **properties,
    }


@pytest.mark.parametrize("arn", [{"Ref": "Log"}, {"Fn::GetAtt": ["Log", "Arn"]}])
def test_a_configuration_of_the_template(arn: Any) -> None:
    config, notices = read(a_config(), arn)
    assert config == RealtimeLogConfig(("timestamp", "cs-host"), "live", 10)
    assert not notices


def test_a_stream_is_named_by_its_resource_or_its_arn() -> None:
    unnamed = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
    assert read(a_config(), {"Ref": "Log"}, unnamed)[0].stream == "Stream"
    elsewhere = {"StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/other"}
    endpoints = [{"StreamType": "Kinesis", "KinesisStreamConfig": elsewhere}]
    assert read(a_config(EndPoints=endpoints), {"Ref": "Log"})[0].stream == "other"


def test_a_configuration_that_lies_elsewhere_is_told_of() -> None:
    config, notices = read(None, "arn:aws:cloudfront::123456789012:realtime-log-config/live")
    assert config is None
    assert "not in this template" in str(notices[0])
    assert read(a_config(), "")[0] is None


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ({"Fields": ["timestamp", "cs(Host)"]}, "Fields"),
        ({"Fields": []}, "Fields"),
        ({"SamplingRate": 0}, "SamplingRate"),
        ({"SamplingRate": 101}, "SamplingRate"),
        ({"EndPoints": []}, "EndPoints"),
        ({"EndPoints": [{"KinesisStreamConfig": {"StreamArn": "arn:x/.."}}]}, "StreamArn"),
    ],
)
def test_a_configuration_that_is_refused(properties: dict[str, Any], key: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read(a_config(**properties), {"Ref": "Log"})
    assert str(caught.value.key).endswith(key)
