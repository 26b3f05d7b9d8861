"""CloudFormation's intrinsic functions, evaluated without AWS.

Rules: the CloudFormation user guide, "Intrinsic function reference". A function that needs an account or
another stack (`Fn::ImportValue`, dynamic references) is an error that names it.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.errors import NotHereError
from edgewise.cdn.template.identities import ACCOUNT, ATTRIBUTES, DISTRIBUTION_ID, NAMES, REFERENCES, REGION

PSEUDO_PARAMETERS: dict[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/00000000-0000-0000-0000-000000000000",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}

# More values than any template has that CloudFormation takes (1 MB): YAML's anchors can stand for endlessly many.
MAX_VALUES = 200_000
TOO_MANY_VALUES = f"there are more than {MAX_VALUES:,} values"
ANCHORS_HINT = "a few anchors that repeat each other make millions"

_NO_VALUE = object()
# What `Fn::Sub` fills in; with the exclamation mark it is left as it is.
VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


_Function = Callable[["Resolver", Any, str], Any]


class Resolver:
    """Evaluates expressions of one template. `resolve` may be called for any part, at any time.

    An expression that needs a pseudo parameter which is not among `pseudo_parameters` is an error; so is the name
    of a resource that has none of its own if the stack's name is not among them.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        resources: Mapping[str, Mapping[str, Any]],
        file: str,
        pseudo_parameters: Mapping[str, Any] = PSEUDO_PARAMETERS,
    ) -> None:
        self._document = document
        self._resources = resources
        self._file = file
        self._pseudo_parameters = pseudo_parameters
        self._resolving: list[str] = []
        self._left = MAX_VALUES

    def resolve(self, value: Any, path: str) -> Any:
        """The value of an expression; `path` (dotted) is where it stands, for messages."""
        self._left = MAX_VALUES
        try:
            result = self._value(value, path)
        except RecursionError:
            raise self._fail("the values are too deep, or lead back to themselves", path) from None
        return None if result is _NO_VALUE else result

    def exists(self, resource: str) -> bool:
        """Whether a resource's `Condition` holds (true without one)."""
        self._left = MAX_VALUES
        condition = self._resources[resource].get("Condition")
        path = f"Resources.{resource}.Condition"
        try:
            return condition is None or self._condition(condition, path)
        except RecursionError:
            raise self._fail("the condition leads back to itself", path) from None

    def _fail(self, message: str, path: str, hint: str | None = None) -> TemplateError:
        return TemplateError(message, file=self._file, key=path, hint=hint)

    def _not_here(self, message: str, path: str, hint: str | None = None) -> TemplateError:
        return NotHereError(message, file=self._file, key=path, hint=hint)

    def _spend(self, path: str) -> None:
        """Count one value."""
        self._left -= 1
        if self._left < 0:
            raise self._fail(TOO_MANY_VALUES, path, ANCHORS_HINT)

    def _value(self, value: Any, path: str) -> Any:
        self._spend(path)
        if isinstance(value, Mapping):
            if len(value) == 1:
                name = next(iter(value))
                function = _FUNCTIONS.get(name)
                if function is not None:
                    return self._call(function, name, value[name], path)
                if isinstance(name, str) and name.startswith("Fn::"):
                    raise self._not_here(
                        f"{name} cannot be evaluated on this machine", path, "write its value out"
                    )
            pairs = ((key, self._value(item, f"{path}.{key}")) for key, item in value.items())
            return {key: item for key, item in pairs if item is not _NO_VALUE}
        if isinstance(value, list):
            items = (self._value(item, f"{path}[{index}]") for index, item in enumerate(value))
            return [item for item in items if item is not _NO_VALUE]
        return value

    def _call(self, function: _Function, name: str, argument: Any, path: str) -> Any:
        try:
            return function(self, argument, path)
        except (TypeError, ValueError, LookupError, AttributeError):
            # The arguments have another shape than the function takes; which one is in its own reference page.
            raise self._fail(f"{name} cannot take {reprlib.repr(argument)}", path) from None

    def _ref(self, name: Any, path: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in PSEUDO_PARAMETERS:
            return self._pseudo(name, path)
        parameters = self._document.get("Parameters") or {}
        if name in parameters:
            if "Default" not in parameters[name]:
                raise self._not_here(
                    f"the parameter {name} has no Default", path, "give it one: nobody can be asked here"
                )
            default = parameters[name]["Default"]
            is_list = str(parameters[name].get("Type", "")).startswith(("List<", "CommaDelimitedList"))
            return [part.strip() for part in str(default).split(",")] if is_list else default
        if name in self._resources:
            return self._identity(name, path)
        raise self._fail(f"Ref to {name!r}, which is neither a parameter nor a resource", path)

    def _pseudo(self, name: str, path: str) -> Any:
        if name not in self._pseudo_parameters:
            raise self._not_here(f"{name} is known only at deployment", path)
        return self._pseudo_parameters[name]

    def _identity(self, name: str, path: str) -> str:
        """What `Ref` gives for a resource: the physical id it would have."""
        kind = self._resources[name]["Type"]
        if kind == "AWS::Lambda::Version":
            return str(self._attribute(name, "FunctionArn", path))
        if kind == "AWS::CloudFront::Distribution":
            return DISTRIBUTION_ID
        called = self._called(name, path)
        if kind not in REFERENCES:
            return called
        region, account = (self._pseudo(f"AWS::{what}", path) for what in ("Region", "AccountId"))
        return REFERENCES[kind](called, region, account)

    def _called(self, name: str, path: str) -> str:
        """The name that a resource is given, or the one that CloudFormation would make for it."""
        resource = self._resources[name]
        kind = resource["Type"]
        given: Any = resource.get("Properties") or {}
        for step in NAMES[kind].split(".") if kind in NAMES else [""]:
            given = given.get(step) if isinstance(given, Mapping) else None
        if given is not None:
            return str(self._guarded(name, given, path))
        made = f"{self._pseudo('AWS::StackName', path)}-{name}"
        return made.lower() if kind == "AWS::S3::Bucket" else made

    def _guarded(self, name: str, value: Any, path: str) -> Any:
        """Evaluate a property that another one leads to; a circle is an error, not an endless walk."""
        if name in self._resolving:
            raise self._fail(f"circular reference: {' -> '.join([*self._resolving, name])}", path)
        self._resolving.append(name)
        try:
            return self._value(value, f"Resources.{name}")
        finally:
            self._resolving.pop()

    def _get_att(self, argument: Any, path: str) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2:
            raise self._fail("Fn::GetAtt takes a resource and an attribute", path)
        name, attribute = parts
        if name not in self._resources:
            raise self._fail(f"Fn::GetAtt of {name!r}, which is not a resource", path)
        return self._attribute(name, str(self._value(attribute, path)), path)

    def _attribute(self, name: str, attribute: str, path: str) -> Any:
        resource = self._resources[name]
        kind = resource["Type"]
        is_version = kind == "AWS::Lambda::Version"
        target = (resource.get("Properties") or {}).get("FunctionName") if is_version else ""
        # First, so that a version that leads back to itself is always seen.
        function = str(self._guarded(name, target, path)).rsplit(":", 1)[-1]
        region, account, stack = (
            self._pseudo(f"AWS::{what}", path) for what in ("Region", "AccountId", "StackName")
        )
        if is_version:
            arn = f"arn:aws:lambda:{region}:{account}:function:{function}:1"
            known = {"FunctionArn": arn, "Version": "1"}
        else:
            # Most resources have these two; nothing here depends on what they say.
            known = {"Id": f"{stack}-{name}", "Arn": f"arn:aws:local:{region}:{account}:{name}"}
            if kind in ATTRIBUTES:
                known |= ATTRIBUTES[kind](self._called(name, path), region, account)
        # Whatever else a resource has is a stand-in: most such parts are not simulated, and the notice says so.
        return known.get(attribute, f"{stack}-{name}.{attribute}")

    def _sub(self, argument: Any, path: str) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in variables:
                return str(self._value(variables[name], path))
            return str(self._get_att(name, path) if "." in name else self._ref(name, path))

        return VARIABLE.sub(replace, text)

    def _join(self, argument: Any, path: str) -> str:
        delimiter, parts = argument
        return str(delimiter).join(str(part) for part in self._value(parts, path))

    def _select(self, argument: Any, path: str) -> Any:
        index, items = self._value(argument, path)
        try:
            return items[int(index)]
        except (IndexError, ValueError, TypeError, OverflowError):
            raise self._fail(f"Fn::Select has no item {index!r}", path) from None

    def _split(self, argument: Any, path: str) -> list[str]:
        delimiter, text = self._value(argument, path)
        return str(text).split(str(delimiter))

    def _find_in_map(self, argument: Any, path: str) -> Any:
        name, first, second = self._value(argument, path)
        try:
            return self._document["Mappings"][name][first][second]
        except (KeyError, TypeError):
            raise self._fail(f"the mapping {name}.{first}.{second} does not exist", path) from None

    def _if(self, argument: Any, path: str) -> Any:
        condition, when_true, when_false = argument
        return self._value(when_true if self._condition(condition, path) else when_false, path)

    def _condition(self, name: Any, path: str) -> bool:
        conditions = self._document.get("Conditions")
        # YAML reads a condition that is called Yes or No as true or false, where it is defined and here.
        if isinstance(name, Mapping | list):
            hint = "write it under Conditions, and its name here"
            raise self._fail(f"a condition's name belongs here, not {reprlib.repr(name)}", path, hint)
        if not isinstance(conditions, Mapping) or name not in conditions:
            raise self._fail(f"the condition {name!r} is not defined", path)
        if f"Conditions.{name}" in self._resolving:
            raise self._fail(f"the condition {name!r} depends on itself", path)
        self._resolving.append(f"Conditions.{name}")
        try:
            return self._holds(conditions[name], f"Conditions.{name}")
        finally:
            self._resolving.pop()

    def _holds(self, expression: Any, path: str) -> bool:
        self._spend(path)
        if not isinstance(expression, Mapping) or len(expression) != 1:
            raise self._fail("a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition", path)
        name, argument = next(iter(expression.items()))
        function = _CONDITIONS.get(name)
        if function is None:
            raise self._fail(f"{name} is not a condition", path)
        return bool(self._call(function, name, argument, path))

    def _each(self, argument: Any, path: str) -> Iterator[bool]:
        """Whether each of several conditions holds; `Fn::And` and `Fn::Or` take two to ten."""
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise ValueError
        return (self._holds(item, path) for item in argument)

    def _equals(self, argument: Any, path: str) -> bool:
        first, second = (self._value(item, path) for item in argument)
        return str(first) == str(second)


_FUNCTIONS: dict[str, _Function] = {
    "Ref": Resolver._ref,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::Join": Resolver._join,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
}

_CONDITIONS: dict[str, _Function] = {
    "Condition": Resolver._condition,
    "Fn::And": lambda resolver, argument, path: all(resolver._each(argument, path)),
    "Fn::Equals": Resolver._equals,
    "Fn::Not": lambda resolver, argument, path: not resolver._holds(argument[0], path),
    "Fn::Or": lambda resolver, argument, path: any(resolver._each(argument, path)),
}
