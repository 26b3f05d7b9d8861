"""Which function makes records of a stream's real-time lines on their way to OpenObserve, as a template says it.

Source: CloudFormation reference, `AWS::KinesisFirehose::DeliveryStream`: a delivery stream that reads a stream of
Kinesis, has a function transform what it reads, and delivers to an HTTP endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgewise.cdn.distribution import FunctionDefinition, Notice
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.code import function_definition
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.functions import functions_by_name
from edgewise.cdn.template.node import Node

_DELIVERY = "AWS::KinesisFirehose::DeliveryStream"
# OpenObserve's endpoint for Firehose, which names the stream of its records.
_ENDPOINT = re.compile(r"https://[^/]+/aws/[^/]+/(?P<stream>[^/]+)/_kinesis_firehose/?")


@dataclass(frozen=True, slots=True)
class LineStream:
    """A stream of Kinesis (`source`), the delivery stream that reads it, its function, and where records go."""

    source: str
    delivery: str
    function: FunctionDefinition
    records: str


def line_streams(template: Template, notices: list[Notice]) -> dict[str, LineStream]:
    """Those that deliver to OpenObserve, by `source`; what cannot be played is noticed. Never raises."""
    found: dict[str, LineStream] = {}
    for name in template.of_type(_DELIVERY):
        node = template.node(name)
        try:
            for one in _line_streams(template, name, node):
                found.setdefault(one.source, one)
        except TemplateError as error:
            notices.append(Notice(node.key, f"not simulated: {error.message}"))
    return found


def _line_streams(template: Template, name: str, node: Node) -> Iterator[LineStream]:
    source, endpoint = node.child("KinesisStreamSourceConfiguration"), _endpoint(node)
    if source is None or endpoint is None:
        return
    address = _ENDPOINT.fullmatch(endpoint.required("EndpointConfiguration").text("Url", ""))
    functions = functions_by_name(template)
    arns = [arn for arn in _transforming(endpoint) if arn in functions]
    if address is None or not arns:
        return
    function = template.node(functions[arns[0]])
    yield LineStream(
        source=re.split("[:/]", source.text("KinesisStreamARN"))[-1],
        delivery=node.text("DeliveryStreamName", name),
        function=function_definition(function, template.folder, at_edge=False),
        records=address["stream"],
    )


def _endpoint(node: Node) -> Node | None:
    return node.child("HttpEndpointDestinationConfiguration")


def _transforming(endpoint: Node) -> Iterator[str]:
    """The ARNs of the functions that it calls, without a version."""
    processing = endpoint.child("ProcessingConfiguration")
    for processor in processing.children("Processors") if processing and processing.flag("Enabled") else ():
        for parameter in processor.children("Parameters"):
            if parameter.text("ParameterName", "") == "LambdaArn":
                yield ":".join(_text(parameter.value("ParameterValue")).split(":")[:7])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
