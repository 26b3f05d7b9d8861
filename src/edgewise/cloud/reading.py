"""Reads a template as CloudFormation gives it back: JSON as we deploy it, or YAML as stock AWS tools did.

Short tags become their long form; nothing is evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml


def template_of(body: str | Mapping[str, Any]) -> dict[str, Any]:
    """The template as plain values."""
    if isinstance(body, str):
        document: Any = yaml.load(body, _Loader)
    else:
        # boto3 reads JSON into ordered dictionaries.
        document = json.loads(json.dumps(body))
    return document if isinstance(document, dict) else {}


class _Loader(yaml.SafeLoader):
    """Dates stay text, as CloudFormation takes them."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = _value(loader, node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _value(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _short)
