"""Values of a template: its references, and the order that they ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cloud.double.functions import ACCOUNT

_IN_TEXT = re.compile(r"\$\{([\w:.]+)\}")
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


def evaluated(value: Any, of: Callable[[str, str], str]) -> Any:
    """The value with every reference filled in; `of` gives a resource's attribute, its physical id for no name."""
    match value:
        case {"Ref": name}:
            return PSEUDO[name] if name in PSEUDO else of(name, "")
        case {"Fn::GetAtt": [name, attribute]}:
            return of(name, attribute)
        case {"Fn::Sub": str(text)}:
            return _IN_TEXT.sub(lambda found: _substituted(found[1], of), text)
        case {"Fn::Split": [separator, text]}:
            return evaluated(text, of).split(separator)
        case {"Fn::Select": [number, parts]}:
            chosen = evaluated(parts, of)
            return chosen[number] if len(chosen) > number else ""
        case {"Fn::Equals": [one, other]}:
            return evaluated(one, of) == evaluated(other, of)
        case {"Fn::Not": [condition]}:
            return not evaluated(condition, of)
        case dict():
            return {key: evaluated(one, of) for key, one in value.items()}
        case list():
            return [evaluated(one, of) for one in value]
        case _:
            return value


def _substituted(name: str, of: Callable[[str, str], str]) -> str:
    if name in PSEUDO:
        return PSEUDO[name]
    resource, _, attribute = name.partition(".")
    return of(resource, attribute)


def references(value: Any) -> Iterator[str]:
    """The names of what a value refers to."""
    found: list[str] = []

    def of(name: str, _: str) -> str:
        found.append(name)
        return ""

    evaluated(value, of)
    yield from found


def in_order(resources: dict[str, Any]) -> list[str]:
    """The names of the resources, each after those that it refers to."""
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"circular dependency: {above}"
        if name not in ordered:
            wanted = resources[name].get("DependsOn", [])
            needed = [
                *references(resources[name].get("Properties", {})),
                *([wanted] if isinstance(wanted, str) else wanted),
            ]
            for other in needed:
                if other in resources:
                    visit(other, (*above, name))
            ordered.append(name)

    for name in resources:
        visit(name, ())
    return ordered


def holding(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """The resources of a template whose conditions hold."""
    conditions = template.get("Conditions", {})
    return {
        name: one
        for name, one in template["Resources"].items()
        if "Condition" not in one
        or evaluated(conditions[one["Condition"]], lambda parameter, _: values[parameter])
    }


def told_apart(resources: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """The resources with the parameters filled in: those that differ are those that change."""
    return evaluated(resources, lambda name, attribute: values.get(name, f"${{{name}.{attribute}}}"))


def checked(template: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """The values of the template's parameters. Raises `ValueError` with the service's words."""
    parameters = template.get("Parameters", {})
    if unknown := [name for name in given if name not in parameters]:
        raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: given.get(name, one.get("Default")) for name, one in parameters.items()}
    if missing := [name for name, value in values.items() if value is None]:
        raise ValueError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        pattern = parameters[name].get("AllowedPattern", ".*")
        if not re.fullmatch(pattern, value):
            raise ValueError(f"Parameter '{name}' must match pattern {pattern}")
    return values
