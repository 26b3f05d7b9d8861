"""Expressions that can have no value: a `Ref` to nothing, a mapping without the key, a circle.

Each is told of by itself and at its own place, the innermost first; what only the deployment knows is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.intrinsics import MAX_VALUES, VARIABLE
from edgewise.check.part import MAX_DEPTH, Evaluator, Path, is_expression

_NAMES = ("Ref", "Fn::GetAtt")

Mistake = tuple[Path, TemplateError]


class Expressions:
    """Looks values of one template over; those beyond `MAX_VALUES` together are not looked at."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._left = MAX_VALUES

    @property
    def is_too_much(self) -> bool:
        """Whether the limit was reached."""
        return self._left < 0

    def mistakes(self, raw: Any, path: Path) -> Iterator[Mistake]:
        """The expressions inside a raw value that can have no value."""
        self._left -= 1
        if self._left < 0 or len(path) > MAX_DEPTH:
            return
        if is_expression(raw):
            yield from self._of_expression(raw, path)
        elif isinstance(raw, Mapping):
            for name, value in raw.items():
                yield from self.mistakes(value, (*path, str(name)))
        elif isinstance(raw, list):
            for index, value in enumerate(raw):
                yield from self.mistakes(value, (*path, index))

    def _of_expression(self, raw: Mapping[str, Any], path: Path) -> Iterator[Mistake]:
        name, argument = next(iter(raw.items()))
        if name == "Fn::If":
            yield from self._of_branches(argument, path)
            return
        inside = list(self._inside(name, argument, path))
        yield from inside
        # One mistake inside is why the whole has no value.
        mistake = None if inside or self.is_too_much else self._evaluator.mistake(raw)
        if mistake is not None:
            yield path, mistake

    def _inside(self, name: str, argument: Any, path: Path) -> Iterator[Mistake]:
        if name in _NAMES:
            return
        if name == "Fn::Sub":
            for reference in _references(argument):
                mistake = self._evaluator.mistake(reference)
                if mistake is not None:
                    yield path, mistake
        yield from self.mistakes(argument, (*path, name))

    def _of_branches(self, argument: Any, path: Path) -> Iterator[Mistake]:
        """The condition itself, and the branch that is taken; both where that is not known."""
        if not isinstance(argument, list) or len(argument) != 3:
            yield path, TemplateError("Fn::If takes a condition and two values")
            return
        mistake = self._evaluator.mistake({"Fn::If": [argument[0], "1", "2"]})
        if mistake is not None:
            yield path, mistake
            return
        taken = self._evaluator.branch(argument)
        for branch in (1, 2) if taken is None else (taken,):
            yield from self.mistakes(argument[branch], (*path, "Fn::If", branch))


def _references(argument: Any) -> Iterator[dict[str, str]]:
    """What the variables of `Fn::Sub` stand for, without those that it defines."""
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, Mapping):
        return
    for literal, name in VARIABLE.findall(text):
        if not literal and name not in given:
            yield {"Fn::GetAtt": name} if "." in name else {"Ref": name}
