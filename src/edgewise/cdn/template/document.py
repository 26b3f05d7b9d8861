"""Reads a CloudFormation template (YAML with its short tags, or JSON) and resolves its expressions.

Only what a distribution and its functions need is evaluated, and only when asked for. Whatever cannot be
known without AWS gets a stable stand-in (account 123456789012, `d111111abcdef8.cloudfront.net`), the ones the
AWS documentation uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from edgewise.cdn.distribution import Notice
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.intrinsics import Resolver
from edgewise.cdn.template.node import Node


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation writes it: `!Ref X` means `{"Ref": "X"}`, `!GetAtt A.B` means `Fn::GetAtt`."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)
# A template's dates (`Version: 2012-10-17`) are text, never dates.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Template:
    """A parsed template. `file` is where it was read from: relative `Code` paths start at its folder."""

    document: Mapping[str, Any]
    file: Path

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources that are written out; those that only a macro of CloudFormation makes are left out."""
        everything = self.document.get("Resources")
        if not isinstance(everything, Mapping) or not everything:
            raise TemplateError(
                "there are no Resources", file=self.file, hint="is this a CloudFormation template?"
            )
        resources = {name: body for name, body in everything.items() if not _is_macro(name)}
        broken = [
            name
            for name, body in resources.items()
            if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str)
        ]
        if broken:
            raise TemplateError("a resource needs a Type", file=self.file, key=f"Resources.{broken[0]}")
        return resources

    @cached_property
    def left_out(self) -> tuple[Notice, ...]:
        """What is left out of the resources: loops (`Fn::ForEach::…`) and included text (`Fn::Transform`)."""
        message = "not evaluated: the resources that it makes are not here"
        return tuple(
            Notice(f"Resources.{name}", message) for name in self.document["Resources"] if _is_macro(name)
        )

    @cached_property
    def resolver(self) -> Resolver:
        return Resolver(self.document, self.resources, str(self.file))

    def of_type(self, resource_type: str) -> list[str]:
        """The logical ids of the resources of one type whose condition holds, in the template's order."""
        return [
            name
            for name, body in self.resources.items()
            if body["Type"] == resource_type and self.resolver.exists(name)
        ]

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.file.parent

    def node(self, name: str) -> Node:
        """A resource's properties with every expression evaluated."""
        key = f"Resources.{name}.Properties"
        return Node(self.resolver.resolve(self.resources[name].get("Properties", {}), key), self.file, key)


def _is_macro(name: Any) -> bool:
    """Whether a key of `Resources` is no resource: logical ids are letters and digits."""
    return isinstance(name, str) and name.startswith("Fn::")


def load_template(file: Path) -> Template:
    """Read a template file.

    Raises `TemplateError` with the line when it is neither YAML nor JSON, or when it cannot be opened.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = "name a CloudFormation template, in YAML or JSON"
        raise TemplateError(f"cannot read the template: {reason}", file=file, hint=hint) from error
    return parse_template(text, file)


def parse_template(text: str, file: Path) -> Template:
    """Parse a template's text; `file` only says where it stands."""
    try:
        # JSON is YAML, but for tabs and for speed it is read by its own parser.
        if text.lstrip().startswith("{"):
            document = json.loads(text)
        else:
            # The loader derives from SafeLoader: it makes plain values only.
            document = yaml.load(text, Loader=_Loader)
    except json.JSONDecodeError as error:
        raise TemplateError(f"not valid JSON: {error.msg}", file=file, line=error.lineno) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise TemplateError(
            f"not valid YAML: {problem}", file=file, line=mark.line + 1 if mark else None
        ) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or thousands of brackets: Python's own limits.
        raise TemplateError(f"cannot be read: {error}", file=file) from None
    if not isinstance(document, dict):
        raise TemplateError("a template is a mapping at its top", file=file)
    return Template(document, file)
