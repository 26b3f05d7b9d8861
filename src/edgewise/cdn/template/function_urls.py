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
        "signatures are not checked, but for one thing: a body needs its viewer's header x-amz-content-sha256, since "
        "CloudFront does not sign bodies"
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
        domain = _domain(template, name)
        if domain not in domains:
            continue
        node = template.node(name)
        function = functions.get(_without_version(node.text("TargetFunctionArn")))
        if function is not None and _is_image(template, function):
            continue
        if function is None:
            hint = "name an AWS::Lambda::Function of this template, or give the origin a place with --origin"
            raise node.not_here("it is no function of this template", "TargetFunctionArn", hint)
        if notices is not None:
            _notice(node, notices)
        found[domain] = function_definition(template.node(function), template.folder, at_edge=False)
    return found


def function_images(template: Template, origins: Iterable[Origin]) -> frozenset[str]:
    """The domains of those origins that are function URLs of this template's functions from images."""
    functions = functions_by_name(template)
    found = {}
    for name in template.of_type("AWS::Lambda::Url"):
        function = functions.get(_without_version(template.node(name).text("TargetFunctionArn")))
        if function is not None and _is_image(template, function):
            found[_domain(template, name)] = function
    return frozenset(origin.domain for origin in origins if origin.domain in found)


def signed_urls(template: Template) -> frozenset[str]:
    """The domains of the function URLs of this template that take signed requests alone."""
    return frozenset(
        _domain(template, name)
        for name in template.of_type("AWS::Lambda::Url")
        if template.node(name).text("AuthType", "") == "AWS_IAM"
    )


def _is_image(template: Template, function: str) -> bool:
    """Whether a function runs from an image, whose address need not be known here."""
    properties = template.resources[function].get("Properties") or {}
    kind = template.resolver.resolve(properties.get("PackageType", "Zip"), f"Resources.{function}.Properties")
    return bool(kind == "Image")


def _domain(template: Template, url: str) -> str:
    address = template.resolver.resolve({"Fn::GetAtt": [url, "FunctionUrl"]}, url)
    return str(address).removeprefix("https://").removesuffix("/")


def _without_version(arn: str) -> str:
    """An ARN with the version or alias at its end taken off: the function is run as it is now."""
    return ":".join(arn.split(":")[:7])


def _notice(url: Node, notices: Notices) -> None:
    for (name, value), instead in _NOT_SIMULATED.items():
        if url.text(name, "") == value:
            notices.append(Notice(f"{url.key}.{name}", f"not simulated: {instead}"))
