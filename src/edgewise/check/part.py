"""A part of a template, read without ever failing: what is not there or not known gives no finding.

The local CDN's `Node` stops at the first mistake, because it has to run the template. A check goes on: one
parameter without a default must not hide every other mistake, so each part is evaluated by itself, when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from edgewise.cdn import Template
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.intrinsics import Resolver

Path = tuple[str | int, ...]

# Deeper is no template that CloudFormation takes; a YAML anchor can lead to itself.
_MAX_DEPTH = 60


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
        return [part for part in parts if part.value is not None]

    @property
    def is_known(self) -> bool:
        return self.value is not UNKNOWN

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
        """The whole value, evaluated to its last leaf; `UNKNOWN` stands where a leaf is."""
        return self._evaluator.plain(self, 0)


class Evaluator:
    """Evaluates expressions of one template one by one, so that an unknown one spoils nothing else."""

    def __init__(self, template: Template) -> None:
        document = dict(template.document)
        document["Parameters"] = _parameters(document.get("Parameters"))
        self._resolver = Resolver(document, template.resources, str(template.file))

    def part(self, raw: Any, path: Path) -> Part:
        """The part that a raw value is: a branch is chosen, an expression evaluated, a mapping left as it is."""
        while isinstance(raw, Mapping) and len(raw) == 1 and "Fn::If" in raw:
            chosen = self._branch(raw["Fn::If"])
            if chosen is None or len(path) > _MAX_DEPTH:
                return Part(UNKNOWN, path, self)
            raw, path = raw["Fn::If"][chosen], (*path, "Fn::If", chosen)
        value = self._evaluated(raw) if _is_expression(raw) else raw
        if isinstance(value, str) and "{{resolve:" in value:
            value = UNKNOWN
        return Part(value, path, self)

    def exists(self, name: str) -> bool:
        """Whether a resource's condition holds; one that cannot be known may hold."""
        try:
            return self._resolver.exists(name)
        except (TemplateError, TypeError, RecursionError):
            return True

    def plain(self, part: Part, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return UNKNOWN
        if isinstance(part.value, Mapping):
            return {name: value for name, value in self._members(part, depth) if value is not None}
        if isinstance(part.value, list):
            return [self.plain(item, depth + 1) for item in part.items()]
        return part.value

    def _members(self, part: Part, depth: int) -> Iterator[tuple[Any, Any]]:
        for name, raw in part.value.items():
            yield name, self.plain(self.part(raw, (*part.path, str(name))), depth + 1)

    def _branch(self, arguments: Any) -> int | None:
        """1 or 2, the place of the value that `Fn::If` chooses; None if that is not known."""
        if not isinstance(arguments, list) or len(arguments) != 3:
            return None
        chosen = self._evaluated({"Fn::If": [arguments[0], "1", "2"]})
        return int(chosen) if chosen in ("1", "2") else None

    def _evaluated(self, expression: Any) -> Any:
        try:
            value = self._resolver.resolve(expression, "")
        except (TemplateError, RecursionError, OverflowError):
            return UNKNOWN
        return UNKNOWN if self._is_stand_in(expression, value) else value

    def _is_stand_in(self, expression: Mapping[str, Any], value: Any) -> bool:
        """Whether the resolver made up an attribute that it knows nothing of, such as a load balancer's name."""
        argument = expression.get("Fn::GetAtt")
        if isinstance(argument, list):
            argument = ".".join(map(str, argument))
        return argument is not None and value == f"local-{argument}"


def _is_expression(raw: Any) -> bool:
    if not isinstance(raw, Mapping) or len(raw) != 1:
        return False
    name = next(iter(raw))
    return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))


def _parameters(raw: Any) -> Mapping[str, Any]:
    """The parameters; the Default of one that Systems Manager keeps is a name there, not the value."""
    if not isinstance(raw, Mapping):
        return {}
    return {
        name: body
        for name, body in raw.items()
        if isinstance(body, Mapping) and not str(body.get("Type", "")).startswith("AWS::SSM::")
    }
