"""What the rules look at: a template's distributions and the functions that they run, in CloudFront's terms.

Nothing here judges. What cannot be known before the deployment is None, and rules pass over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from edgewise.cdn import Template
from edgewise.check.distribution import Association, Behavior, Distribution, read_distribution
from edgewise.check.part import Evaluator, Part
from edgewise.check.source import CodeTree, Module, code_tree, handler_modules

_DISTRIBUTION = "AWS::CloudFront::Distribution"
_FUNCTION = "AWS::Lambda::Function"
_VERSION = "AWS::Lambda::Version"
_ALIAS = "AWS::Lambda::Alias"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the template itself does not say.

    `region` is where the stack is to be deployed. `resolves` asks the DNS whether a name exists; without it no
    name is asked for.
    """

    region: str = "us-east-1"
    resolves: Callable[[str], bool] | None = None


@dataclass(frozen=True)
class EdgeFunction:
    """A function of the template that some behavior runs, and the associations that run it."""

    name: str
    properties: Part
    uses: tuple[tuple[Behavior, Association], ...]
    versions: tuple[Part, ...]
    tree: CodeTree | None

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
        self._template = template
        self._evaluator = Evaluator(template)
        self._ids: dict[str, tuple[str, ...]] = {}

    def properties(self, name: str) -> Part:
        """The properties of a resource."""
        raw = self._template.resources[name].get("Properties")
        return self._evaluator.part(raw, ("Resources", name, "Properties"))

    def of_type(self, kind: str) -> list[str]:
        """The logical ids of the resources of one type whose condition holds."""
        return [
            name
            for name, body in self._template.resources.items()
            if body["Type"] == kind and self._evaluator.exists(name)
        ]

    def named(self, text: str | None, kind: str) -> str | None:
        """The logical id of the resource of a type that a resolved `Ref` (or an ARN, by name) stands for."""
        if text is None:
            return None
        return next((name for name in self.of_type(kind) if text in self._references(name)), None)

    def _references(self, name: str) -> tuple[str, ...]:
        """What `Ref` gives for a resource, and its ARN: the stand-ins that the local CDN uses too."""
        if name not in self._ids:
            asked = ({"Ref": name}, {"Fn::GetAtt": [name, "Arn"]})
            self._ids[name] = tuple(str(self._evaluator.part(raw, ()).value) for raw in asked)
        return self._ids[name]

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
        return [
            function
            for function in self.edge_functions
            if any(used is behavior and one.trigger == trigger for used, one in function.uses)
        ]

    def _edge_function(self, name: str, uses: list[tuple[Behavior, Association]]) -> EdgeFunction:
        properties = self.properties(name)
        versions = [
            self.properties(version)
            for version in self.of_type(_VERSION)
            if self.named(self.properties(version).at("FunctionName").text, _FUNCTION) == name
        ]
        tree = code_tree(properties.at("Code").plain(), self._template.folder)
        return EdgeFunction(name, properties, tuple(uses), tuple(versions), tree)

    def function_of(self, association: Association) -> str | None:
        """The function an association names, by whatever it names it: a version, an alias, the function."""
        if association.arn is None:
            return self.named(association.text, _FUNCTION) or self._function_of_alias(association)
        return next(
            (name for name in self.of_type(_FUNCTION) if self._references(name)[0] == association.arn.name),
            None,
        )

    def is_alias(self, association: Association) -> bool:
        return self.named(association.text, _ALIAS) is not None

    def _function_of_alias(self, association: Association) -> str | None:
        alias = self.named(association.text, _ALIAS)
        return alias and self.named(self.properties(alias).at("FunctionName").text, _FUNCTION)
