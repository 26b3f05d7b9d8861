"""A part of a template, read without ever failing: what is not there or not known gives no finding.

The local CDN's `Node` stops at the first mistake, because it has to run the template. A check goes on: one
parameter without a default must not hide every other mistake, so each part is evaluated by itself, when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from edgewise.cdn import Template
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.errors import NotHereError
from edgewise.cdn.template.identities import ACCOUNT, REGION
from edgewise.cdn.template.intrinsics import PSEUDO_PARAMETERS, Resolver
from edgewise.cdn.template.lines import KeyPath

Path = KeyPath

# Deeper is no template that CloudFormation takes; a YAML anchor can lead to itself.
MAX_DEPTH = 60
# Values of one part. None that a rule asks for as a whole is as large; a few anchors can stand for millions.
_MAX_VALUES = 20_000

# What the region says nothing of.
_STAND_INS = frozenset({"AWS::AccountId", "AWS::StackId", "AWS::StackName"})


class _Unknown(Enum):
    UNKNOWN = "known only at deployment"


UNKNOWN: Final = _Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside a template and the path to it.

    `value` is evaluated as far as its own level: None if it is absent, `UNKNOWN` if only the deployment knows.
    """

    value: Any
    path: Path
    _raw: Any
    _evaluator: Evaluator

    def at(self, *steps: str) -> Part:
        """The part some keys further in; absent where a key is missing or there is no mapping."""
        part = self
        for step in steps:
            if part.value is not UNKNOWN:
                raw = part.value.get(step) if isinstance(part.value, Mapping) else None
                part = self._evaluator.part(raw, (*part.path, step))
        return part

    def items(self) -> list[Part]:
        """The members of a list, without those that are `AWS::NoValue`; empty if this is no list."""
        if not isinstance(self.value, list):
            return []
        parts = (self._evaluator.part(raw, (*self.path, index)) for index, raw in enumerate(self.value))
        return [part for part in parts if not part.is_no_value]

    @property
    def is_no_value(self) -> bool:
        """Whether CloudFormation takes it out of what it is in; a null stays."""
        return is_expression(self._raw) and self._raw.get("Ref") == "AWS::NoValue"

    @property
    def is_known(self) -> bool:
        return self.value is not UNKNOWN

    @property
    def is_guess(self) -> bool:
        """Whether the deployment may well say something else, though there is a value.

        Then it is made with a stand-in (the account, the stack's name, what another resource is called), or with a
        parameter that is empty here.
        """
        return self._evaluator.is_guess(self._raw)

    @property
    def is_set(self) -> bool:
        """Whether it is there, and is known to be. An empty value counts as absent."""
        return self.is_known and bool(self.value)

    @property
    def is_absent(self) -> bool:
        """Whether it is known not to be there."""
        return self.is_known and not self.is_set

    @property
    def text(self) -> str | None:
        """A text (a number counts), None if it is absent, unknown, or of another shape."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            return None
        return str(self.value) or None

    @property
    def number(self) -> int | None:
        """A whole number; CloudFormation also takes it as a text."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            return None
        try:
            return int(self.value)
        except (ValueError, OverflowError):
            return None

    @property
    def flag(self) -> bool:
        return str(self.value).lower() == "true"

    def texts(self) -> list[str]:
        """The texts of a list; a single text counts as a list of one."""
        if isinstance(self.value, str):
            return [self.value]
        return [item.text for item in self.items() if item.text is not None]

    def plain(self) -> Any:
        """The whole value, evaluated to its last leaf; `UNKNOWN` stands where a leaf is not known.

        It also stands for what is too deep, or too much.
        """
        return self._evaluator.plain(self, 0, iter(range(_MAX_VALUES)))


