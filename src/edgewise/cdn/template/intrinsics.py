"""CloudFormation's intrinsic functions, evaluated without AWS.

Rules: the CloudFormation user guide, "Intrinsic function reference". A function that needs an account or
another stack (`Fn::ImportValue`, dynamic references) is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from edgewise.cdn.errors import TemplateError

ACCOUNT = "123456789012"
REGION = "us-east-1"
DISTRIBUTION_DOMAIN = "d111111abcdef8.cloudfront.net"
DISTRIBUTION_ID = "EDFDVBD6EXAMPLE"

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

_NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


_Function = Callable[["Resolver", Any, str], Any]


class Resolver:
    """Evaluates expressions of one template. `resolve` may be called for any part, at any time."""

    def __init__(
        self, document: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]], file: str
    ) -> None:
        self._document = document
        self._resources = resources
        self._file = file
        self._resolving: list[str] = []

    def resolve(self, value: Any, path: str) -> Any:
        """The value of an expression; `path` (dotted) is where it stands, for messages."""
        result = self._value(value, path)
        return None if result is _NO_VALUE else result

    def exists(self, resource: str) -> bool:
        """Whether a resource's `Condition` holds (true without one)."""
        condition = self._resources[resource].get("Condition")
        return condition is None or self._condition(condition, f"Resources.{resource}.Condition")

    def _fail(self, message: str, path: str, hint: str | None = None) -> TemplateError:
        return TemplateError(message, file=self._file, key=path, hint=hint)

    def _value(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            if len(value) == 1:
                name = next(iter(value))
                function = _FUNCTIONS.get(name)
                if function is not None:
                    return self._call(function, name, value[name], path)
                if isinstance(name, str) and name.startswith("Fn::"):
                    raise self._fail(
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
            raise self._fail(f"{name} cannot take {argument!r}", path) from None

    def _ref(self, name: Any, path: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        parameters = self._document.get("Parameters") or {}
        if name in parameters:
            if "Default" not in parameters[name]:
                raise self._fail(
                    f"the parameter {name} has no Default", path, "give it one: nobody can be asked here"
                )
            default = parameters[name]["Default"]
            is_list = str(parameters[name].get("Type", "")).startswith(("List<", "CommaDelimitedList"))
            return [part.strip() for part in str(default).split(",")] if is_list else default
        if name in self._resources:
            return self._identity(name, path)
        raise self._fail(f"Ref to {name!r}, which is neither a parameter nor a resource", path)

    def _identity(self, name: str, path: str) -> str:
        """What `Ref` gives for a resource: the physical id it would have."""
        resource = self._resources[name]
        kind = resource["Type"]
        if kind == "AWS::Lambda::Version":
            return str(self._attribute(name, "FunctionArn", path))
        if kind == "AWS::CloudFront::Distribution":
            return DISTRIBUTION_ID
        named = {
            "AWS::Lambda::Function": "FunctionName",
            "AWS::S3::Bucket": "BucketName",
            "AWS::IAM::Role": "RoleName",
        }
        properties = resource.get("Properties") or {}
        if kind in named and named[kind] in properties:
            return str(self._guarded(name, properties[named[kind]], path))
        return f"local-{name.lower()}" if kind == "AWS::S3::Bucket" else f"local-{name}"

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
        if kind == "AWS::Lambda::Version":
            target = (resource.get("Properties") or {}).get("FunctionName")
            function = str(self._guarded(name, target, path)).rsplit(":", 1)[-1]
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:1"
            known = {"FunctionArn": arn, "Version": "1"}
        else:
            # Most resources have these two; nothing here depends on what they say.
            known = {"Id": f"local-{name}", "Arn": f"arn:aws:local:{REGION}:{ACCOUNT}:{name}"}
            if kind in _ATTRIBUTES:
                known |= _ATTRIBUTES[kind](self._identity(name, path))
        # Whatever else a resource has is a stand-in: most such parts are not simulated, and the notice says so.
        return known.get(attribute, f"local-{name}.{attribute}")

    def _sub(self, argument: Any, path: str) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in variables:
                return str(self._value(variables[name], path))
            return str(self._get_att(name, path) if "." in name else self._ref(name, path))

        return _VARIABLE.sub(replace, text)

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
        conditions = self._document.get("Conditions") or {}
        if name not in conditions:
            raise self._fail(f"the condition {name!r} is not defined", path)
        if f"Conditions.{name}" in self._resolving:
            raise self._fail(f"the condition {name!r} depends on itself", path)
        self._resolving.append(f"Conditions.{name}")
        try:
            return self._holds(conditions[name], f"Conditions.{name}")
        finally:
            self._resolving.pop()

    def _holds(self, expression: Any, path: str) -> bool:
        if not isinstance(expression, Mapping) or len(expression) != 1:
            raise self._fail("a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition", path)
        name, argument = next(iter(expression.items()))
        match name:
            case "Condition":
                return self._condition(argument, path)
            case "Fn::Equals":
                first, second = (self._value(item, path) for item in argument)
                return str(first) == str(second)
            case "Fn::Not":
                return not self._holds(argument[0], path)
            case "Fn::And":
                return all(self._holds(item, path) for item in argument)
            case "Fn::Or":
                return any(self._holds(item, path) for item in argument)
        raise self._fail(f"{name} is not a condition", path)


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

# What `Fn::GetAtt` gives, by resource type, from the physical id.
_ATTRIBUTES: dict[str, Callable[[str], dict[str, str]]] = {
    "AWS::CloudFront::Distribution": lambda _: {"DomainName": DISTRIBUTION_DOMAIN, "Id": DISTRIBUTION_ID},
    "AWS::IAM::Role": lambda name: {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"},
    "AWS::Lambda::Function": lambda name: {"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"},
    "AWS::Lambda::Url": lambda name: {"FunctionUrl": f"https://{name.lower()}.lambda-url.{REGION}.on.aws/"},
    "AWS::S3::Bucket": lambda name: {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{REGION}.amazonaws.com",
    },
}
