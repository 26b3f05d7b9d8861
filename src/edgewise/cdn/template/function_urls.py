"""Functions behind origins: an origin whose domain is the function URL of a function of the same template.

Source: CloudFormation reference, `AWS::Lambda::Url`.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.cdn.distribution import FunctionDefinition, Origin
from edgewise.cdn.template.code import function_definition
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.functions import functions_by_name


def function_urls(template: Template, origins: Iterable[Origin]) -> dict[str, FunctionDefinition]:
    """The functions behind those origins that are function URLs of this template, by the origin's domain.

    Raises `TemplateError`.
    """
    domains = {origin.domain for origin in origins}
    functions = functions_by_name(template)
    found = {}
    for name in template.of_type("AWS::Lambda::Url"):
        url = template.resolver.resolve({"Fn::GetAtt": [name, "FunctionUrl"]}, name)
        domain = str(url).removeprefix("https://").removesuffix("/")
        function = functions.get(template.node(name).text("TargetFunctionArn"))
        if domain in domains and function is not None:
            found[domain] = function_definition(template.node(function), template.folder)
    return found
