"""Rules about CloudFront's own logs: what their deliveries are refused for, and what nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack
from edgewise.realtime import STANDARD_FIELDS

_SOURCE, _DESTINATION = "AWS::Logs::DeliverySource", "AWS::Logs::DeliveryDestination"
_FIREHOSE = "AWS::KinesisFirehose::DeliveryStream"
_HTTP = "HttpEndpointDestinationConfiguration"
_STANDARD = "standard-logging"
# The service in the ARN of a destination that takes a format alone.
_ALONE = {"w3c": "s3", "parquet": "s3", "raw": "firehose"}
_OPENOBSERVE = re.compile(r"/aws/[^/]+/[^/]+/_kinesis_firehose/?$")


@rule(
    901,
    "error",
    "a delivery of a distribution's log names a field that it does not have",
    hint="take the names of the guide's page on standard logging; v2 has some of the real-time log's too",
    source=_STANDARD,
)
def unknown_field(stack: Stack) -> Iterator[Problem]:
    for name in stack.of_type("AWS::Logs::Delivery"):
        delivery = stack.properties(name)
        source = stack.named(delivery.at("DeliverySourceName").text, _SOURCE)
        if source is None or stack.properties(source).at("LogType").text != "ACCESS_LOGS":
            continue
        for field in delivery.at("RecordFields").items():
            if field.text is not None and field.text not in STANDARD_FIELDS:
                yield Problem(field, f"{field.text} is no field of CloudFront's standard log")


@rule(
    902,
    "error",
    "a destination of logs has a format that it does not take",
    hint="w3c and parquet are for S3, raw for Firehose; json and plain are for all",
    source=_STANDARD,
)
def format_not_taken(stack: Stack) -> Iterator[Problem]:
    for name in stack.of_type(_DESTINATION):
        destination = stack.properties(name)
        format, arn = destination.at("OutputFormat"), destination.at("DestinationResourceArn").text or ""
        alone, service = _ALONE.get(format.text or ""), arn.split(":")[2:3]
        if alone and service and service != [alone]:
            yield Problem(format, f"{format.text} is for {alone} alone, and this is of {service[0]}")


@rule(
    903,
    "error",
    "a distribution is the source of two logs",
    hint="one source serves several deliveries: let both name it",
    source=_STANDARD,
)
def second_source(stack: Stack) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in stack.of_type(_SOURCE):
        arn = stack.properties(name).at("ResourceArn")
        if arn.text is None:
            continue
        if arn.text in seen:
            yield Problem(arn, "AWS refuses a second delivery source of the same resource")
        seen.add(arn.text)


@rule(
    904,
    "error",
    "Firehose is to deliver to an address that it does not take",
    hint="Firehose speaks TLS on port 443 alone: put a proxy in front of a store that listens elsewhere",
    source="https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html",
)
def endpoint_not_taken(stack: Stack) -> Iterator[Problem]:
    for url in _endpoints(stack):
        if url.text and not url.is_guess and not re.match(r"https://[^/:]+(:443)?(/|$)", url.text):
            yield Problem(url, f"Firehose does not deliver to {url.text}")


@rule(
    905,
    "error",
    "lines of the real-time log go to OpenObserve as they are",
    hint="let a function make JSON of them (ProcessingConfiguration): `[real_time_log]` of a site file brings one",
    source="real-time-logs",
)
def lines_as_they_are(stack: Stack) -> Iterator[Problem]:
    streams = set(_streams(stack))
    for name in stack.of_type(_FIREHOSE):
        delivery = stack.properties(name)
        source = delivery.at("KinesisStreamSourceConfiguration", "KinesisStreamARN").text
        endpoint = delivery.at(_HTTP)
        url = endpoint.at("EndpointConfiguration", "Url").text or ""
        if source in streams and _OPENOBSERVE.search(url) and not _transforms(endpoint):
            yield Problem(
                endpoint,
                f"{name} reads a real-time log and delivers tab-separated lines, of which OpenObserve takes none",
            )


def _endpoints(stack: Stack) -> Iterator[Part]:
    for name in stack.of_type(_FIREHOSE):
        yield stack.properties(name).at(_HTTP, "EndpointConfiguration", "Url")


def _streams(stack: Stack) -> Iterator[str]:
    """The ARNs of the streams into which CloudFront writes real-time lines."""
    for name in stack.of_type("AWS::CloudFront::RealtimeLogConfig"):
        for endpoint in stack.properties(name).at("EndPoints").items():
            arn = endpoint.at("KinesisStreamConfig", "StreamArn").text
            if arn is not None:
                yield arn


def _transforms(endpoint: Part) -> bool:
    processing = endpoint.at("ProcessingConfiguration")
    processors = processing.at("Processors")
    # What only the deployment knows may well have one.
    unknown = not (processing.is_known and processors.is_known)
    return unknown or any(one.at("Type").text in ("Lambda", None) for one in processors.items())
