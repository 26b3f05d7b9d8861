"""What the rules look at: a template's distributions and the functions that they run, in CloudFront's terms.

Nothing here judges. What cannot be known before the deployment is None, and rules pass over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from edgewise.cdn import Template
from edgewise.check.distribution import Association, Behavior, Distribution, read_distribution
from edgewise.check.part import Evaluator, Part, Path
from edgewise.check.source import CodeTree, Module, code_tree, handler_modules

_DISTRIBUTION = "AWS::CloudFront::Distribution"
_FUNCTION = "AWS::Lambda::Function"
_VERSION = "AWS::Lambda::Version"
_ALIAS = "AWS::Lambda::Alias"


@dataclass(frozen=True, slots=True)
class Image:
    """What the file `dockerfile` says of the image of the origin `name`.

    `serves_events`: something in it takes Lambda's events. `port` is the one that its command names, in the line
    `port_line`; `asked_port` the one where its adapter asks, because of the function's variable `asked_by`, if there is
    one.
    `runs_here`: its command on this machine is known. `environment` is its function's, without the names of secrets;
    `policies` are ARNs; `secret_services` keep its secrets.
    """

    name: str
    dockerfile: str
    runs_here: bool
    serves_events: bool
    port: str | None
    port_line: int
    asked_port: str
    asked_by: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    secret_services: tuple[str, ...] = ()
    in_vpc: bool = False


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the template itself does not say.

    `region` is where the stack is to be deployed. `resolves` asks the DNS whether a name exists; without it no
    name is asked for. `images` are those behind origins, by the origin's id.
    """

    region: str = "us-east-1"
    resolves: Callable[[str], bool] | None = None
    images: Mapping[str, Image] = field(default_factory=dict)


