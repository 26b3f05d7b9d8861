"""What the local AWS is to have, read from a site's own template with every expression evaluated.

The template is what would be deployed, so nothing is described twice: names, patterns, prefixes and definitions are
those of AWS. Types that are not made here (roles, alarms, the distribution itself) are left out: nobody asks for them
on this machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypedDict

from edgewise.cdn import Template

# In the order in which they are made: a rule needs its bus and its stream.
KINDS = (
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Events::EventBus",
    "AWS::StepFunctions::StateMachine",
    "AWS::Events::Rule",
)

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Resource(TypedDict):
    """One resource: its CloudFormation type, the name that it has here, its evaluated properties."""

    kind: str
    name: str
    properties: dict[str, Any]


def resources(template: Template) -> list[Resource]:
    """The resources to make, in order. Raises `TemplateError` for an expression that cannot be evaluated."""
    found: list[Resource] = []
    for kind in KINDS:
        for logical in template.of_type(kind):
            properties = template.resolver.resolve(
                template.resources[logical].get("Properties", {}), f"Resources.{logical}.Properties"
            )
            name = template.resolver.resolve({"Ref": logical}, f"Resources.{logical}")
            found.append({"kind": kind, "name": name, "properties": properties})
    return found


def definition(properties: Mapping[str, Any]) -> str:
    """A state machine's definition as text, with its substitutions in the place of `${Name}`."""
    given = properties.get("DefinitionString") or json.dumps(properties["Definition"])
    values = properties.get("DefinitionSubstitutions") or {}
    # The text is JSON: a value goes into one of its strings.
    return _PLACEHOLDER.sub(
        lambda match: json.dumps(str(values[match[1]]))[1:-1] if match[1] in values else match[0], given
    )
