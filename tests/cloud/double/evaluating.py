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
    "AWS::Region": "us-east-1",
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
                visit(other, (*above, name))
            ordered.append(name)

    for name in resources:
        visit(name, ())
    return ordered
