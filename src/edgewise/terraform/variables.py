"""A template's parameters as variables, its conditions, its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.expressions import condition, expression
from edgewise.terraform.names import snake
from edgewise.terraform.scope import Scope
from edgewise.terraform.values import Call, Reference, text_of

_TYPES: Final = {
    "String": "string",
    "Number": "number",
    "CommaDelimitedList": "list(string)",
    "List<Number>": "list(number)",
}


def add_parameters(template: Mapping[str, Any], scope: Scope) -> None:
    """Let a template's parameters be variables, unless the scope has a value for them, and settle its conditions."""
    for name in template.get("Parameters", {}):
        scope.parameters.setdefault(name, Reference(f"var.{snake(name)}"))
    for name, body in template.get("Conditions", {}).items():
        scope.conditions[name] = condition(body, scope)


def variables(template: Mapping[str, Any], scope: Scope) -> Iterator[Block]:
    """The blocks of the parameters that became variables. Raises `UntranslatedError`."""
    for name, body in template.get("Parameters", {}).items():
        if scope.parameters[name] == Reference(f"var.{snake(name)}"):
            yield Block("variable", (snake(name),), list(_variable(name, body)))


def without_value(blocks: Iterable[Block]) -> list[str]:
    """The names of variables that somebody has to give a value."""
    return [block.labels[0] for block in blocks if "default" not in (one.name for one in block.body)]


def outputs(template: Mapping[str, Any], scope: Scope) -> Iterator[Block]:
    """The blocks of a template's outputs."""
    for name, body in template.get("Outputs", {}).items():
        value = expression(body["Value"], scope)
        if "Condition" in body:
            test = scope.conditions[body["Condition"]]
            if test is False:
                continue
            if isinstance(test, Reference):
                value = Reference(f"{test.text} ? {text_of(value)} : null")
        described = [Attribute("description", body["Description"])] if "Description" in body else []
        yield Block("output", (snake(name),), [*described, Attribute("value", value)])


def _variable(name: str, body: Mapping[str, Any]) -> Iterator[Attribute | Block]:
    if body["Type"] not in _TYPES:
        raise UntranslatedError(f"no counterpart of the type {body['Type']}", key=name)
    if "Description" in body:
        yield Attribute("description", body["Description"])
    yield Attribute("type", Reference(_TYPES[body["Type"]]))
    if "Default" in body:
        default = body["Default"]
        listed = _TYPES[body["Type"]].startswith("list")
        yield Attribute("default", default.split(",") if listed else default)
    if body.get("NoEcho"):
        yield Attribute("sensitive", True)
    yield from _validations(name, body)


def _validations(name: str, body: Mapping[str, Any]) -> Iterator[Block]:
    value = Reference(f"var.{snake(name)}")
    if "AllowedPattern" in body:
        # CloudFormation holds the whole of a value to its pattern.
        matches = Call("can", (Call("regex", (f"^(?:{body['AllowedPattern']})$", value)),))
        yield _validation(Reference(text_of(matches)), f"It has to match {body['AllowedPattern']}.")
    if "AllowedValues" in body:
        allowed = list(body["AllowedValues"])
        known = Call("contains", (allowed, value))
        yield _validation(known, f"It has to be one of {', '.join(map(str, allowed))}.")


def _validation(test: Any, message: str) -> Block:
    body = [Attribute("condition", test), Attribute("error_message", message)]
    return Block("validation", (), body)
