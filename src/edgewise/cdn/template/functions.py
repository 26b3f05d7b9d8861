"""Lambda functions of a template: those that behaviors run at the edge, by their numbered versions."""

from __future__ import annotations

from typing import cast

from edgewise.cdn.distribution import TRIGGERS, Association, FunctionDefinition, Notice, Trigger
from edgewise.cdn.template.code import function_definition
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices


class EdgeFunctions:
    """Collects the functions that behaviors are associated with; `definitions` is by logical id."""

    def __init__(self, template: Template, notices: Notices) -> None:
        self.definitions: dict[str, FunctionDefinition] = {}
        self._template = template
        self._notices = notices
        self._versions = versions_by_arn(template)

    def associations(self, behavior: Node) -> dict[Trigger, Association]:
        """The function of each trigger of a behavior. Raises `TemplateError`."""
        return {
            trigger: Association(self._associated(entry), entry.flag("IncludeBody"))
            for trigger, entry in entries_by_trigger(behavior).items()
        }

    def _associated(self, entry: Node) -> str:
        arn = entry.text("LambdaFunctionARN")
        function = self._versions.get(arn)
        if function is None:
            hint = (
                "name an AWS::Lambda::Version of this template (`!Ref TheVersion`): CloudFront takes no other"
            )
            message = f"{arn!r} is not a numbered function version of this template"
            raise entry.not_here(message, "LambdaFunctionARN", hint)
        if function not in self.definitions:
            node = self._template.node(function)
            self._notices.of("function", node)
            if "arm64" in node.names("Architectures"):
                message = "Lambda@Edge runs on x86_64 only; a deployment would be refused"
                self._notices.append(Notice(f"{node.key}.Architectures", message))
            self.definitions[function] = function_definition(node, self._template.folder)
        return function


def entries_by_trigger(behavior: Node) -> dict[Trigger, Node]:
    """The `LambdaFunctionAssociations` of a behavior, each with the ARN of a function. Raises `TemplateError`."""
    entries: dict[Trigger, Node] = {}
    for entry in behavior.children("LambdaFunctionAssociations"):
        trigger = cast(Trigger, entry.choice("EventType", TRIGGERS))
        if trigger in entries:
            hint = "CloudFront allows one function per trigger and behavior"
            raise entry.error(f"a second function for {trigger}", hint=hint)
        if entry.flag("IncludeBody") and not trigger.endswith("request"):
            raise entry.error("only request triggers can be given a body", "IncludeBody")
        entry.text("LambdaFunctionARN")
        entries[trigger] = entry
    return entries


def versions_by_arn(template: Template) -> dict[str, str]:
    """Each `AWS::Lambda::Version`'s ARN to the logical id of its function."""
    functions = functions_by_name(template)
    versions = {}
    for name in template.of_type("AWS::Lambda::Version"):
        function = functions.get(template.node(name).text("FunctionName"))
        if function is not None:
            versions[template.resolver.resolve({"Ref": name}, name)] = function
    return versions


def functions_by_name(template: Template) -> dict[str, str]:
    """Each name and each ARN of an `AWS::Lambda::Function` to its logical id."""
    found = {}
    for name in template.of_type("AWS::Lambda::Function"):
        found[template.resolver.resolve({"Ref": name}, name)] = name
        found[template.resolver.resolve({"Fn::GetAtt": [name, "Arn"]}, name)] = name
    return found