@dataclass(frozen=True)
class EdgeFunction:
    """A function of the template that some behavior runs, and the associations that run it.

    `code` says what `Code` says: equal texts are equal code.
    """

    name: str
    properties: Part
    uses: tuple[tuple[Behavior, Association], ...]
    versions: tuple[Part, ...]
    tree: CodeTree | None
    code: str

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset(one.trigger for _, one in self.uses if one.trigger)

    @property
    def is_at_viewer(self) -> bool:
        return any(trigger.startswith("viewer-") for trigger in self.triggers)

    @property
    def handler(self) -> str:
        return self.properties.at("Handler").text or ""

    @property
    def is_python(self) -> bool:
        return (self.properties.at("Runtime").text or "").startswith("python")

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The function's own Python modules, the handler's first; empty where the source is not at hand."""
        return handler_modules(self.tree, self.handler) if self.tree and self.is_python else ()


class Stack:
    """A template as the rules see it. Raises `TemplateError` when it has no resources."""

    def __init__(self, template: Template, options: CheckOptions) -> None:
        self.options = options
        self.template = template
        self.evaluator = Evaluator(template, options.region)
        self._references: dict[str, dict[str, str]] = {}

    @cached_property
    def has_macros(self) -> bool:
        """Whether the deployment makes resources that are not written out here, or changes those that are."""
        kinds = (body["Type"] for body in self.template.resources.values())
        return bool(
            self.template.document.get("Transform")
            or self.template.left_out
            or any(kind.endswith("::MODULE") for kind in kinds)
        )

    def properties(self, name: str) -> Part:
        """The properties of a resource."""
        return self.evaluator.part(*self.raw_properties(name))

    def raw_properties(self, name: str) -> tuple[Any, Path]:
        """The properties of a resource as they are written, and where they stand."""
        return self.template.resources[name].get("Properties"), ("Resources", name, "Properties")

    @cached_property
    def _types(self) -> dict[str, list[str]]:
        types: dict[str, list[str]] = {}
        for name, body in self.template.resources.items():
            if self.evaluator.exists(name):
                types.setdefault(body["Type"], []).append(name)
        return types

    @property
    def kinds(self) -> list[str]:
        """The types of the resources, each once, in the template's order."""
        return list(self._types)

    def of_type(self, kind: str) -> list[str]:
        """The logical ids of the resources of one type whose condition holds."""
        return self._types.get(kind, [])

    def named(self, text: str | None, kind: str) -> str | None:
        """The logical id of the resource of a type that a resolved `Ref` (or an ARN) stands for."""
        if text is None:
            return None
        if kind not in self._references:
            self._references[kind] = self._named(kind)
        return self._references[kind].get(text)

    def _named(self, kind: str) -> dict[str, str]:
        """The resources of a type by what `Ref` gives and by their ARN: the stand-ins that the local CDN uses too."""
        found: dict[str, str] = {}
        for name in self.of_type(kind):
            for raw in ({"Ref": name}, {"Fn::GetAtt": [name, "Arn"]}):
                text = self.evaluator.part(raw, ()).text
                if text:
                    found.setdefault(text, name)
        return found

    @cached_property
    def distributions(self) -> tuple[Distribution, ...]:
        return tuple(
            read_distribution(name, self.properties(name).at("DistributionConfig"), self)
            for name in self.of_type(_DISTRIBUTION)
        )

    @cached_property
    def behaviors(self) -> tuple[Behavior, ...]:
        return tuple(behavior for one in self.distributions for behavior in one.behaviors)

    @cached_property
    def edge_functions(self) -> tuple[EdgeFunction, ...]:
        """The functions of this template that its distributions run, in the template's order."""
        uses: dict[str, list[tuple[Behavior, Association]]] = {}
        for behavior in self.behaviors:
            for association in behavior.associations:
                function = self.function_of(association)
                if function is not None:
                    uses.setdefault(function, []).append((behavior, association))
        return tuple(
            self._edge_function(name, uses[name]) for name in self.of_type(_FUNCTION) if name in uses
        )

    def functions_at(self, behavior: Behavior, trigger: str) -> list[EdgeFunction]:
        """The functions of this template that a behavior runs at a trigger."""
        return self._functions_at.get((behavior, trigger), [])

    @cached_property
    def _functions_at(self) -> dict[tuple[Behavior, str | None], list[EdgeFunction]]:
        found: dict[tuple[Behavior, str | None], list[EdgeFunction]] = {}
        for function in self.edge_functions:
            for behavior, trigger in {(behavior, one.trigger) for behavior, one in function.uses}:
                found.setdefault((behavior, trigger), []).append(function)
        return found

    def code_triggers(self, function: EdgeFunction) -> frozenset[str]:
        """The triggers that a function's code serves, also as another function: it tells them apart by itself."""
        return self._code_triggers[_code_of(function)]

    @cached_property
    def _code_triggers(self) -> dict[tuple[str, str], frozenset[str]]:
        found: dict[tuple[str, str], frozenset[str]] = {}
        for function in self.edge_functions:
            code = _code_of(function)
            found[code] = found.get(code, frozenset()) | function.triggers
        return found

    @cached_property
    def _versions(self) -> dict[str | None, list[Part]]:
        """The properties of all versions by the function they are of."""
        versions: dict[str | None, list[Part]] = {}
        for name in self.of_type(_VERSION):
            properties = self.properties(name)
            function = self.named(properties.at("FunctionName").text, _FUNCTION)
            versions.setdefault(function, []).append(properties)
        return versions

    def _edge_function(self, name: str, uses: list[tuple[Behavior, Association]]) -> EdgeFunction:
        properties = self.properties(name)
        code = properties.at("Code").plain()
        tree = code_tree(code, self.template.folder)
        return EdgeFunction(
            name, properties, tuple(uses), tuple(self._versions.get(name, ())), tree, repr(code)
        )

    @cached_property
    def _function_urls(self) -> dict[str, Part]:
        """The properties of the function URLs by their domain."""
        found = {}
        for name in self.of_type("AWS::Lambda::Url"):
            text = self.evaluator.part({"Fn::GetAtt": [name, "FunctionUrl"]}, ()).text
            if text:
                found[text.removeprefix("https://").removesuffix("/")] = self.properties(name)
        return found

    def function_url(self, domain: str | None) -> Part | None:
        """The properties of the template's function URL that has a domain."""
        return self._function_urls.get(domain or "")

    def function_of_url(self, url: Part) -> str | None:
        """The function of this template that a function URL runs."""
        return self.function_by_arn(url.at("TargetFunctionArn").text)

    def function_by_arn(self, text: str | None) -> str | None:
        """The function of this template that a name or an ARN means, whatever version the ARN ends with."""
        return self.named(text, _FUNCTION) or self.named(":".join((text or "").split(":")[:7]), _FUNCTION)

    @cached_property
    def functions_behind_origins(self) -> list[tuple[Part, str | None]]:
        """The properties of the function URLs that are origins, and the function of this template that each runs."""
        domains = dict.fromkeys(origin.domain for one in self.distributions for origin in one.origins)
        urls = [url for domain in domains if (url := self.function_url(domain)) is not None]
        return [(url, self.function_of_url(url)) for url in urls]

    def function_of(self, association: Association) -> str | None:
        """The function an association names, by whatever it names it: a version, an alias, the function."""
        if association.arn is None:
            return self.named(association.text, _FUNCTION) or self._function_of_alias(association)
        return self.named(association.arn.name, _FUNCTION)

    def is_alias(self, association: Association) -> bool:
        return self.named(association.text, _ALIAS) is not None

    def _function_of_alias(self, association: Association) -> str | None:
        alias = self.named(association.text, _ALIAS)
        return alias and self.named(self.properties(alias).at("FunctionName").text, _FUNCTION)


def _code_of(function: EdgeFunction) -> tuple[str, str]:
    return function.code, function.handler
