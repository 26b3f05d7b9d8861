"""A mapping inside a template, read with checks: every mistake names the file, the key and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.errors import NotHereError, ShapeError


class Node:
    """One mapping of resolved properties, and where it stands (`key`, dotted).

    An empty value counts as absent, as CloudFormation takes it for most properties of a distribution.
    """

    def __init__(self, value: Any, file: Path, key: str) -> None:
        self.file = file
        self.key = key
        if not isinstance(value, Mapping):
            raise self._shape_error("it must be a mapping")
        self._value: Mapping[Any, Any] = value

    def error(self, message: str, name: str = "", hint: str | None = None) -> TemplateError:
        """An error about this mapping, or about one of its keys; to be raised by the caller."""
        return TemplateError(message, file=self.file, key=self._key_of(name), hint=hint)

    def not_here(self, message: str, name: str = "", hint: str | None = None) -> NotHereError:
        """The same, for what CloudFront may take and this machine cannot know or run."""
        return NotHereError(message, file=self.file, key=self._key_of(name), hint=hint)

    def _shape_error(self, message: str, name: str = "") -> ShapeError:
        return ShapeError(message, file=self.file, key=self._key_of(name))

    def _key_of(self, name: str) -> str:
        return f"{self.key}.{name}" if name else self.key

    def has(self, name: str) -> bool:
        return bool(self._value.get(name))

    def names_besides(self, known: set[str]) -> list[str]:
        """The keys that are not among the known ones."""
        return sorted(str(name) for name in self._value if name not in known)

    def value(self, name: str) -> Any:
        return self._value.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it is required."""
        value = self._value.get(name)
        if value in (None, ""):
            if default is None:
                raise self.error("it is missing", name)
            return default
        if isinstance(value, Mapping | list):
            raise self._shape_error("it must be a text", name)
        return str(value)

    def choice(self, name: str, allowed: Iterable[str], default: str | None = None) -> str:
        value = self.text(name, default)
        allowed = tuple(allowed)
        if value not in allowed:
            raise self.error(f"unknown value {value!r}", name, "one of: " + ", ".join(allowed))
        return value

    def integer(self, name: str, default: int) -> int:
        """A whole number; CloudFormation also takes it as a text."""
        value = self._value.get(name)
        if value is None:
            return default
        try:
            if isinstance(value, bool):
                raise ValueError
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise self.error(f"it must be a whole number, it is {value!r}", name) from None

    def flag(self, name: str) -> bool:
        return str(self._value.get(name, False)).lower() == "true"

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        items = self._list(name)
        if not all(isinstance(item, str) for item in items):
            raise self.error("it must be a list of texts", name)
        return tuple(items)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        try:
            return tuple(int(item) for item in self._list(name))
        except (TypeError, ValueError, OverflowError):
            raise self.error("it must be a list of whole numbers", name) from None

    def child(self, name: str) -> Node | None:
        """A mapping inside, None if it is absent (an empty one is there)."""
        value = self._value.get(name)
        return None if value is None else Node(value, self.file, f"{self.key}.{name}")

    def required(self, name: str) -> Node:
        child = self.child(name)
        if child is None:
            raise self.error("it is missing", name)
        return child

    def children(self, name: str) -> list[Node]:
        """A list of mappings."""
        return [Node(item, self.file, f"{self.key}.{name}[{i}]") for i, item in enumerate(self._list(name))]

    def _list(self, name: str) -> list[Any]:
        value = self._value.get(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise self._shape_error("it must be a list", name)
        return value
