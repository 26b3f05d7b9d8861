"""Functions behind origins: an origin whose domain is the function URL of a function of the same template.

Source: CloudFormation reference, `AWS::Lambda::Url`; CloudFront Developer Guide, "Restrict access to an AWS Lambda
function URL origin".
"""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.cdn.distribution import FunctionDefinition, Notice, Origin
from edgewise.cdn.template.code import function_definition
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.functions import functions_by_name
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices

_NOT_SIMULATED = {
    ("InvokeMode", "RESPONSE_STREAM"): "answers are not streamed: the function runs to its end first",
    ("AuthType", "AWS_IAM"): (
        "signatures are not checked: on AWS a PUT or POST also needs the header x-amz-content-sha256 of its viewer, "
        "since CloudFront does not sign bodies"
    ),
}


def function_urls(
    template: Template, origins: Iterable[Origin], notices: Notices | None = None
) -> dict[str, FunctionDefinition]:
    """The functions behind those origins that are function URLs of this template, by the origin's domain.

    Raises `TemplateError`.
    """
    domains = {origin.domain for origin in origins}
    functions = functions_by_name(template)
    found = {}
    for name in template.of_type("AWS::Lambda::Url"):
        url = template.resolver.resolve({"Fn::GetAtt": [name, "FunctionUrl"]}, name)
        domain = str(url).removeprefix("https://").removesuffix("/")
        if domain not in domains:
            continue
        node = template.node(name)
        function = functions.get(_without_version(node.text("TargetFunctionArn")))
        if function is None:
            hint = "name an AWS::Lambda::Function of this template, or give the origin a place with --origin"
            raise node.not_here("it is no function of this template", "TargetFunctionArn", hint)
        if notices is not None:
            _notice(node, notices)
        found[domain] = function_definition(template.node(function), template.folder, at_edge=False)
    return found


def _without_version(arn: str) -> str:
    """An ARN with the version or alias at its end taken off: the function is run as it is now."""
    return ":".join(arn.split(":")[:7])


def _notice(url: Node, notices: Notices) -> None:
    for (name, value), instead in _NOT_SIMULATED.items():
        if url.text(name, "") == value:
            notices.append(Notice(f"{url.key}.{name}", f"not simulated: {instead}"))