class Evaluator:
    """Evaluates expressions of one template one by one, so that an unknown one spoils nothing else.

    `region` is where the stack is to be deployed.
    """

    def __init__(self, template: Template, region: str = REGION) -> None:
        document = dict(template.document)
        document["Parameters"] = parameters = _parameters(document.get("Parameters"))
        pseudo = _pseudo_parameters(region)
        certain = {name: value for name, value in pseudo.items() if name not in _STAND_INS}
        filled = {
            name: _open(body) if body.get("Default") == "" else body for name, body in parameters.items()
        }

        def resolver(document: Mapping[str, Any], pseudo: Mapping[str, Any]) -> Resolver:
            return Resolver(document, template.resources, str(template.file), pseudo)

        # Everything has a value here, if need be one that stands in for it.
        self._resolver = resolver(document, pseudo)
        # No condition is decided by a stand-in. An empty parameter decides many.
        self._decider = resolver(document, certain)
        self._without_guesses = resolver({**document, "Parameters": filled}, certain)

    def part(self, raw: Any, path: Path) -> Part:
        """The part that a raw value is: a branch is chosen, an expression evaluated, a mapping left as it is."""
        while isinstance(raw, Mapping) and len(raw) == 1 and "Fn::If" in raw:
            chosen = self.branch(raw["Fn::If"])
            if chosen is None or len(path) > MAX_DEPTH:
                return Part(UNKNOWN, path, raw, self)
            raw, path = raw["Fn::If"][chosen], (*path, "Fn::If", chosen)
        value = self._evaluated(raw) if is_expression(raw) else raw
        if isinstance(value, str) and "{{resolve:" in value:
            value = UNKNOWN
        return Part(value, path, raw, self)

    def is_guess(self, raw: Any) -> bool:
        """Whether an expression has no value without stand-ins and empty parameters."""
        return is_expression(raw) and self._evaluated(raw, self._without_guesses) is UNKNOWN

    def mistake(self, expression: Any) -> TemplateError | None:
        """Why an expression can have no value at all; None if it has one, or may have one when it is deployed."""
        return _mistake(lambda: self._without_guesses.resolve(expression, ""))

    def condition_mistake(self, name: str) -> TemplateError | None:
        """Why a resource's condition can be neither true nor false; None if it is, or may be when it is deployed."""
        return _mistake(lambda: self._without_guesses.exists(name))

    def exists(self, name: str) -> bool:
        """Whether a resource's condition holds; one that cannot be known may hold."""
        try:
            return self._decider.exists(name)
        except TemplateError:
            return True

    def plain(self, part: Part, depth: int, left: Iterator[int]) -> Any:
        """A part's whole value; each value in it takes one of those that are `left`."""
        if depth > MAX_DEPTH or next(left, None) is None:
            return UNKNOWN
        if isinstance(part.value, Mapping):
            members = ((name, self.part(raw, (*part.path, str(name)))) for name, raw in part.value.items())
            return {name: self.plain(item, depth + 1, left) for name, item in members if not item.is_no_value}
        if isinstance(part.value, list):
            return [self.plain(item, depth + 1, left) for item in part.items()]
        return part.value

    def branch(self, arguments: Any) -> int | None:
        """1 or 2, the place of the value that `Fn::If` chooses; None if that is not known."""
        if not isinstance(arguments, list) or len(arguments) != 3:
            return None
        chosen = self._evaluated({"Fn::If": [arguments[0], "1", "2"]}, self._decider)
        return int(chosen) if chosen in ("1", "2") else None

    def _evaluated(self, expression: Any, resolver: Resolver | None = None) -> Any:
        try:
            value = (resolver or self._resolver).resolve(expression, "")
        except (TemplateError, RecursionError, OverflowError):
            return UNKNOWN
        return UNKNOWN if self._is_stand_in(expression, value) else value

    def _is_stand_in(self, expression: Mapping[str, Any], value: Any) -> bool:
        """Whether the resolver made up an attribute that it knows nothing of, such as a load balancer's name."""
        argument = expression.get("Fn::GetAtt")
        if isinstance(argument, list):
            argument = ".".join(map(str, argument))
        return argument is not None and value == f"local-{argument}"


def _mistake(evaluate: Callable[[], object]) -> TemplateError | None:
    """What an evaluation raises, unless only the deployment knows what it needs."""
    try:
        evaluate()
    except NotHereError:
        return None
    except TemplateError as error:
        return error
    return None


def is_expression(raw: Any) -> bool:
    """Whether a raw value is a call of one of CloudFormation's functions."""
    if not isinstance(raw, Mapping) or len(raw) != 1:
        return False
    name = next(iter(raw))
    return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))


def _pseudo_parameters(region: str) -> dict[str, Any]:
    """The pseudo parameters of a stack in a region."""
    stack = str(PSEUDO_PARAMETERS["AWS::StackId"]).replace(f":{REGION}:{ACCOUNT}:", f":{region}:{ACCOUNT}:")
    return {**PSEUDO_PARAMETERS, "AWS::Region": region, "AWS::StackId": stack}


def _parameters(raw: Any) -> dict[str, Any]:
    """The parameters; the Default of one that Systems Manager keeps is a name there, not the value."""
    if not isinstance(raw, Mapping):
        return {}
    return {
        name: _open(body) if str(body.get("Type", "")).startswith("AWS::SSM::") else body
        for name, body in raw.items()
        if isinstance(body, Mapping)
    }


def _open(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter whose value only the deployment knows."""
    return {name: value for name, value in parameter.items() if name != "Default"}
