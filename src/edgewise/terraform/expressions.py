"""CloudFormation's expressions as Terraform's: `Ref`, `Fn::GetAtt`, `Fn::Sub` and the others of the reference.

Source: "Intrinsic function reference" in the CloudFormation user guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.scope import Scope
from edgewise.terraform.values import Call, Reference, Template, text_of

_HOLE: Final = re.compile(r"\$\{(!?)([^}]+)\}")


def expression(value: Any, scope: Scope) -> Any:
    """A value of a template, with every expression in it translated. Raises `UntranslatedError`."""
    match value:
        case str() if "{{resolve:" in value:
            raise UntranslatedError(f"no counterpart of a dynamic reference: {value}")
        case Mapping() if (name := function_name(value)) is not None:
            return _function(name, value[name], scope)
        case Mapping():
            return {key: expression(one, scope) for key, one in value.items()}
        case list():
            return [one for one in (expression(each, scope) for each in value) if one is not None]
        case _:
            return value


def function_name(value: Any) -> str | None:
    """The name of the expression that a value is."""
    if isinstance(value, Mapping) and len(value) == 1:
        (name,) = value
        if name in ("Ref", "Condition") or name.startswith("Fn::"):
            return str(name)
    return None


def json_expression(value: Any, scope: Scope) -> Any:
    """A value that AWS takes as the text of a JSON document: what `jsonencode` makes of it."""
    match value:
        case str() | {"Fn::Sub": str()}:
            text = value if isinstance(value, str) else value["Fn::Sub"]
            try:
                document = json.loads(text)
            except ValueError:
                return expression(value, scope)
            return Call(
                "jsonencode", (document if text is value else expression(_substituted(document), scope),)
            )
        case _:
            return Call("jsonencode", (expression(value, scope),))


def condition(value: Any, scope: Scope) -> bool | Reference:
    """A condition: known now, or an expression. Raises `UntranslatedError`."""
    match value:
        case {"Condition": str(name)}:
            return scope.conditions[name]
        case {"Fn::Equals": [left, right]}:
            return _equal(expression(left, scope), expression(right, scope), "==")
        case {"Fn::Not": [{"Fn::Equals": [left, right]}]}:
            same = _equal(expression(left, scope), expression(right, scope), "==")
            unlike = _equal(expression(left, scope), expression(right, scope), "!=")
            return not same if isinstance(same, bool) else unlike
        case {"Fn::Not": [one]}:
            result = condition(one, scope)
            return not result if isinstance(result, bool) else Reference(f"!({result.text})")
        case {"Fn::And": list(parts)}:
            return _joined([condition(one, scope) for one in parts], decides=False, sign=" && ")
        case {"Fn::Or": list(parts)}:
            return _joined([condition(one, scope) for one in parts], decides=True, sign=" || ")
        case _:
            raise UntranslatedError(f"no counterpart of the condition {json.dumps(value)}")


def _function(name: str, argument: Any, scope: Scope) -> Any:
    match name, argument:
        case "Ref", str():
            return scope.ref(argument)
        case "Fn::GetAtt", [str(resource), str(attribute)]:
            return scope.attribute(resource, attribute)
        case "Fn::GetAtt", str():
            resource, _, attribute = argument.partition(".")
            return scope.attribute(resource, attribute)
        case "Fn::Sub", str():
            return _sub(argument, {}, scope)
        case "Fn::Sub", [str(text), dict(names)]:
            return _sub(text, names, scope)
        case "Fn::If", [str(test), then, otherwise]:
            return _if(scope.conditions[test], then, otherwise, scope)
        case _:
            return _call(name, expression(argument, scope), scope)


def _call(name: str, argument: Any, scope: Scope) -> Any:
    match name, argument:
        case "Fn::Select", [int() | str() as index, values]:
            return Reference(f"{text_of(values)}[{int(index)}]")
        case "Fn::Split", [separator, text]:
            return Call("split", (separator, text))
        case "Fn::Join", [separator, values]:
            return Call("join", (separator, values))
        case "Fn::Base64", text:
            return Call("base64encode", (text,))
        case "Fn::ToJsonString", document:
            return Call("jsonencode", (document,))
        case _:
            raise UntranslatedError(f"no counterpart of the expression {name}")


def _sub(text: str, names: Mapping[str, Any], scope: Scope) -> Any:
    parts = [one for one in _sub_parts(text, names, scope) if one != ""]
    if all(isinstance(one, str) for one in parts):
        return "".join(str(one) for one in parts)
    if len(parts) == 1:
        return parts[0]
    return Template(tuple(_merged(parts)))


def _sub_parts(text: str, names: Mapping[str, Any], scope: Scope) -> Iterator[str | Reference]:
    last = 0
    for hole in _HOLE.finditer(text):
        yield text[last : hole.start()]
        last = hole.end()
        name = hole[2].strip()
        if hole[1]:
            yield f"${{{hole[2]}}}"
            continue
        resource, dot, attribute = name.partition(".")
        if name in names:
            value = expression(names[name], scope)
        else:
            value = scope.attribute(resource, attribute) if dot else scope.ref(name)
        yield from _pieces(value)
    yield text[last:]


def _pieces(value: Any) -> Iterator[str | Reference]:
    match value:
        case Template(parts):
            yield from parts
        case Reference() | str():
            yield value
        case _:
            yield Reference(text_of(value))


def _merged(parts: list[str | Reference]) -> Iterator[str | Reference]:
    """The parts, texts that follow each other as one."""
    held = ""
    for part in parts:
        if isinstance(part, str):
            held += part
            continue
        if held:
            yield held
        held = ""
        yield part
    if held:
        yield held


def _substituted(document: Any) -> Any:
    """A document of JSON, each text of which was part of one that is substituted."""
    match document:
        case str():
            return {"Fn::Sub": document}
        case dict():
            return {name: _substituted(one) for name, one in document.items()}
        case list():
            return [_substituted(one) for one in document]
        case _:
            return document


def _if(test: bool | Reference, then: Any, otherwise: Any, scope: Scope) -> Any:
    if isinstance(test, bool):
        return expression(then if test else otherwise, scope)
    return Reference(
        f"{test.text} ? {text_of(expression(then, scope))} : {text_of(expression(otherwise, scope))}"
    )


def _equal(left: Any, right: Any, sign: str) -> bool | Reference:
    if isinstance(left, str) and isinstance(right, str):
        return (left == right) is (sign == "==")
    # What stands for a value that another resource gives is never empty.
    for one, other in ((left, right), (right, left)):
        if other == "" and isinstance(one, Template | Reference) and not text_of(one).startswith("var."):
            return sign != "=="
    return Reference(f"{text_of(left)} {sign} {text_of(right)}")


def _joined(parts: list[bool | Reference], *, decides: bool, sign: str) -> bool | Reference:
    if decides in parts:
        return decides
    open_parts = [one for one in parts if isinstance(one, Reference)]
    if not open_parts:
        return not decides
    return Reference(sign.join(f"({one.text})" for one in open_parts))
